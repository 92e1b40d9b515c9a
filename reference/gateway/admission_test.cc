#include "reference/gateway/admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "openshell/sandbox/v1/sandbox.pb.h"
#include "reference/gateway/test_records.h"

namespace sallyport::gateway {
namespace {

using openshell::sandbox::v1::SandboxPolicy;
using testing::HasSubstr;

SandboxPolicy sound_policy() {
  SandboxPolicy policy;
  policy.set_version(1);
  auto& rule = (*policy.mutable_network_policies())["web"];
  auto& endpoint = *rule.add_endpoints();
  endpoint.set_host("a.test");
  endpoint.set_port(443);
  rule.add_binaries()->set_path("/**");
  return policy;
}

SandboxPolicy guarded_policy(const std::string& by) {
  SandboxPolicy policy = sound_policy();
  auto& guard = (*policy.mutable_network_middlewares())["guard"];
  guard.set_middleware(by);
  guard.mutable_endpoints()->add_include("a.test");
  return policy;
}

// What it was asked, and what it answers.
struct Services {
  std::vector<std::string> asked;
  std::string answer;

  AskServices port() {
    return [this](const policy::Policy&, const std::vector<Registration>& registrations) {
      for (const Registration& one : registrations) asked.push_back(one.name);
      return answer;
    };
  }
};

TEST(Admission, TakesASoundPolicyAndAsksNobody) {
  Services services;
  const auto record = admit(sound_policy(), {registration("acme/a")}, services.port());
  ASSERT_TRUE(record) << record.error().message;
  EXPECT_EQ(record->hash.size(), 64U);
  EXPECT_TRUE(services.asked.empty());
}

TEST(Admission, TellsAllComplaintsAtOnce) {
  SandboxPolicy policy = sound_policy();
  auto& rule = policy.mutable_network_policies()->at("web");
  rule.mutable_endpoints(0)->set_access("everything");
  rule.mutable_binaries(0)->set_path("curl");
  Services services;
  const auto record = admit(policy, {}, services.port());
  ASSERT_FALSE(record);
  EXPECT_EQ(record.error().code, rpc::Code::invalid_argument);
  EXPECT_THAT(record.error().message, HasSubstr("everything"));
  EXPECT_THAT(record.error().message, HasSubstr("not absolute"));
}

TEST(Admission, RefusesEndpointsThatContradictEachOther) {
  SandboxPolicy policy = sound_policy();
  auto& endpoint = *policy.mutable_network_policies()->at("web").add_endpoints();
  endpoint.set_host("a.test");
  endpoint.set_port(443);
  endpoint.set_tls("skip");
  Services services;
  const auto record = admit(policy, {}, services.port());
  ASSERT_FALSE(record);
  EXPECT_EQ(record.error().code, rpc::Code::failed_precondition);
  EXPECT_THAT(record.error().message, HasSubstr("network endpoint ambiguity validation failed:"));
  EXPECT_THAT(record.error().message, HasSubstr("tls=auto vs skip"));
}

TEST(Admission, RefusesMiddlewareThatNobodyRegistered) {
  Services services;
  const auto record = admit(guarded_policy("acme/a"), {}, services.port());
  ASSERT_FALSE(record);
  EXPECT_THAT(record.error().message, HasSubstr("middleware 'acme/a' is not registered"));
  EXPECT_TRUE(services.asked.empty());
}

TEST(Admission, AsksTheServicesThatThePolicyNamesAndNoOthers) {
  Services services;
  const std::vector<Registration> all = {registration("acme/a"), registration("acme/b")};
  const auto record = admit(guarded_policy("acme/b"), all, services.port());
  ASSERT_TRUE(record) << record.error().message;
  EXPECT_THAT(services.asked, testing::ElementsAre("acme/b"));
  EXPECT_THAT(record->implementations, testing::ElementsAre("acme/b"));
}

TEST(Admission, PassesOnWhyAServiceRefuses) {
  Services services;
  services.answer = "middleware config 'guard' is invalid: no terms";
  const auto record = admit(guarded_policy("acme/a"), {registration("acme/a")}, services.port());
  ASSERT_FALSE(record);
  EXPECT_EQ(record.error().code, rpc::Code::invalid_argument);
  EXPECT_THAT(record.error().message,
              HasSubstr("policy middleware validation failed: middleware config 'guard'"));
}

TEST(Admission, GivesOnePolicyOneHash) {
  EXPECT_EQ(record_of(sound_policy()).hash, record_of(sound_policy()).hash);
  EXPECT_NE(record_of(sound_policy()).hash, record_of(SandboxPolicy{}).hash);
}

TEST(Registrations, AreTakenWhenSound) {
  Registration one = registration("acme/guard-1.2_x");
  one.timeout = "30s";
  one.endpoint = "https://guard.test:443";
  one.ca_pem = "PEM";
  EXPECT_EQ(fault({one, registration("b")}), std::nullopt);
}

TEST(Registrations, AreRefusedForEachMistake) {
  const auto refused = [](auto change) {
    Registration one = registration("acme/a");
    change(one);
    return fault({one}).has_value();
  };
  EXPECT_TRUE(refused([](Registration& r) { r.name = ""; }));
  EXPECT_TRUE(refused([](Registration& r) { r.name = "a b"; }));
  EXPECT_TRUE(refused([](Registration& r) { r.name = std::string(129, 'n'); }));
  EXPECT_TRUE(refused([](Registration& r) { r.name = "openshell/secrets"; }));
  EXPECT_TRUE(refused([](Registration& r) { r.endpoint = "unix:///run/x"; }));
  for (const char* endpoint : {"http://", "http://guard.test", "https://guard.test:0",
                               "http://guard.test:9000/path", "http://a b:1"}) {
    EXPECT_TRUE(refused([&](Registration& r) { r.endpoint = endpoint; })) << endpoint;
  }
  EXPECT_TRUE(refused([](Registration& r) { r.payload_bytes_max = 0; }));
  EXPECT_TRUE(refused([](Registration& r) { r.payload_bytes_max = (4U << 20U) + 1; }));
  EXPECT_TRUE(refused([](Registration& r) { r.timeout = "9ms"; }));
  EXPECT_TRUE(refused([](Registration& r) { r.timeout = "31s"; }));
  EXPECT_TRUE(refused([](Registration& r) { r.timeout = "soon"; }));
  EXPECT_TRUE(refused([](Registration& r) { r.ca_pem = "PEM"; }));
  EXPECT_TRUE(fault({registration("a"), registration("a")}).has_value());
}

TEST(Admission, KeepsWhichProvidersCredentialsThePolicyBindsWhere) {
  SandboxPolicy policy = sound_policy();
  auto& endpoint = *policy.mutable_network_policies()->at("web").mutable_endpoints(0);
  endpoint.clear_port();
  for (const std::uint32_t port : {443U, 8443U}) endpoint.add_ports(port);
  endpoint.set_path("/x/**");
  endpoint.mutable_credential_binding()->set_provider("p");
  Services services;
  const auto record = admit(policy, {}, services.port());
  ASSERT_TRUE(record) << record.error().message;
  const std::vector<PolicyBinding> bound{{"p", {"a.test", 443, "/x/**"}},
                                         {"p", {"a.test", 8443, "/x/**"}}};
  EXPECT_EQ(record->bindings, bound);
  EXPECT_TRUE(record_of(sound_policy()).bindings.empty());
}

}  // namespace
}  // namespace sallyport::gateway
