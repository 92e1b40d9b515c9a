#include "simulator/scenario/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "simulator/scenario/decode.h"
#include "simulator/scenario/defaults.h"
#include "simulator/scenario/load.h"

namespace sallyport::sim::scenario {
namespace {

using ::testing::HasSubstr;

std::string file(const std::string& name) {
  std::ifstream stream("simulator/scenario/testdata/" + name + ".yaml");
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

// Each cell as one text: the tree that its values were decoded from, and some of the values.
std::vector<std::string> cells_of(const Scenario& scenario) {
  std::vector<std::string> out;
  base::Diagnostics diagnostics;
  Complaints complaints(diagnostics);
  const ReadFile read = [](const std::string&, const Node&) { return nullptr; };
  const Matrix matrix(scenario.tree->find("matrix"), read, complaints);
  for (const Cell& cell : scenario.cells) {
    NodePtr tree = with_defaults(matrix.resolve(scenario.tree, cell.values), {scenario.seed, true});
    // In one order of keys, whatever order they were written in.
    std::map<std::string, std::string> parts;
    for (const Entry& entry : tree->entries) {
      if (entry.key != "matrix") parts[entry.key] = to_json_text(*entry.value);
    }
    std::string text = cell.name + "\n" + cell.policy_yaml;
    for (const auto& [key, value] : parts) text += key + ": " + value + "\n";
    out.push_back(std::move(text));
  }
  return out;
}

// Key order within a map may differ between a file and its plan, so sort.
std::string sorted(const std::string& text) {
  std::string out = text;
  std::sort(out.begin(), out.end());
  return out;
}

class PlanRoundTrip : public ::testing::TestWithParam<const char*> {};

TEST_P(PlanRoundTrip, LoadsAgainToTheSameCells) {
  const std::string path = std::string("/nowhere/") + GetParam() + ".yaml";
  const Loaded first = load_text(file(GetParam()), path);
  ASSERT_TRUE(first.scenario) << first.complaints.to_string();
  const std::string plan = to_yaml(*first.scenario);
  const Loaded second = load_text(plan, path);
  ASSERT_TRUE(second.scenario) << second.complaints.to_string() << plan;
  EXPECT_EQ(second.scenario->seed, first.scenario->seed);
  EXPECT_EQ(to_yaml(*second.scenario), plan);
  const auto before = cells_of(*first.scenario);
  const auto after = cells_of(*second.scenario);
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_EQ(sorted(after[i]), sorted(before[i]));
}

INSTANTIATE_TEST_SUITE_P(Files, PlanRoundTrip,
                         ::testing::Values("host_network", "private_gate", "stream_cut",
                                           "real_clients", "key_rotation", "middleware_outage",
                                           "gateway_down", "body_over_limit", "provider_deleted"));

TEST(Plan, WritesDefaultsOut) {
  const Loaded loaded = load_text(
      "scenario: A claim\nrequirement: POL-001\nkills: [x]\n"
      "providers: {my_api: {}}\nsteps:\n  call: {request: $(my_api.url)/}\n",
      "/nowhere/s.yaml");
  ASSERT_TRUE(loaded.scenario) << loaded.complaints.to_string();
  const std::string plan = to_yaml(*loaded.scenario);
  EXPECT_THAT(plan, HasSubstr("listen: \"20.0.0.1:80\""));
  EXPECT_THAT(plan, HasSubstr("- my-api.test"));
  EXPECT_THAT(plan, HasSubstr("listen: \"10.200.0.1:3128\""));
  EXPECT_THAT(plan, HasSubstr("timeout: 10s"));
  EXPECT_THAT(plan, HasSubstr("method: GET"));
  EXPECT_THAT(plan, HasSubstr("inference: none"));
}

TEST(Plan, LeavesOutWhatOnlyACellKnows) {
  const Loaded loaded = load_text(
      "scenario: A claim\nrequirement: POL-001\nkills: [x]\n"
      "matrix: {tls: [none, valid]}\n"
      "providers: {fixed: {}, api: {tls: $(matrix.tls)}}\n"
      "steps:\n  call: {request: $(api.url)/}\n",
      "/nowhere/s.yaml");
  ASSERT_TRUE(loaded.scenario) << loaded.complaints.to_string();
  EXPECT_EQ(loaded.scenario->cells[1].providers[1].listen.to_string(), "20.0.0.2:443");
  const Loaded again = load_text(to_yaml(*loaded.scenario), "/nowhere/s.yaml");
  ASSERT_TRUE(again.scenario) << again.complaints.to_string();
  EXPECT_EQ(again.scenario->cells[0].providers[1].listen.to_string(), "20.0.0.2:80");
  EXPECT_EQ(again.scenario->cells[1].providers[1].listen.to_string(), "20.0.0.2:443");
}

}  // namespace
}  // namespace sallyport::sim::scenario
