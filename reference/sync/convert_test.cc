#include "reference/sync/convert.h"

#include <gtest/gtest.h>

#include "openshell/inference/v1/inference.pb.h"
#include "openshell/sandbox/v1/sandbox.pb.h"
#include "openshell/v1/openshell.pb.h"

namespace sallyport::sync {
namespace {

using openshell::inference::v1::GetInferenceBundleResponse;
using openshell::inference::v1::ResolvedRoute;
using openshell::sandbox::v1::GetSandboxConfigResponse;
using openshell::v1::GetSandboxProviderEnvironmentResponse;

ResolvedRoute sound_route() {
  ResolvedRoute route;
  route.set_name("inference.local");
  route.set_base_url("https://api.test/v1");
  route.set_api_key("the-key");
  route.set_model_id("m1");
  route.set_provider_type("anthropic");
  route.add_protocols("anthropic_messages");
  route.add_protocols("model_discovery");
  return route;
}

inference::Routes routes(const std::vector<ResolvedRoute>& all, std::vector<std::string>& wrong,
                         const inference::Routes* before = nullptr) {
  GetInferenceBundleResponse answer;
  for (const ResolvedRoute& route : all) *answer.add_routes() = route;
  return routes_of(answer, before, wrong);
}

TEST(RoutesOf, TakesAResolvedRouteWithItsTypesProfile) {
  ResolvedRoute answer = sound_route();
  answer.set_timeout_secs(7);
  std::vector<std::string> wrong;
  const inference::Routes all = routes({answer}, wrong);
  EXPECT_TRUE(wrong.empty());
  ASSERT_EQ(all.all().size(), 1U);
  const inference::Route& route = all.all()[0];
  EXPECT_TRUE(route.base.tls);
  EXPECT_EQ(route.base.path, "/v1");
  EXPECT_EQ(route.model_json, "\"m1\"");
  EXPECT_EQ(route.api_key.reveal(), "the-key");
  EXPECT_EQ(route.auth.name, "x-api-key");
  EXPECT_EQ(route.protocols.size(), 2U);
  EXPECT_EQ(route.timeout, std::chrono::seconds(7));
}

TEST(RoutesOf, LeavesTheTimeoutOpenWhenTheGatewayStatesNone) {
  std::vector<std::string> wrong;
  EXPECT_EQ(routes({sound_route()}, wrong).all()[0].timeout, std::nullopt);
}

TEST(RoutesOf, LeavesOutWhatIsForTheSandboxItself) {
  ResolvedRoute system = sound_route();
  system.set_name("sandbox-system");
  std::vector<std::string> wrong;
  EXPECT_TRUE(routes({system}, wrong).empty());
  EXPECT_TRUE(wrong.empty());
}

TEST(RoutesOf, RefusesWhatCannotBeServedAndSaysNoSecret) {
  const auto refused = [](const std::function<void(ResolvedRoute&)>& spoil) {
    ResolvedRoute route = sound_route();
    spoil(route);
    std::vector<std::string> wrong;
    const inference::Routes all = routes({route}, wrong);
    const bool silent = wrong.size() == 1 && wrong[0].find("the-key") == std::string::npos;
    return all.empty() && silent;
  };
  EXPECT_TRUE(refused([](auto& r) { r.set_base_url("mock://x"); }));
  EXPECT_TRUE(refused([](auto& r) { r.set_base_url(""); }));
  EXPECT_TRUE(refused([](auto& r) { r.set_model_id(" "); }));
  EXPECT_TRUE(refused([](auto& r) { r.set_provider_type("aws-bedrock"); }));
  EXPECT_TRUE(refused([](auto& r) { r.set_provider_type(""); }));
  EXPECT_TRUE(refused([](auto& r) { r.clear_protocols(); }));
  EXPECT_TRUE(refused([](auto& r) { r.set_api_key("the-key\r\nX: y"); }));
  EXPECT_TRUE(refused([](auto& r) { r.set_api_key(" the-key"); }));
  EXPECT_TRUE(refused([](auto& r) { r.set_model_in_path(true); }));
  EXPECT_TRUE(refused([](auto& r) { r.set_request_path_override(""); }));
  EXPECT_TRUE(refused([](auto& r) { r.set_timeout_secs(UINT64_MAX); }));
}

TEST(RoutesOf, ABadRouteDoesntTakeOthersDown) {
  ResolvedRoute bad = sound_route();
  bad.set_name("bad");
  bad.set_base_url("nonsense");
  std::vector<std::string> wrong;
  const inference::Routes all = routes({bad, sound_route()}, wrong);
  ASSERT_EQ(all.all().size(), 1U);
  EXPECT_EQ(all.all()[0].name, "inference.local");
  EXPECT_EQ(wrong.size(), 1U);
}

TEST(RegistrationsOf, CarriesEveryMember) {
  GetSandboxConfigResponse answer;
  auto* service = answer.add_supervisor_middleware_services();
  service->set_name("guard");
  service->set_grpc_endpoint("https://guard.test:1");
  service->set_max_payload_bytes(99);
  service->set_timeout("750ms");
  service->set_tls_ca_cert_pem("PEM");
  service->set_audience("urn:x");
  service->set_allow_insecure_transport(true);
  const auto all = registrations_of(answer);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].name, "guard");
  EXPECT_EQ(all[0].endpoint, "https://guard.test:1");
  EXPECT_EQ(all[0].payload_bytes_max, 99U);
  EXPECT_EQ(all[0].timeout, "750ms");
  EXPECT_EQ(all[0].ca_pem, "PEM");
  EXPECT_EQ(all[0].audience, "urn:x");
  EXPECT_TRUE(all[0].allow_insecure_transport);
}

