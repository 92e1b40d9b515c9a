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

scenario::Fault fault_of(scenario::FaultKind kind) {
  scenario::Fault fault;
  fault.kind = kind;
  fault.target = "guard";
  return fault;
}

TEST(Needs, ClocksThatAreShiftedNeedFaketimeAndUsersNeedIds) {
  scenario::Cell cell;
  EXPECT_TRUE(derived_needs(cell).empty());
  scenario::Step shift;
  shift.verb = fault_of(scenario::FaultKind::shifted);
  agents::RunSpec run;
  run.user = "nobody";
  scenario::Step command;
  command.verb = run;
  cell.steps = {shift, command};
  EXPECT_EQ(derived_needs(cell), (std::vector<std::string>{"faketime", "ids"}));
}

TEST(Needs, IncludeThePacketFilterForPacketFaultsAndForActorsThatAreDown) {
  scenario::Cell cell;
  EXPECT_FALSE(needs_firewall(cell));
  scenario::Step step;
  step.verb = fault_of(scenario::FaultKind::slow);
  cell.steps = {step};
  EXPECT_FALSE(needs_firewall(cell));
  step.verb = fault_of(scenario::FaultKind::blackhole);
  cell.steps = {step};
  EXPECT_TRUE(needs_firewall(cell));
  step.verb = scenario::ProcessControl{scenario::ProcessControl::Kind::stop, "gateway", 15};
  cell.steps = {step};
  EXPECT_TRUE(needs_firewall(cell));
  cell.steps.clear();
  cell.gateway.emplace().up = false;
  EXPECT_TRUE(needs_firewall(cell));
}

}  // namespace
}  // namespace sallyport::sim::runner
