#include "reference/gateway/delivery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/gateway/test_records.h"

namespace sallyport::gateway {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kNow = 1000;

PolicyRecord policy(std::string hash, std::vector<std::string> implementations = {}) {
  PolicyRecord record;
  record.hash = std::move(hash);
  record.implementations = std::move(implementations);
  record.version = 1;
  return record;
}

State bound_state() {
  State state = used_state();
  state.providers.at("p").endpoints = {{"api.test", 443, "/v1/**"}};
  state.policy = policy("global");
  return state;
}

DeliveredEnvironment environment(const State& state) {
  return environment_of(state, state.sandboxes.at("sb"), kNow);
}

TEST(Delivery, PrefersASandboxesOwnPolicy) {
  State state = bound_state();
  EXPECT_TRUE(config_of(state, state.sandboxes.at("sb"))->global);
  state.sandboxes.at("sb").policy = policy("own");
  const auto config = config_of(state, state.sandboxes.at("sb"));
  EXPECT_FALSE(config->global);
  EXPECT_EQ(config->policy.hash, "own");
}

TEST(Delivery, RefusesASandboxWithoutAnyPolicy) {
  State state = bound_state();
  state.policy.reset();
  EXPECT_EQ(config_of(state, state.sandboxes.at("sb")).error().code,
            rpc::Code::failed_precondition);
}

TEST(Delivery, SendsOnlyTheServicesThatThePolicyNames) {
  State state = bound_state();
  state.registrations = {registration("acme/a"), registration("acme/b")};
  state.policy = policy("h", {"acme/b", "openshell/secrets"});
  const auto config = config_of(state, state.sandboxes.at("sb"));
  ASSERT_TRUE(config);
  ASSERT_EQ(config->services.size(), 1U);
  EXPECT_EQ(config->services[0].name, "acme/b");
}

TEST(Delivery, RefusesAPolicyWhoseServiceIsNotRegistered) {
  State state = bound_state();
  state.policy = policy("h", {"acme/gone"});
  const auto config = config_of(state, state.sandboxes.at("sb"));
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, rpc::Code::failed_precondition);
  EXPECT_THAT(config.error().message, HasSubstr("acme/gone"));
}

TEST(Delivery, ChangesTheRevisionWithThePolicyAndItsServicesAlone) {
  State state = bound_state();
  state.registrations = {registration("acme/a"), registration("acme/b")};
  state.policy = policy("h", {"acme/a"});
  const Sandbox& owner = state.sandboxes.at("sb");
  const std::uint64_t before = config_of(state, owner)->revision;
  state.registrations[1].timeout = "1s";
  EXPECT_EQ(config_of(state, owner)->revision, before);
  state.registrations[0].timeout = "1s";
  const std::uint64_t after = config_of(state, owner)->revision;
  EXPECT_NE(after, before);
  state.policy->hash = "other";
  EXPECT_NE(config_of(state, owner)->revision, after);
}

TEST(Delivery, BindsACredentialToItsProvidersEndpoints) {
  const auto delivered = environment(bound_state());
  ASSERT_EQ(delivered.credentials.size(), 1U);
  EXPECT_EQ(delivered.credentials[0].key, "OPENAI_API_KEY");
  EXPECT_EQ(delivered.credentials[0].identity, "id-of-p:OPENAI_API_KEY");
  EXPECT_EQ(delivered.credentials[0].endpoints[0].host, "api.test");
}

TEST(Delivery, WithholdsWhatHasNoEndpointsHasExpiredOrIsNoPlaceholdersKey) {
  State state = bound_state();
  Provider& record = state.providers.at("p");
  record.credentials.emplace("EXPIRED", base::Secret("v"));
  record.expires_at_ms["EXPIRED"] = kNow;
  for (const char* key : {"not-a-word", "v7_KEY", "has space"}) {
    record.credentials.emplace(key, base::Secret("v"));
  }
  record.credentials.emplace("s" + std::string(64, 'a') + "_KEY", base::Secret("v"));
  EXPECT_EQ(environment(state).credentials.size(), 1U);
  record.endpoints.clear();
  EXPECT_TRUE(environment(state).credentials.empty());
}

