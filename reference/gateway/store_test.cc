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
  EXPECT_TRUE(store.delete_route(name));
  EXPECT_FALSE(store.delete_route(name));
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

}  // namespace
}  // namespace sallyport::gateway
