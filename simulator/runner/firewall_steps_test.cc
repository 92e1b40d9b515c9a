#include "simulator/runner/firewall_steps.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "reference/net/socket_address.h"
#include "simulator/world/testing/in_world.h"

namespace sallyport::sim::runner {
namespace {

using topology::FirewallRule;
using Verdict = FirewallRule::Verdict;

FirewallRule rule(std::string name, Verdict verdict, std::string host = "box") {
  FirewallRule made;
  made.name = std::move(name);
  made.host = std::move(host);
  made.verdict = verdict;
  return made;
}

// An agent inside the box, and a decoy of the box that both see.
scenario::Cell cell_with(std::vector<FirewallRule> rules) {
  scenario::Cell cell;
  topology::HostSpec box;
  box.name = "box";
  topology::HostSpec agent;
  agent.name = "agent";
  agent.inside = "box";
  cell.hosts = {box, agent};
  cell.firewall = std::move(rules);
  providers::DecoySpec decoy;
  decoy.name = "trap";
  decoy.host = "box";
  decoy.listen = *net::Endpoint::parse("20.0.0.7:80");
  cell.decoys = {decoy};
  return cell;
}

std::string on_stage(const scenario::Cell& cell, const std::function<std::string(Stage&)>& act) {
  const world::testing::TemporaryFolder folder;
  return world::testing::in_world(world::testing::plan_with(folder),
                                  [&](world::WorldContext&) -> std::string {
                                    scenario::Scenario scenario;
                                    StageOptions options;
                                    options.run_folder = folder.path();
                                    Stage stage(scenario, cell, options);
                                    if (const auto trouble = stage.build_hosts()) return *trouble;
                                    if (const auto trouble = stage.start_actors()) return *trouble;
                                    return act(stage);
                                  });
}

void send_syn(Stage& stage, const char* to) {
  const auto socket = stage.hosts->socket("agent", AF_INET, SOCK_STREAM);
  const auto address = net::to_socket_address(*net::Endpoint::parse(to));
  (void)::connect(socket->get(), address.get(), address.length);
  stage.drain();
}

std::string told(const Stage& stage) {
  std::string all;
  for (const journal::Event& event : stage.journal.events()) {
    if (event.kind != "hit" && event.kind != "attempt" && event.kind != "escape") continue;
    all += event.source + "." + event.kind + " from " + event.from;
    const auto* const to = event.find("to");
    if (to != nullptr) all += " to " + std::get<std::string>(*to);
    const auto* const port = event.find("port");
    if (port != nullptr) all += " port " + std::to_string(std::get<std::int64_t>(*port));
    all += "; ";
  }
  return all;
}

TEST(FirewallSteps, AStoppedAttemptIsTheRulesHitAndTheListenersAttempt) {
  EXPECT_EQ(on_stage(cell_with({rule("wall", Verdict::drop)}),
                     [](Stage& stage) {
                       send_syn(stage, "20.0.0.7:80");
                       return told(stage);
                     }),
            "wall.hit from agent to 20.0.0.7 port 80; trap.attempt from agent to 20.0.0.7:80; ");
}

TEST(FirewallSteps, WhatIsLetThroughOrForNobodyIsAHitAlone) {
  EXPECT_EQ(on_stage(cell_with({rule("pass", Verdict::accept)}),
                     [](Stage& stage) {
                       send_syn(stage, "20.0.0.7:80");
                       (void)set_firewall(stage, {{rule("pass", Verdict::drop)}, {}});
                       send_syn(stage, "20.0.0.7:81");
                       return told(stage);
                     }),
            "pass.hit from agent to 20.0.0.7 port 80; pass.hit from agent to 20.0.0.7 port 81; ");
}

TEST(FirewallSteps, AStepThatTakesARuleAwayIsDone) {
  EXPECT_EQ(on_stage(cell_with({rule("wall", Verdict::drop)}),
                     [](Stage& stage) {
                       const auto facts = set_firewall(stage, {{}, {"wall"}});
                       send_syn(stage, "20.0.0.7:80");
                       return std::get<std::string>(facts.at("class")) + " " + told(stage);
                     }),
            "ok ");
}

TEST(FirewallSteps, AMistakeIsRejectedAndTrouble) {
  EXPECT_EQ(
      on_stage(
          cell_with({}),
          [](Stage& stage) {
            const auto facts = set_firewall(stage, {{rule("wall", Verdict::drop, "nobody")}, {}});
            return std::get<std::string>(facts.at("class")) + " " + stage.trouble.value_or("fine");
          }),
      "rejected the firewall, wall: there is no such host");
}

TEST(FirewallSteps, WhatALaterStepsRuleNamesIsNoEscape) {
  scenario::Cell cell = cell_with({});
  scenario::Step step;
  FirewallRule later = rule("later", Verdict::drop, "agent");
  later.to.network = *net::Cidr::parse("198.51.100.0/24");
  step.verb = scenario::SetFirewall{{later}, {}};
  cell.steps.push_back(step);
  EXPECT_EQ(on_stage(cell,
                     [](Stage& stage) {
                       send_syn(stage, "198.51.100.9:80");
                       send_syn(stage, "198.51.101.9:80");
                       return told(stage);
                     }),
            "agent.escape from  to 198.51.101.9:80; ");
}

}  // namespace
}  // namespace sallyport::sim::runner