TEST(Delivery, TakesAKeyThatTwoProvidersHaveFromTheFirstAttached) {
  State state = bound_state();
  Provider other = provider("q", "github", "OPENAI_API_KEY", "other");
  other.endpoints = {{"q.test", 443, ""}};
  state.providers.emplace("q", other);
  state.sandboxes.at("sb").providers = {"q", "p"};
  const auto delivered = environment(state);
  ASSERT_EQ(delivered.credentials.size(), 1U);
  EXPECT_EQ(delivered.credentials[0].value, base::Secret("other"));
}

TEST(Delivery, ChangesTheEnvironmentsRevisionWithEachChangeOfAProvider) {
  State state = bound_state();
  const std::uint64_t before = environment(state).revision;
  EXPECT_EQ(environment(state).revision, before);
  state.providers.at("p").version = 2;
  const std::uint64_t after = environment(state).revision;
  EXPECT_NE(after, before);
  state.sandboxes.at("sb").providers.clear();
  EXPECT_NE(environment(state).revision, after);
}

TEST(Delivery, ChangesTheEnvironmentsRevisionAndNoIdentityWithEachStart) {
  State state = bound_state();
  state.start = "a";
  const auto before = environment(state);
  state.start = "b";
  const auto after = environment(state);
  EXPECT_NE(after.revision, before.revision);
  EXPECT_EQ(after.credentials[0].identity, before.credentials[0].identity);
}

TEST(Delivery, ChangesTheEnvironmentsRevisionWhenACredentialExpires) {
  State state = bound_state();
  state.providers.at("p").expires_at_ms["OPENAI_API_KEY"] = kNow + 1;
  const Sandbox& owner = state.sandboxes.at("sb");
  EXPECT_NE(environment_of(state, owner, kNow).revision,
            environment_of(state, owner, kNow + 1).revision);
}

TEST(Delivery, SendsACredentialWhereThePolicyInForceBindsItIfItsProviderSaysNothing) {
  State state = bound_state();
  state.providers.at("p").endpoints.clear();
  const std::uint64_t unbound = environment(state).revision;
  PolicyRecord policy{"{}", "1", {}, {}, 1, 0};
  policy.bindings = {{"p", {"bound.test", 443, "/x"}}, {"q", {"other.test", 443, ""}}};
  state.policy = policy;
  const auto delivered = environment(state);
  ASSERT_EQ(delivered.credentials.size(), 1U);
  ASSERT_EQ(delivered.credentials[0].endpoints.size(), 1U);
  EXPECT_EQ(delivered.credentials[0].endpoints[0].host, "bound.test");
  EXPECT_NE(delivered.revision, unbound);
  state.sandboxes.at("sb").policy = PolicyRecord{"{}", "2", {}, {}, 1, 0};
  EXPECT_TRUE(environment(state).credentials.empty());
}

TEST(Delivery, LeavesTheEndpointsThatAProviderStatesToItAlone) {
  State state = bound_state();
  state.policy = PolicyRecord{"{}", "1", {}, {{"p", {"bound.test", 443, ""}}}, 1, 0};
  const auto delivered = environment(state);
  ASSERT_EQ(delivered.credentials.size(), 1U);
  for (const CredentialEndpoint& endpoint : delivered.credentials[0].endpoints) {
    EXPECT_NE(endpoint.host, "bound.test");
  }
}

TEST(Delivery, NeverSendsTheKeyOfAWholeAccount) {
  State state = bound_state();
  Provider& record = state.providers.at("p");
  record.type = "Vertex-AI";
  record.credentials.emplace("GOOGLE_SERVICE_ACCOUNT_KEY", base::Secret("{}"));
  ASSERT_EQ(environment(state).credentials.size(), 1U);
  EXPECT_EQ(environment(state).credentials[0].key, "OPENAI_API_KEY");
}

}  // namespace
}  // namespace sallyport::gateway
