#include "reference/policy/static_change.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sallyport::policy {
namespace {

StaticSections live() {
  StaticSections sections;
  sections.filesystem = Filesystem{true, {"/usr", "/etc"}, {"/tmp"}};
  sections.landlock = LandlockCompatibility::best_effort;
  sections.run_as_user = "1000";
  sections.run_as_group = "1000";
  return sections;
}

std::string refusal(const StaticSections& next) {
  return refuse_live_change(live(), next).value_or("accepted");
}

TEST(StaticChange, TakesSectionsThatAreTheSame) { EXPECT_EQ(refusal(live()), "accepted"); }

TEST(StaticChange, TakesAnotherOrderOfTheSamePaths) {
  StaticSections next = live();
  next.filesystem->read_only = {"/etc", "/usr"};
  EXPECT_EQ(refusal(next), "accepted");
}

TEST(StaticChange, TakesAddedPaths) {
  StaticSections next = live();
  next.filesystem->read_only.emplace_back("/srv");
  next.filesystem->read_write.emplace_back("/data");
  EXPECT_EQ(refusal(next), "accepted");
}

TEST(StaticChange, TakesASectionOfFilesWhereThereWasNone) {
  StaticSections before = live();
  before.filesystem.reset();
  EXPECT_FALSE(refuse_live_change(before, live()));
}

TEST(StaticChange, RefusesARemovedReadablePath) {
  StaticSections next = live();
  next.filesystem->read_only = {"/usr", "/srv"};
  EXPECT_EQ(refusal(next),
            "filesystem_policy.read_only: \"/etc\" can't be removed while the sandbox runs");
}

TEST(StaticChange, RefusesARemovedWritablePath) {
  StaticSections next = live();
  next.filesystem->read_write.clear();
  EXPECT_EQ(refusal(next),
            "filesystem_policy.read_write: \"/tmp\" can't be removed while the sandbox runs");
}

TEST(StaticChange, RefusesAPathThatMovesToTheOtherList) {
  StaticSections next = live();
  next.filesystem->read_write.clear();
  next.filesystem->read_only.emplace_back("/tmp");
  EXPECT_EQ(refusal(next),
            "filesystem_policy.read_write: \"/tmp\" can't be removed while the sandbox runs");
}

TEST(StaticChange, RefusesAChangedWorkFolderRule) {
  StaticSections next = live();
  next.filesystem->include_workdir = false;
  EXPECT_EQ(refusal(next), "filesystem_policy.include_workdir can't change while the sandbox runs");
}

TEST(StaticChange, RefusesARemovedSectionOfFiles) {
  StaticSections next = live();
  next.filesystem.reset();
  EXPECT_EQ(refusal(next), "filesystem_policy can't be removed while the sandbox runs");
}

TEST(StaticChange, RefusesAChangedLandlock) {
  StaticSections next = live();
  next.landlock = LandlockCompatibility::hard_requirement;
  EXPECT_EQ(refusal(next), "landlock can't change while the sandbox runs");
}

TEST(StaticChange, RefusesARemovedLandlock) {
  StaticSections next = live();
  next.landlock.reset();
  EXPECT_EQ(refusal(next), "landlock can't change while the sandbox runs");
}

TEST(StaticChange, RefusesALandlockThatIsNew) {
  StaticSections before = live();
  before.landlock.reset();
  EXPECT_EQ(refuse_live_change(before, live()).value_or("accepted"),
            "landlock can't change while the sandbox runs");
}

TEST(StaticChange, RefusesAnotherUser) {
  StaticSections next = live();
  next.run_as_user = "sandbox";
  EXPECT_EQ(refusal(next), "process.run_as_user can't change while the sandbox runs");
}

TEST(StaticChange, RefusesARemovedUser) {
  StaticSections next = live();
  next.run_as_user.reset();
  EXPECT_EQ(refusal(next), "process.run_as_user can't change while the sandbox runs");
}

TEST(StaticChange, RefusesAnotherGroup) {
  StaticSections next = live();
  next.run_as_group = "100";
  EXPECT_EQ(refusal(next), "process.run_as_group can't change while the sandbox runs");
}

// A sandbox of a policy without a section, on a machine that has these of the baseline.
class SettleLive : public ::testing::Test {
 protected:
  SettleLive() { live_.filesystem = with_baseline(std::nullopt, exists_).filesystem; }
  std::string settle(StaticSections& next) {
    return settle_live(live_, next, exists_).value_or("accepted");
  }

  std::vector<std::string> there_{"/usr", "/etc", "/tmp"};
  PathExists exists_ = [this](const std::string& path) {
    return std::find(there_.begin(), there_.end(), path) != there_.end();
  };
  StaticSections live_;
};

TEST_F(SettleLive, TakesThePolicyThatItWasStartedWith) {
  StaticSections next;
  EXPECT_EQ(settle(next), "accepted");
  ASSERT_TRUE(next.filesystem);
  EXPECT_EQ(next.filesystem->read_only, live_.filesystem->read_only);
  EXPECT_EQ(next.filesystem->read_write, live_.filesystem->read_write);
}

TEST_F(SettleLive, TakesThePolicyThatItReported) {
  StaticSections next = live_;
  EXPECT_EQ(settle(next), "accepted");
  EXPECT_EQ(next.filesystem->read_only, live_.filesystem->read_only);
}

TEST_F(SettleLive, AddsTheBaselineToASectionThatAddsAPath) {
  StaticSections next;
  next.filesystem = Filesystem{true, {"/srv"}, {}};
  EXPECT_EQ(settle(next), "accepted");
  EXPECT_EQ(next.filesystem->read_only, (std::vector<std::string>{"/srv", "/usr", "/etc"}));
}

TEST_F(SettleLive, KeepsWhatIsInForceWhenItIsGoneFromTheMachine) {
  there_ = {"/usr", "/etc"};
  StaticSections next;
  EXPECT_EQ(settle(next), "accepted");
  EXPECT_EQ(next.filesystem->read_write, std::vector<std::string>{"/tmp"});
}

TEST_F(SettleLive, RefusesAndChangesNothingWhereAStatedPathIsGone) {
  live_.filesystem->read_only.emplace_back("/srv");
  StaticSections next;
  next.filesystem = Filesystem{true, {}, {}};
  EXPECT_EQ(settle(next),
            "filesystem_policy.read_only: \"/srv\" can't be removed while the sandbox runs");
  EXPECT_TRUE(next.filesystem->read_only.empty());
}

TEST_F(SettleLive, NamesTheSectionWhereThatIsGone) {
  live_.filesystem->read_only.emplace_back("/srv");
  StaticSections next;
  EXPECT_EQ(settle(next), "filesystem_policy can't be removed while the sandbox runs");
  EXPECT_FALSE(next.filesystem);
}

TEST_F(SettleLive, RefusesAnotherUser) {
  StaticSections next;
  next.run_as_user = "1000";
  EXPECT_EQ(settle(next), "process.run_as_user can't change while the sandbox runs");
}

}  // namespace
}  // namespace sallyport::policy
