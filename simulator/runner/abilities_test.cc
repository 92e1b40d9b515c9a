#include "simulator/runner/abilities.h"

#include <gtest/gtest.h>

namespace sallyport::sim::runner {
namespace {

using scenario::Cell;
using scenario::Step;
using subject::Ability;

// One supervisor on box that serves the agent, whose namespace the harness makes.
Cell plain() {
  Cell cell;
  topology::HostSpec box;
  box.name = "box";
  topology::HostSpec agent;
  agent.name = "agent";
  agent.inside = "box";
  cell.hosts = {box, agent};
  cell.supervisors.emplace_back();
  cell.policy_yaml = "version: 1\n";
  cell.supervisors[0].policy_yaml = cell.policy_yaml;
  return cell;
}

Cell with_step(Step step) {
  Cell cell = plain();
  cell.steps.push_back(std::move(step));
  return cell;
}

Step request(const std::string& url) {
  Step step;
  step.name = "call";
  agents::RequestSpec spec;
  spec.url = url;
  step.verb = spec;
  return step;
}

std::string needed(const Cell& cell) { return to_string(abilities_needed(cell)); }

TEST(Abilities, APlainCellNeedsOnlyThatItsNamespaceIsTaken) {
  EXPECT_EQ(needed(plain()), "given_namespace");
  EXPECT_EQ(needed(with_step(request("https://api.test/"))), "given_namespace");
}

TEST(Abilities, ACellWithoutSupervisorNeedsNothing) {
  Cell cell = with_step(request("http://api.test/"));
  cell.supervisors.clear();
  cell.gateway.emplace();
  EXPECT_EQ(needed(cell), "");
}

TEST(Abilities, AnAbsoluteFormNeedsForwardUnlessItGoesAroundTheSupervisor) {
  EXPECT_EQ(needed(with_step(request("http://api.test/"))), "forward, given_namespace");
  Step direct = request("http://api.test/");
  direct.via = "direct";
  EXPECT_EQ(needed(with_step(direct)), "given_namespace");
  Cell by_variable = with_step(request("$(api.url)/x"));
  by_variable.providers.emplace_back();
  by_variable.providers[0].name = "api";
  by_variable.providers[0].tls = providers::TlsKind::valid;
  EXPECT_EQ(needed(by_variable), "given_namespace");
  by_variable.providers[0].tls = providers::TlsKind::none;
  EXPECT_EQ(needed(by_variable), "forward, given_namespace");
}

TEST(Abilities, AWebSocketThroughTheSupervisorNeedsOne) {
  Step step;
  step.name = "talk";
  step.verb = agents::WebSocketSpec{};
  EXPECT_EQ(needed(with_step(step)), "websocket, given_namespace");
  step.from = "box";
  EXPECT_EQ(needed(with_step(step)), "given_namespace");
}

TEST(Abilities, ReloadsAreNeededWhereFilesConfigureTheSubject) {
  Step policy;
  policy.verb = scenario::SetPolicy{};
  EXPECT_EQ(needed(with_step(policy)), "reload_policy, given_namespace");
  Step route;
  route.verb = scenario::SetInference{};
  EXPECT_EQ(needed(with_step(route)), "reload_routes, inference, given_namespace");
  Cell with_gateway = with_step(policy);
  with_gateway.gateway.emplace();
  EXPECT_EQ(needed(with_gateway), "gateway, given_namespace");
  with_gateway.gateway->store_file = true;
  EXPECT_EQ(needed(with_gateway), "gateway, given_namespace, store_file");
}

TEST(Abilities, AGateStepNeedsAGate) {
  Step step;
  step.verb = agents::GateSpec{};
  step.from = "box";
  EXPECT_EQ(needed(with_step(step)), "given_namespace, gate");
}

TEST(Abilities, AuditIsNeededByWhateverLooksForIt) {
  journal::Selector selector;
  selector.source = "supervisor";
  selector.kind = "audit";
  scenario::Expectation expectation;
  expectation.item = scenario::Never{selector};
  Cell cell = plain();
  cell.expect.push_back(expectation);
  EXPECT_EQ(needed(cell), "audit, given_namespace");
  Step after = request("https://api.test/");
  after.after_event = selector;
  EXPECT_EQ(needed(with_step(after)), "audit, given_namespace");
  scenario::Checker checker;
  checker.name = "audit_complete";
  cell.expect[0].item = checker;
  EXPECT_EQ(needed(cell), "audit, given_namespace");
  cell.expect[0].item = scenario::Never{};
  scenario::Witness witness;
  witness.selector = selector;
  witness.selector.source = "supervisors";
  cell.expect[0].witness = witness;
  EXPECT_EQ(needed(cell), "audit, given_namespace");
}

TEST(Abilities, ProgramsAreToldApartOnlyWhereTheScenarioSaysSo) {
  Cell cell = plain();
  cell.supervisors[0].identity_required = true;
  EXPECT_EQ(needed(cell), "given_namespace, identity");
}

TEST(Abilities, WhatTheSupervisorIsGivenIsNeeded) {
  Cell cell = plain();
  scenario::Supervisor& one = cell.supervisors[0];
  one.limits["head"] = {};
  one.args = {"-x"};
  one.rlimits["nofile"] = 64;
  one.upstream_proxy = "corporate";
  cell.inference.emplace();
  cell.middleware.emplace_back();
  cell.providers.emplace_back();
  cell.providers[0].credential = "API_KEY";
  EXPECT_EQ(needed(cell),
            "inference, middleware, credentials, given_namespace, upstream_proxy, limits, args, "
            "rlimits");
}

TEST(Abilities, RulesAboutRequestsNeedInspection) {
  Cell cell = plain();
  for (const char* const policy :
       {"network_policies: {a: {endpoints: [{host: h, port: 1, access: read-only}]}}",
        "rules:\n  - allow: {}\n", "{\"protocol\": rest}"}) {
    cell.supervisors[0].policy_yaml = policy;
    EXPECT_EQ(needed(cell), "inspection, given_namespace") << policy;
  }
  cell.supervisors[0].policy_yaml = "a: {host: access.test, name: no_rules: 1}";
  EXPECT_EQ(needed(cell), "given_namespace");
}

TEST(Lacking, NamesTheSubjectAndWhatItLacks) {
  subject::Description theirs;
  theirs.name = "theirs";
  theirs.lacks = {Ability::forward, Ability::audit};
  EXPECT_EQ(lacking(with_step(request("http://api.test/")), theirs),
            "subject theirs can't: forward");
  EXPECT_EQ(lacking(plain(), theirs), std::nullopt);
  EXPECT_EQ(lacking(plain(), subject::reference_description()), std::nullopt);
}

TEST(Adapted, APlainInnerHostIsMadeByWhoMakesItsAgents) {
  subject::Description maker;
  maker.name = "maker";
  maker.agent = subject::Description::Agent::made_by_subject;
  maker.lacks = {Ability::given_namespace};
  const Cell own = adapted(plain(), maker);
  EXPECT_FALSE(own.hosts[0].made_by_subject);
  EXPECT_TRUE(own.hosts[1].made_by_subject);
  EXPECT_EQ(lacking(own, maker), std::nullopt);
  EXPECT_FALSE(adapted(plain(), subject::reference_description()).hosts[1].made_by_subject);
}

TEST(Adapted, AHostThatTheScenarioSaysMoreOfStaysTheHarnesss) {
  subject::Description maker;
  maker.name = "maker";
  maker.agent = subject::Description::Agent::made_by_subject;
  maker.lacks = {Ability::given_namespace};
  Cell down = plain();
  down.hosts[1].loopback_up = false;
  EXPECT_EQ(lacking(adapted(down, maker), maker), "subject maker can't: given_namespace");
  Cell ruled = plain();
  ruled.firewall.emplace_back();
  ruled.firewall[0].host = "agent";
  EXPECT_EQ(lacking(adapted(ruled, maker), maker), "subject maker can't: given_namespace");
}

}  // namespace
}  // namespace sallyport::sim::runner
