#include "reference/gateway/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/gateway/test_records.h"

namespace sallyport::gateway {
namespace {

using rpc::Code;
using testing::HasSubstr;

PolicyRecord policy(std::string hash) {
  PolicyRecord record;
  record.document = "{}";
  record.hash = std::move(hash);
  return record;
}

TEST(Store, RefusesASecondProviderOfOneName) {
  Store store{State{}};
  EXPECT_EQ(store.create_provider(provider("p"))->version, 1U);
  EXPECT_EQ(store.create_provider(provider("p")).error().code, Code::already_exists);
}

TEST(Store, StoresNothingThatIsRefused) {
  Store store(used_state());
  ProviderChange change;
  change.name = "p";
  change.type = "anthropic";
  change.credentials.emplace("OPENAI_API_KEY", base::Secret("sk-2"));
  EXPECT_FALSE(store.update_provider(change));
  const State state = store.snapshot();
  EXPECT_EQ(state.providers.at("p").credentials.at("OPENAI_API_KEY"), base::Secret("sk-1"));
  EXPECT_EQ(state.providers.at("p").version, 1U);
}

TEST(Store, LetsOneOfTwoWritersWhoSawOneVersionWin) {
  Store store(used_state());
  ProviderChange change;
  change.name = "p";
  change.expected_version = 1;
  EXPECT_TRUE(store.update_provider(change));
  EXPECT_EQ(store.update_provider(change).error().code, Code::aborted);
}

TEST(Store, DoesNotKnowAProviderThatNobodyMade) {
  Store store{State{}};
  ProviderChange change;
  change.name = "p";
  EXPECT_EQ(store.update_provider(change).error().code, Code::not_found);
  EXPECT_FALSE(*store.delete_provider("p", false));
}

TEST(Store, KeepsAProviderThatIsUsedAndNamesItsUsers) {
  Store store(used_state());
  const auto deleted = store.delete_provider("p", false);
  ASSERT_FALSE(deleted);
  EXPECT_EQ(deleted.error().code, Code::failed_precondition);
  EXPECT_THAT(deleted.error().message, HasSubstr("route 'inference.local', sandbox 'name-of-sb'"));
  EXPECT_TRUE(store.snapshot().providers.contains("p"));
}

TEST(Store, DeletesAProviderThatNobodyUses) {
  Store store(used_state());
  EXPECT_TRUE(*store.delete_provider("idle", false));
  EXPECT_FALSE(store.snapshot().providers.contains("idle"));
}

TEST(Store, DeletesAUsedProviderWhenForcedTakesItFromSandboxesAndLeavesTheRoute) {
  Store store(used_state());
  EXPECT_TRUE(*store.delete_provider("p", true));
  const State state = store.snapshot();
  EXPECT_FALSE(state.providers.contains("p"));
  EXPECT_TRUE(state.sandboxes.at("sb").providers.empty());
  EXPECT_EQ(state.sandboxes.at("sb").version, 2U);
  EXPECT_EQ(state.routes.at(std::string(kUserRoute)).provider, "p");
}

TEST(Store, CountsARoutesVersionsAndBeginsAnewAfterItsDeletion) {
  Store store(used_state());
  const std::string name(kUserRoute);
  EXPECT_EQ(store.set_route(name, route("p"))->version, 2U);
  EXPECT_TRUE(*store.delete_route(name));
  EXPECT_FALSE(*store.delete_route(name));
  EXPECT_EQ(store.set_route(name, route("idle"))->version, 1U);
}

TEST(Store, RefusesARouteToNoProvider) {
  Store store{State{}};
  EXPECT_EQ(store.set_route("inference.local", route("p")).error().code, Code::failed_precondition);
}

TEST(Store, AttachesOnceAndDetachesOnce) {
  Store store(used_state());
  EXPECT_TRUE(*store.attach("sb", "idle", 1));
  EXPECT_FALSE(*store.attach("sb", "idle", 0));
  EXPECT_EQ(store.attach("sb", "idle", 1).error().code, Code::aborted);
  EXPECT_TRUE(*store.detach("name-of-sb", "idle", 2));
  EXPECT_FALSE(*store.detach("sb", "idle", 0));
  EXPECT_EQ(store.attach("sb", "none", 0).error().code, Code::failed_precondition);
  EXPECT_EQ(store.attach("none", "p", 0).error().code, Code::not_found);
}

TEST(Store, GivesAPolicyTheNextVersionUnlessItIsTheSame) {
  Store store(used_state());
  EXPECT_EQ(store.set_policy("sb", policy("1"), 0)->version, 1U);
  EXPECT_EQ(store.set_policy("sb", policy("1"), 0)->version, 1U);
  EXPECT_EQ(store.set_policy("sb", policy("2"), 0)->version, 2U);
  EXPECT_EQ(store.set_policy("sb", policy("3"), 1).error().code, Code::aborted);
  EXPECT_EQ(store.set_policy("none", policy("1"), 0).error().code, Code::not_found);
  EXPECT_EQ(store.set_policy("", policy("1"), 0)->version, 1U);
  EXPECT_EQ(store.snapshot().policy->hash, "1");
}

TEST(Store, MakesASandboxOnceByNameAndById) {
  Store store(used_state());
  Sandbox made = sandbox("made", {"p"});
  made.version = 7;
  made.policy = policy("1");
  const auto created = store.create_sandbox(made);
  ASSERT_TRUE(created);
  EXPECT_EQ(created->version, 1U);
  EXPECT_EQ(created->policy->version, 1U);
  EXPECT_EQ(store.create_sandbox(made).error().code, Code::already_exists);
  Sandbox other = sandbox("other");
  other.name = "sb";  // the id of another
  EXPECT_EQ(store.create_sandbox(other).error().code, Code::already_exists);
}

TEST(Store, MakesNoSandboxWithAProviderThatIsNotThere) {
  Store store(used_state());
  const auto refused = store.create_sandbox(sandbox("made", {"p", "none"}));
  EXPECT_EQ(refused.error().code, Code::failed_precondition);
  EXPECT_THAT(refused.error().message, HasSubstr("'none'"));
  EXPECT_EQ(store.current()->sandboxes.size(), 1U);
}

TEST(Store, DeletesASandboxByNameOrIdAndThenItsProviderIsFree) {
  Store store(used_state());
  ASSERT_TRUE(*store.delete_route(kUserRoute));
  EXPECT_FALSE(store.delete_provider("p", false));
  EXPECT_TRUE(*store.delete_sandbox("name-of-sb"));
  EXPECT_FALSE(*store.delete_sandbox("sb"));
  EXPECT_TRUE(*store.delete_provider("p", false));
}

TEST(Store, TakesSoManyRecordsAndNoMore) {
  State state;
  for (std::size_t i = 0; i < kProvidersMax; ++i) {
    const std::string name = "p" + std::to_string(i);
    state.providers.emplace(name, provider(name));
  }
  for (std::size_t i = 0; i < kSandboxesMax; ++i) {
    const std::string id = "s" + std::to_string(i);
    state.sandboxes.emplace(id, sandbox(id));
  }
  Store store(state);
  EXPECT_EQ(store.create_provider(provider("more")).error().code, Code::resource_exhausted);
  EXPECT_EQ(store.create_sandbox(sandbox("more")).error().code, Code::resource_exhausted);
  for (std::size_t i = 0; i < kAttachedMax; ++i) {
    ASSERT_TRUE(store.attach("s0", "p" + std::to_string(i), 0));
  }
  EXPECT_EQ(store.attach("s0", "p99", 0).error().code, Code::resource_exhausted);
  EXPECT_FALSE(*store.attach("s0", "p0", 0));
}

TEST(Store, TakesAReportOfThePolicyInForceAlone) {
  Store store(used_state());
  EXPECT_EQ(store.report_effective("sb", policy("more"), "1").error().code, Code::aborted);
  ASSERT_TRUE(store.set_policy("", policy("1"), 0));
  EXPECT_TRUE(*store.report_effective("sb", policy("more"), "1"));
  EXPECT_FALSE(*store.report_effective("sb", policy("more"), "1"));
  EXPECT_EQ(store.report_effective("none", policy("more"), "1").error().code, Code::not_found);
  EXPECT_EQ(store.report_effective("name-of-sb", policy("more"), "1").error().code,
            Code::not_found);
  ASSERT_TRUE(store.set_policy("sb", policy("2"), 0));
  EXPECT_EQ(store.report_effective("sb", policy("more"), "1").error().code, Code::aborted);
  EXPECT_EQ(store.report_policy("sb", {1, "1", true, "", 0}).error().code, Code::aborted);
}

TEST(Store, KeepsASandboxesVersionWhateverItsSupervisorSays) {
  Store store(used_state());
  ASSERT_TRUE(store.set_policy("sb", policy("1"), 0));
  const std::uint64_t before = store.current()->sandboxes.at("sb").version;
  ASSERT_TRUE(store.report_effective("sb", policy("more"), "1"));
  ASSERT_TRUE(store.report_policy("sb", {1, "1", true, "", 5}));
  EXPECT_FALSE(*store.report_policy("sb", {1, "1", true, "", 6}));
  const Sandbox after = store.current()->sandboxes.at("sb");
  EXPECT_EQ(after.version, before);
  EXPECT_EQ(after.policy->version, 1U);
  EXPECT_EQ(after.loaded_version, 1U);
  EXPECT_EQ(after.report->at_ms, 5);
}

}  // namespace
}  // namespace sallyport::gateway
