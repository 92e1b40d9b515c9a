#include "simulator/app/doctor_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::sim::app {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

scenario::Scenario needing(const std::string& path, const std::string& command) {
  scenario::Scenario scenario;
  scenario.path = path;
  scenario::Need need;
  need.name = "command";
  need.command = command;
  scenario.needs.push_back(need);
  scenario.cells.emplace_back();
  return scenario;
}

TEST(Doctor, TellsWhichScenariosAMissingCommandCosts) {
  const auto lost = costs({needing("a.yaml", "no-such-command"), needing("b.yaml", "sh"),
                           needing("c.yaml", "no-such-command")});
  EXPECT_THAT(lost, ElementsAre(Pair("needs the command no-such-command",
                                     ElementsAre("a.yaml", "c.yaml"))));
}

TEST(Doctor, NothingIsLostWhereAllIsThere) {
  EXPECT_THAT(costs({needing("b.yaml", "sh")}), IsEmpty());
}

}  // namespace
}  // namespace sallyport::sim::app
