#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/middleware/built_ins.h"
#include "reference/middleware/chain.h"
#include "reference/middleware/limits.h"
#include "reference/middleware/testing/chain_rig.h"
#include "reference/policy/loader.h"

namespace sallyport::middleware {
namespace {

using ::testing::ElementsAre;
using testing::FakeStage;
using ::testing::IsEmpty;
using testing::service;

policy::Policy load(const std::string& entries) {
  base::Diagnostics complaints;
  auto policy = policy::load_policy_text("version: 1\nnetwork_middlewares:\n" + entries, "p.yaml",
                                         complaints);
  EXPECT_TRUE(policy) << complaints.to_string();
  return policy.value_or(policy::Policy{});
}

policy::Policy three_entries() {
  return load(
      "  wide: {middleware: m, order: 20, endpoints: {include: [\"*.Example.COM\"], "
      "exclude: [trusted.example.com]}}\n"
      "  deep: {middleware: m, order: 10, on_error: fail_open, "
      "endpoints: {include: [\"**.example.com\"]}}\n"
      "  api: {middleware: gone, order: 5, endpoints: {include: [\"*-api.example.com\"]}}\n");
}

Registry registry() {
  std::map<std::string, Implementation, std::less<>> all;
  all["m"] = service("m", std::make_shared<FakeStage>());
  return Registry(all);
}

std::vector<std::string> keys(const policy::Policy& policy, const Registry& registry,
                              std::string_view host) {
  std::vector<std::string> found;
  for (const Link& link : select_chain(policy, registry, host)) found.push_back(link.config->key);
  return found;
}

TEST(Selection, GoesByHostInTheirOrder) {
  const policy::Policy policy = three_entries();
  const Registry all = registry();
  EXPECT_THAT(keys(policy, all, "api.example.com"), ElementsAre("deep", "wide"));
  EXPECT_THAT(keys(policy, all, "TENANT-api.example.com"), ElementsAre("api", "deep", "wide"));
  EXPECT_THAT(keys(policy, all, "trusted.example.com"), ElementsAre("deep"));
  EXPECT_THAT(keys(policy, all, "a.b.example.com"), ElementsAre("deep"));
  EXPECT_THAT(keys(policy, all, "example.com"), IsEmpty());
}

TEST(Selection, KeepsWhatIsUnresolvedAndDropsWhatIsUnbound) {
  const policy::Policy policy = three_entries();
  std::map<std::string, Implementation, std::less<>> all = registry().all();
  all["m"].bindings.http.reset();
  const Registry unbound(all);
  const auto chain = select_chain(policy, unbound, "x-api.example.com");
  ASSERT_EQ(chain.size(), 1U);
  EXPECT_EQ(chain[0].config->key, "api");
  EXPECT_EQ(chain[0].implementation, nullptr);
}

TEST(Selection, TakesTenEntriesForOneHostAndNoMore) {
  testing::ChainRig rig;
  for (int i = 0; i < 10; ++i) rig.entry("e" + std::to_string(i));
  const Registry none{{}};
  EXPECT_EQ(select_chain(rig.policy, none, "a.example").size(), 10U);
  rig.entry("one-too-many");
  EXPECT_DEATH(static_cast<void>(select_chain(rig.policy, none, "a.example")), "kStagesMax");
}

TEST(BodyLimit, IsTheLargestOfThoseThatAreResolved) {
  const policy::Policy policy = load(
      "  a: {middleware: small, order: 1, endpoints: {include: [\"**\"]}}\n"
      "  b: {middleware: openshell/regex, order: 2, endpoints: {include: [\"**\"]}}\n"
      "  c: {middleware: gone, order: 3, endpoints: {include: [\"**\"]}}\n");
  std::map<std::string, Implementation, std::less<>> all = built_in_registry()->all();
  EXPECT_EQ(body_limit(select_chain(policy, Registry(all), "x")), 262144U);
  all["small"] = service("small", std::make_shared<FakeStage>());
  EXPECT_EQ(body_limit(select_chain(policy, Registry(all), "x")), 1024U * 1024);
  EXPECT_FALSE(body_limit(select_chain(policy, Registry({}), "x")));
  EXPECT_FALSE(body_limit({}));
}

TEST(AllFailOpen, AsksEveryEntryResolvedOrNot) {
  const policy::Policy policy = three_entries();
  const Registry all = registry();
  EXPECT_TRUE(all_fail_open(select_chain(policy, all, "trusted.example.com")));
  EXPECT_FALSE(all_fail_open(select_chain(policy, all, "api.example.com")));
}

TEST(Uninspectable, GoesByOnErrorWhoeverIsRegistered) {
  const policy::Policy policy = three_entries();
  EXPECT_EQ(judge_uninspectable(policy, "example.org"), Uninspectable::unrestricted);
  EXPECT_EQ(judge_uninspectable(policy, "trusted.example.com"), Uninspectable::bypass_with_finding);
  EXPECT_EQ(judge_uninspectable(policy, "api.example.com"), Uninspectable::deny);
}

TEST(BuiltInRegistry, HasBothRedactorsAndNoOther) {
  const auto built = built_in_registry(4);
  EXPECT_EQ(built->all().size(), 2U);
  EXPECT_EQ(built->find("openshell/other"), nullptr);
  for (const std::string_view name : {kSecrets, kRegex}) {
    const Implementation* const one = built->find(name);
    ASSERT_NE(one, nullptr);
    ASSERT_TRUE(one->bindings.http);
    EXPECT_FALSE(one->external);
    EXPECT_EQ(one->bindings.http->payload_bytes_max, 262144U);
    EXPECT_EQ(one->bindings.http->timeout, 4 * kTimeoutDefault);
  }
}

}  // namespace
}  // namespace sallyport::middleware