TEST(RegistrationsOf, NamesTheAudienceWhereTheGatewayDoesnt) {
  GetSandboxConfigResponse answer;
  answer.add_supervisor_middleware_services()->set_name("acme/guard");
  EXPECT_EQ(registrations_of(answer)[0].audience, "urn:openshell:extension:middleware:acme/guard");
}

class StoreOf : public testing::Test {
 protected:
  StoreOf() {
    answer.set_provider_env_revision(3);
    (*answer.mutable_environment())["TOKEN"] = "sesame";
    binding().set_credential_identity("id");
    endpoint().set_host("api.test");
    endpoint().set_port(443);
  }
  openshell::v1::StaticCredentialBinding& binding() {
    return (*answer.mutable_static_credential_bindings())["TOKEN"];
  }
  openshell::v1::StaticCredentialEndpointBinding& endpoint() {
    if (binding().endpoints().empty()) binding().add_endpoints();
    return *binding().mutable_endpoints(0);
  }
  bool refused() {
    std::string wrong;
    const bool none = !store_of(answer, wrong);
    EXPECT_EQ(wrong.find("sesame"), std::string::npos);
    return none && !wrong.empty();
  }
  GetSandboxProviderEnvironmentResponse answer;
};

TEST_F(StoreOf, HoldsThePlaceholdersOfTheRevision) {
  std::string wrong;
  const auto store = store_of(answer, wrong);
  ASSERT_TRUE(store) << wrong;
  EXPECT_EQ(store->environment().at("TOKEN"), "openshell:resolve:env:v3_TOKEN");
}

TEST_F(StoreOf, LeavesOutWhatIsNoSecret) {
  (*answer.mutable_environment())["REGION"] = "eu";
  answer.add_non_secret_environment_keys("REGION");
  std::string wrong;
  const auto store = store_of(answer, wrong);
  ASSERT_TRUE(store) << wrong;
  EXPECT_EQ(store->environment().size(), 1U);
}

TEST_F(StoreOf, RefusesAllWhenOneKeyIsntClassified) {
  (*answer.mutable_environment())["OTHER"] = "x";
  EXPECT_TRUE(refused());
}

TEST_F(StoreOf, RefusesAKeyThatIsBothSecretAndPlain) {
  answer.add_non_secret_environment_keys("TOKEN");
  EXPECT_TRUE(refused());
}

TEST_F(StoreOf, RefusesABindingWithoutItsCredential) {
  answer.clear_environment();
  EXPECT_TRUE(refused());
}

TEST_F(StoreOf, RefusesUnsoundBindings) {
  endpoint().set_port(0);
  EXPECT_TRUE(refused());
  endpoint().set_port(65536);
  EXPECT_TRUE(refused());
  endpoint().set_port(443);
  endpoint().set_host("a b");
  EXPECT_TRUE(refused());
  endpoint().set_host("api.test");
  binding().clear_credential_identity();
  EXPECT_TRUE(refused());
  binding().set_credential_identity("id");
  binding().clear_endpoints();
  EXPECT_TRUE(refused());
}

policy::StaticSections in_force(std::vector<std::string> read_only) {
  policy::StaticSections sections;
  sections.filesystem.emplace().read_only = std::move(read_only);
  return sections;
}

GetSandboxConfigResponse served_files(const std::vector<std::string>& read_only) {
  GetSandboxConfigResponse answer;
  auto* files = answer.mutable_policy()->mutable_filesystem();
  files->set_include_workdir(true);
  for (const std::string& path : read_only) files->add_read_only(path);
  return answer;
}

TEST(EffectiveOf, IsNothingWhereAllIsServed) {
  EXPECT_EQ(effective_of(served_files({"/usr", "/etc"}), in_force({"/etc", "/usr"})), nullptr);
}

TEST(EffectiveOf, HasWhatIsInForceAndTheRestAsServed) {
  auto answer = served_files({"/usr"});
  answer.mutable_policy()->set_version(1);
  (*answer.mutable_policy()->mutable_network_policies())["web"].set_name("shown");
  const auto effective = effective_of(answer, in_force({"/usr", "/etc"}));
  ASSERT_TRUE(effective);
  EXPECT_EQ(effective->filesystem().read_only_size(), 2);
  EXPECT_TRUE(effective->filesystem().include_workdir());
  EXPECT_EQ(effective->network_policies().at("web").name(), "shown");
  EXPECT_EQ(effective->version(), 1U);
}

TEST(EffectiveOf, HasASectionWhereNoneIsServed) {
  GetSandboxConfigResponse answer;
  answer.mutable_policy()->set_version(1);
  const auto effective = effective_of(answer, in_force({}));
  ASSERT_TRUE(effective);
  EXPECT_TRUE(effective->filesystem().include_workdir());
}

TEST(EffectiveOf, HasNoRulesOfProviderProfiles) {
  GetSandboxConfigResponse answer;
  auto& rules = *answer.mutable_policy()->mutable_network_policies();
  rules["_provider_openai"].set_name("openai");
  rules["_provider_openai_2"].set_name("openai");
  rules["web"].set_name("web");
  const auto effective = effective_of(answer, in_force({"/usr"}));
  ASSERT_TRUE(effective);
  ASSERT_EQ(effective->network_policies_size(), 1);
  EXPECT_TRUE(effective->network_policies().contains("web"));
}

TEST(EffectiveOf, IsNothingWithoutAPolicyOrConfinement) {
  EXPECT_EQ(effective_of({}, in_force({"/usr"})), nullptr);
  EXPECT_EQ(effective_of(served_files({}), {}), nullptr);
}

}  // namespace
}  // namespace sallyport::sync
