#include "reference/gateway/configured.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/gateway/test_records.h"

namespace sallyport::gateway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

State configured() {
  State state = used_state();
  state.start = "first";
  return state;
}

Kept at_first(const State& state) {
  std::string wrong;
  return *with_configuration(Kept{}, state, wrong);
}

Kept next_start(const Kept& kept, State said) {
  std::string wrong;
  said.start = "second";
  auto merged = with_configuration(kept, said, wrong);
  EXPECT_EQ(wrong, "");
  return merged ? *merged : Kept{};
}

TEST(Configured, IsTakenWholeWhereNothingWasKept) {
  const Kept kept = at_first(configured());
  EXPECT_EQ(kept.state.providers, configured().providers);
  EXPECT_EQ(kept.state.routes, configured().routes);
  EXPECT_EQ(kept.state.sandboxes, configured().sandboxes);
  EXPECT_EQ(kept.state.start, "first");
}

TEST(Configured, LeavesWhatCallsMadeOfARecordThatItSaysNothingNewOf) {
  Kept kept = at_first(configured());
  kept.state.providers.at("p").credentials.at("OPENAI_API_KEY") = base::Secret("by-call");
  kept.state.providers.at("p").version = 2;
  kept.state.sandboxes.at("sb").providers = {"p", "idle"};
  kept.state.routes.clear();
  kept.state.providers.erase("idle");
  const Kept next = next_start(kept, configured());
  EXPECT_EQ(next.state.providers, kept.state.providers);
  EXPECT_EQ(next.state.sandboxes, kept.state.sandboxes);
  EXPECT_TRUE(next.state.routes.empty());
  EXPECT_EQ(next.state.start, "first");
}

TEST(Configured, IsHeardWhereItSaysSomethingElseThanAtTheLastStart) {
  Kept kept = at_first(configured());
  kept.state.providers.at("p").credentials.at("OPENAI_API_KEY") = base::Secret("by-call");
  kept.state.providers.at("p").version = 4;
  State said = configured();
  said.providers.at("p").credentials.at("OPENAI_API_KEY") = base::Secret("by-file");
  said.providers.at("p").id = "another";
  const Kept next = next_start(kept, said);
  const Provider& record = next.state.providers.at("p");
  EXPECT_EQ(record.credentials.at("OPENAI_API_KEY"), base::Secret("by-file"));
  EXPECT_EQ(record.id, "id-of-p");
  EXPECT_EQ(record.version, 5U);
  EXPECT_EQ(next.state.start, "second");
}

TEST(Configured, BringsBackWhatACallDeletedOnlyWhenItSaysSomethingElse) {
  Kept kept = at_first(configured());
  kept.state.providers.erase("idle");
  EXPECT_FALSE(next_start(kept, configured()).state.providers.contains("idle"));
  State said = configured();
  said.providers.at("idle").config.emplace("K", "v");
  EXPECT_TRUE(next_start(kept, said).state.providers.contains("idle"));
}

TEST(Configured, LeavesARecordThatItNamesNoMore) {
  const Kept kept = at_first(configured());
  State said = configured();
  said.providers.erase("idle");
  EXPECT_TRUE(next_start(kept, said).state.providers.contains("idle"));
}

TEST(Configured, CountsTheVersionsOfWhatItReplaces) {
  State first = configured();
  first.policy = PolicyRecord{"{}", "1", {}, {}, 1, 0};
  first.sandboxes.at("sb").policy = PolicyRecord{"{}", "2", {}, {}, 1, 0};
  const Kept kept = at_first(first);
  State said = first;
  said.policy->hash = "3";
  said.routes.at(std::string(kUserRoute)).model = "other";
  said.sandboxes.at("sb").providers = {"idle"};
  said.registrations = {registration("a")};
  const Kept next = next_start(kept, said);
  EXPECT_EQ(next.state.policy->version, 2U);
  EXPECT_EQ(next.state.routes.at(std::string(kUserRoute)).version, 2U);
  EXPECT_EQ(next.state.sandboxes.at("sb").version, 2U);
  EXPECT_EQ(next.state.sandboxes.at("sb").policy->version, 1U);
  EXPECT_THAT(next.state.sandboxes.at("sb").providers, ElementsAre("idle"));
  EXPECT_EQ(next.state.registrations, said.registrations);
}

TEST(Configured, AttachesNoProviderThatACallHasDeleted) {
  Kept kept = at_first(configured());
  kept.state.providers.erase("idle");
  State said = configured();
  said.sandboxes.at("sb").providers = {"p", "idle"};
  EXPECT_THAT(next_start(kept, said).state.sandboxes.at("sb").providers, ElementsAre("p"));
}

TEST(Configured, KeepsWhatASupervisorSaidOfItself) {
  Kept kept = at_first(configured());
  kept.state.sandboxes.at("sb").effective_of = "x";
  kept.state.sandboxes.at("sb").loaded_version = 3;
  State said = configured();
  said.sandboxes.at("sb").providers = {"idle"};
  const Sandbox next = next_start(kept, said).state.sandboxes.at("sb");
  EXPECT_EQ(next.effective_of, "x");
  EXPECT_EQ(next.loaded_version, 3U);
}

TEST(Configured, RefusesASandboxWhoseNameAnotherOneHas) {
  Kept kept = at_first(configured());
  State said = configured();
  said.sandboxes.emplace("two", sandbox("two"));
  said.sandboxes.at("two").name = "name-of-sb";
  std::string wrong;
  EXPECT_FALSE(with_configuration(kept, said, wrong));
  EXPECT_THAT(wrong, HasSubstr("sandbox 'two'"));
}

}  // namespace
}  // namespace sallyport::gateway
