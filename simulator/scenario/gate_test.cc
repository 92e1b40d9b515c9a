// The verb gate: what a step says, what it says by leaving it out, and how --slow changes that.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulator/scenario/load.h"
#include "simulator/scenario/plan.h"

namespace sallyport::sim::scenario {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Result = agents::GateSpec::Result;

Scenario loaded(const std::string& steps, const std::string& more = {}) {
  const std::string text =
      "scenario: The gate is asked\nreproduces: [NVIDIA/NemoClaw#5024]\nkills: [x]\n" + more +
      "steps:\n" + steps;
  Loaded out = load_text(text, "/nowhere/gate.yaml");
  EXPECT_EQ(out.complaints.to_string(), "");
  return out.scenario ? std::move(*out.scenario) : Scenario{};
}

agents::GateSpec gate(const std::string& fields) {
  const Scenario scenario = loaded("  check: {gate: ollama-local" + fields + "}\n");
  return std::get<agents::GateSpec>(scenario.cells.at(0).steps.at(0).verb);
}

TEST(Gate, HasTheFieldsLimitsScaledAndProbesReally) {
  const agents::GateSpec spec = gate("");
  EXPECT_EQ(spec.kind, "ollama-local");
  EXPECT_EQ(spec.rule, "observed");
  EXPECT_TRUE(spec.results.empty());
  EXPECT_TRUE(spec.setup.gpu);
  EXPECT_EQ(spec.setup.network, "preserve");
  EXPECT_EQ(spec.limits.attempts, 3U);
  EXPECT_EQ(spec.limits.exec, std::chrono::seconds(1));
  EXPECT_FALSE(spec.bare);
}

TEST(Gate, TakesResultsInTheirOrder) {
  const agents::GateSpec spec =
      gate(", exec: [not_run, timed_out, {stdout: HTTP_200, stderr: late, exit: 1}]");
  ASSERT_EQ(spec.results.size(), 3U);
  EXPECT_EQ(spec.results[0].kind, Result::Kind::not_run);
  EXPECT_EQ(spec.results[1].kind, Result::Kind::timed_out);
  EXPECT_EQ(spec.results[2].kind, Result::Kind::answer);
  EXPECT_EQ(spec.results[2].out, "HTTP_200");
  EXPECT_EQ(spec.results[2].err, "late");
  EXPECT_EQ(spec.results[2].exit, 1);
}

TEST(Gate, TakesSetupLimitsAndEnvironment) {
  const agents::GateSpec spec = gate(
      ", setup: {gpu: false, network: host, auto_fix: true, subnet: 10.0.0.0/8}, "
      "limits: {attempts: 1, gap: 5ms}, environment: {A: b}, unset: [CURL_CA_BUNDLE]");
  EXPECT_FALSE(spec.setup.gpu);
  EXPECT_EQ(spec.setup.network, "host");
  EXPECT_TRUE(spec.setup.auto_fix);
  EXPECT_EQ(spec.setup.subnet, "10.0.0.0/8");
  EXPECT_EQ(spec.limits.attempts, 1U);
  EXPECT_EQ(spec.limits.gap, std::chrono::milliseconds(5));
  EXPECT_THAT(spec.variables, ElementsAre(std::pair<std::string, std::string>("A", "b")));
  EXPECT_THAT(spec.unset, ElementsAre("CURL_CA_BUNDLE"));
}

TEST(Gate, FakesMayComeToAnotherEndEachTime) {
  const agents::GateSpec spec = gate(", tools: {docker: [{exit: 1}, {stdout: up}], ufw: none}");
  ASSERT_EQ(spec.tools.size(), 2U);
  EXPECT_EQ(spec.tools[0].exit, 1);
  ASSERT_EQ(spec.tools[0].then.size(), 1U);
  EXPECT_EQ(spec.tools[0].then[0].out, "up");
  EXPECT_EQ(spec.tools[0].then[0].name, "docker");
  EXPECT_TRUE(spec.tools[1].missing);
}

TEST(Gate, ThatReallyProbesNeedsCurl) {
  const auto needs_curl = [](const Scenario& scenario) {
    for (const Need& need : scenario.needs) {
      if (need.command == "curl") return true;
    }
    return false;
  };
  EXPECT_TRUE(needs_curl(loaded("  check: {gate: ollama-local}\n")));
  EXPECT_FALSE(needs_curl(loaded("  check: {gate: ollama-local, exec: [not_run]}\n")));
}

TEST(Gate, ScalesItsLimits) {
  Scenario scenario = loaded("  check: {gate: ollama-local, limits: {gap: 10ms}}\n");
  scale(scenario.cells.at(0), 4);
  const auto& spec = std::get<agents::GateSpec>(scenario.cells[0].steps[0].verb);
  EXPECT_EQ(spec.limits.gap, std::chrono::milliseconds(40));
  EXPECT_EQ(spec.limits.connect, std::chrono::milliseconds(800));
  EXPECT_EQ(spec.limits.exec, std::chrono::seconds(4));
  EXPECT_EQ(spec.limits.attempts, 3U);
}

TEST(Gate, TellsItsDefaultsInThePlan) {
  const std::string plan = to_yaml(loaded("  check: {gate: ollama-local}\n"));
  EXPECT_THAT(plan, HasSubstr("rule: observed"));
  EXPECT_THAT(plan, HasSubstr("route: compatibility"));
  EXPECT_THAT(plan, HasSubstr("attempts: 3"));
  EXPECT_THAT(plan, testing::Not(HasSubstr("timeout: 2s")));
}

TEST(Gate, HasFactsAndEventsOfItsOwn) {
  const Scenario scenario = loaded(
      "  check: {gate: ollama-local, from: box, expect: {class: wrong_context, code: \"200\", "
      "calls: 1, context: box, process_exit: 5}}\n"
      "expect:\n"
      "  - {count: {event: check.exec, where: {context: box, exit: 0}}, is: 1}\n"
      "  - {count: {event: check.tool, where: {name: docker}}, is: 0, witness: check.done}\n");
  EXPECT_EQ(scenario.cells.at(0).steps[0].expect.size(), 5U);
  EXPECT_EQ(scenario.cells[0].expect.size(), 2U);
}

TEST(Verify, IsTheGatewaysOwn) {
  const Scenario scenario = loaded(
      "  set: {inference: {provider: api}, verify: true}\n  more: {inference: {provider: api}}\n",
      "gateway: {}\nproviders: {api: {}}\n");
  EXPECT_TRUE(std::get<SetInference>(scenario.cells.at(0).steps[0].verb).verify);
  EXPECT_FALSE(std::get<SetInference>(scenario.cells[0].steps[1].verb).verify);
}

TEST(Gateway, HasTokensUnlessItSaysNot) {
  const std::string step = "  a: {pause: 1ms, why: \"nothing happens\"}\n";
  EXPECT_TRUE(loaded(step, "gateway: {}\n").cells.at(0).gateway->tokens);
  EXPECT_FALSE(loaded(step, "gateway: {tokens: false}\n").cells.at(0).gateway->tokens);
}

}  // namespace
}  // namespace sallyport::sim::scenario
