#include "reference/gateway/stored.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/gateway/test_records.h"

namespace sallyport::gateway {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

PolicyRecord policy(std::string hash) {
  PolicyRecord record;
  record.document = "{\"version\":1}";
  record.hash = std::move(hash);
  record.implementations = {"openshell/secrets"};
  record.bindings = {{"p", {"a.test", 443, "/x"}}};
  record.version = 3;
  record.created_at_ms = 9;
  return record;
}

// Every member of every record says something.
State full_state() {
  State state = used_state();
  Provider& record = state.providers.at("p");
  record.config.emplace("OPENAI_BASE_URL", "http://h/v1\xff");
  record.expires_at_ms.emplace("OPENAI_API_KEY", 17);
  record.endpoints = {{"api.test", 443, "/v1/**"}, {"b.test", 80, ""}};
  record.created_at_ms = 5;
  record.version = 6;
  state.routes.at(std::string(kUserRoute)).timeout_s = 7;
  Registration service = registration("acme/a");
  service.timeout = "2s";
  service.ca_pem = std::string("-\0-", 3);
  service.audience = "me";
  service.allow_insecure_transport = true;
  state.registrations = {service};
  state.policy = policy("global");
  Sandbox& box = state.sandboxes.at("sb");
  box.policy = policy("own");
  box.effective = policy("more");
  box.effective_of = "own";
  box.report = PolicyReport{3, "own", false, "no", 11};
  box.loaded_version = 2;
  box.created_at_ms = 12;
  state.tokens.emplace("sb", IssuedTokens{{std::string(32, '\xfe')}});
  state.start = "start";
  return state;
}

void expect_same(const State& a, const State& b) {
  EXPECT_TRUE(changes(a, b).empty());
  EXPECT_EQ(a.providers, b.providers);
  EXPECT_EQ(a.routes, b.routes);
  EXPECT_EQ(a.sandboxes, b.sandboxes);
  EXPECT_EQ(a.registrations, b.registrations);
  EXPECT_EQ(a.policy, b.policy);
  EXPECT_EQ(a.tokens, b.tokens);
  EXPECT_EQ(a.start, b.start);
}

TEST(Stored, ReadsBackEveryMemberOfEveryRecord) {
  const State state = full_state();
  Kept read;
  for (const Row& row : changes(State{}, state).put) ASSERT_TRUE(read_row(row, read));
  expect_same(read.state, state);
}

TEST(Stored, WritesWhatChangedAndNothingElse) {
  const State before = full_state();
  State after = before;
  after.providers.at("idle").config.emplace("K", "v");
  const RowChanges news = changes(before, after);
  ASSERT_THAT(news.put, SizeIs(1));
  EXPECT_EQ(news.put[0].at, (RowKey{"provider", "idle"}));
  EXPECT_THAT(news.gone, IsEmpty());
  EXPECT_FALSE(news.forgets);
}

TEST(Stored, SaysWhatIsGone) {
  const State before = full_state();
  State after = before;
  after.providers.erase("p");
  after.routes.clear();
  after.sandboxes.clear();
  after.policy.reset();
  const RowChanges news = changes(before, after);
  EXPECT_THAT(news.gone, testing::UnorderedElementsAre(
                             RowKey{"provider", "p"}, RowKey{"route", std::string(kUserRoute)},
                             RowKey{"sandbox", "sb"}, RowKey{"policy", ""}));
  EXPECT_TRUE(news.forgets);
}

TEST(Stored, ForgetsTheKeyThatAnotherTakesThePlaceOf) {
  const State before = full_state();
  State after = before;
  after.providers.at("p").credentials.at("OPENAI_API_KEY") = base::Secret("sk-2");
  EXPECT_TRUE(changes(before, after).forgets);
}

TEST(Stored, RefusesARowThatIsDamagedOrOfNoKnownKind) {
  Kept read;
  EXPECT_FALSE(read_row({{"provider", "p"}, base::Secret("\x0a\x7f")}, read));
  EXPECT_FALSE(read_row({{"novelty", ""}, base::Secret("")}, read));
  Row moved = changes(State{}, full_state()).put.front();
  moved.at.key = "another";
  EXPECT_FALSE(read_row(moved, read));
  EXPECT_THAT(read.state.providers, IsEmpty());
}

TEST(Stored, TellsTheConfigurationsRecordsApartByWhatTheySay) {
  const State state = full_state();
  State later = state;
  later.providers.at("p").created_at_ms = 99;
  later.providers.at("p").version = 99;
  later.policy->version = 99;
  EXPECT_EQ(seeds_of(later), seeds_of(state));
  later.providers.at("p").credentials.at("OPENAI_API_KEY") = base::Secret("sk-2");
  EXPECT_NE(seeds_of(later).at("provider/p"), seeds_of(state).at("provider/p"));
  EXPECT_EQ(seeds_of(later).at("provider/idle"), seeds_of(state).at("provider/idle"));
  EXPECT_THAT(seeds_of(state).at("provider/p"), Not(HasSubstr("sk-")));
}

TEST(Stored, KeepsSeedsBesideTheRecords) {
  const Seeds seeds{{"provider/p", "1"}};
  RowChanges news;
  add_changes({{"route/r", "2"}}, seeds, news);
  ASSERT_THAT(news.put, SizeIs(1));
  EXPECT_THAT(news.gone, testing::ElementsAre(RowKey{"seed", "route/r"}));
  Kept read;
  ASSERT_TRUE(read_row(news.put[0], read));
  EXPECT_EQ(read.seeds, seeds);
}

}  // namespace
}  // namespace sallyport::gateway
