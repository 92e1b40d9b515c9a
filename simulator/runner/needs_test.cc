#include "simulator/runner/needs.h"

#include <gtest/gtest.h>

namespace sallyport::sim::runner {
namespace {

TEST(Needs, CompareVersionsNumberByNumber) {
  EXPECT_TRUE(version_fits("v20.20.2\n", ">=20"));
  EXPECT_TRUE(version_fits("curl 7.88.1 (x86_64)", ">=7.80"));
  EXPECT_TRUE(version_fits("curl 7.88.1", ">=7.88.1"));
  EXPECT_FALSE(version_fits("v18.19.0", ">=20"));
  EXPECT_FALSE(version_fits("curl 7.9.1", ">=7.80"));
  EXPECT_FALSE(version_fits("", ">=1"));
  EXPECT_TRUE(version_fits("", ""));
}

TEST(Needs, FindACommandOnlyWhereItCanBeExecuted) {
  EXPECT_FALSE(find_command("sh").empty());
  EXPECT_TRUE(find_command("no-such-command-here").empty());
  EXPECT_TRUE(find_command("/etc/passwd").empty());
}

TEST(Needs, SayWhatIsMissing) {
  scenario::Scenario scenario;
  scenario::Need need;
  need.name = "command";
  need.command = "no-such-command-here";
  scenario.needs.push_back(need);
  Needs needs;
  EXPECT_EQ(needs.unmet(scenario), "needs the command no-such-command-here");
}

}  // namespace
}  // namespace sallyport::sim::runner
