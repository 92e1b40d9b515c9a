#include "simulator/scenario/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace sallyport::sim::scenario {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kHead =
    "scenario: A claim\n"
    "reproduces: [NVIDIA/OpenShell#1]\n"
    "kills: [some_defect]\n";

class LoadTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = "/tmp/sallyport_load_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, std::string_view text) {
    const auto path = std::filesystem::path(folder_) / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }

  // `body` after a valid head; fails the test on complaints.
  Scenario loaded(const std::string& body, const LoadOptions& options = {}) {
    Loaded out = load_text(std::string(kHead) + body, folder_ + "/s.yaml", options);
    EXPECT_EQ(out.complaints.to_string(), "");
    return out.scenario ? std::move(*out.scenario) : Scenario{};
  }
  std::string complaints(const std::string& body, const LoadOptions& options = {}) {
    return load_text(std::string(kHead) + body, folder_ + "/s.yaml", options)
        .complaints.to_string();
  }

  std::string folder_;
};

constexpr const char* kStep = "steps:\n  call: {request: http://a.test/}\n";

TEST_F(LoadTest, WritesOutTheSmallestScenario) {
  const Scenario scenario = loaded(kStep);
  ASSERT_EQ(scenario.cells.size(), 1U);
  const Cell& cell = scenario.cells[0];
  EXPECT_EQ(cell.name, "");
  ASSERT_EQ(cell.hosts.size(), 2U);
  EXPECT_EQ(cell.hosts[0].name, "box");
  EXPECT_EQ(cell.hosts[0].resolver, "world");
  EXPECT_EQ(cell.hosts[1].name, "agent");
  EXPECT_EQ(cell.hosts[1].inside, "box");
  EXPECT_EQ(cell.hosts[1].resolver, "");
  EXPECT_EQ(cell.inner_links.at("agent").outer.to_string(), "10.200.0.1");
  EXPECT_EQ(cell.inner_links.at("agent").inner.to_string(), "10.200.0.2");
  EXPECT_EQ(cell.supervisors.front().listen.to_string(), "10.200.0.1:3128");
  EXPECT_EQ(cell.policy_yaml, "version: 1\nnetwork_policies: {}\n");
  EXPECT_FALSE(cell.inference.has_value());
  EXPECT_EQ(cell.steps[0].timeout, milliseconds(2000));
  EXPECT_EQ(scenario.timeout, milliseconds(10'000));
}

TEST_F(LoadTest, HostsThatNothingUsesAreNotMade) {
  const Scenario scenario = loaded(
      "hosts: {spare: {}, inner: {inside: box}}\n"
      "steps:\n  call: {request: http://a.test/, from: inner}\n");
  std::vector<std::string> names;
  for (const auto& host : scenario.cells[0].hosts) names.push_back(host.name);
  EXPECT_THAT(names, ElementsAre("box", "agent", "inner"));
  EXPECT_EQ(scenario.cells[0].inner_links.at("inner").outer.to_string(), "10.200.1.1");
}

TEST_F(LoadTest, ProvidersGetAddressesAndNamesThatExistOnlyHere) {
  const Scenario scenario = loaded(
      "providers:\n"
      "  first_one: {tls: valid}\n"
      "  second: {}\n"
      "  fixed: {listen: 10.1.1.1:80}\n" +
      std::string(kStep));
  const Cell& cell = scenario.cells[0];
  EXPECT_EQ(cell.providers[0].listen.to_string(), "20.0.0.1:443");
  EXPECT_EQ(cell.providers[1].listen.to_string(), "20.0.0.2:80");
  EXPECT_EQ(cell.zone.at("first-one.test").addresses[0].to_string(), "20.0.0.1");
  EXPECT_EQ(cell.zone.at("fixed.test").addresses[0].to_string(), "10.1.1.1");
}

TEST_F(LoadTest, MergesIncludesUnderTheFileAndSetsOverIt) {
  write("world.yaml", "providers:\n  api: {tls: valid, models: [a, b]}\n  other: {}\n");
  LoadOptions options;
  options.sets = {"providers.api.dialect=plain", "timeout=3s"};
  const Scenario scenario = loaded(
      "include: [world.yaml]\nproviders:\n  api: {models: [c]}\n" + std::string(kStep), options);
  ASSERT_EQ(scenario.cells[0].providers.size(), 2U);
  const auto& api = scenario.cells[0].providers[0];
  EXPECT_EQ(api.tls, providers::TlsKind::valid);
  EXPECT_THAT(api.models, ElementsAre("c"));
  EXPECT_EQ(api.dialect, providers::Dialect::plain);
  EXPECT_EQ(scenario.timeout, milliseconds(3000));
  EXPECT_EQ(scenario.files.size(), 4U);
}

TEST_F(LoadTest, ComplaintsInAnIncludedFileNameThatFile) {
  write("world.yaml", "providers:\n  api: {modles: [a]}\n");
  EXPECT_EQ(complaints("include: [world.yaml]\n" + std::string(kStep)),
            folder_ +
                "/world.yaml:2:9: unknown key \"modles\" in a provider; did you mean "
                "\"models\"?\n");
}

TEST_F(LoadTest, ReadsAPolicyFromItsPath) {
  write("open.yaml", "network_policies:\n  a: {endpoints: [{host: a.test, port: 80}]}\n");
  const Scenario scenario = loaded("policy: open.yaml\n" + std::string(kStep));
  EXPECT_THAT(scenario.cells[0].policy_yaml, HasSubstr("binaries:"));
  EXPECT_THAT(scenario.cells[0].policy_yaml, HasSubstr("version: 1"));
}

TEST_F(LoadTest, ReadsACorpusAsAnAxis) {
  write("corpus.yaml", "default: {want: {status: 400}}\na: {path: /a}\nb: {path: /b}\n");
  const Scenario scenario = loaded(
      "matrix: {attack: {file: corpus.yaml}}\n"
      "steps:\n  call: {request: http://x.test$(matrix.attack.path), "
      "expect: $(matrix.attack.want)}\n");
  ASSERT_EQ(scenario.cells.size(), 2U);
  EXPECT_EQ(scenario.cells[1].name, "attack=b");
  EXPECT_EQ(std::get<agents::RequestSpec>(scenario.cells[1].steps[0].verb).url, "http://x.test/b");
  EXPECT_EQ(scenario.cells[1].steps[0].expect.at("status").record_file, folder_ + "/corpus.yaml");
}

TEST_F(LoadTest, ChecksKillsAgainstTheDefectsThatExist) {
  write("fixtures/defects/some_defects.patch", "");
  EXPECT_THAT(complaints(kStep),
              HasSubstr("s.yaml:3:9: there is no fixtures/defects/some_defect.patch; did you mean "
                        "\"some_defects\"?"));
  write("fixtures/defects/some_defect.patch", "");
  EXPECT_EQ(complaints(kStep), "");
}

TEST_F(LoadTest, ChecksRequirementsAgainstTheirList) {
  write("docs/requirements.md", "# Requirements\n\n- POL-001: text\n- POL-002: more\n");
  EXPECT_THAT(complaints("requirement: POL-003\n" + std::string(kStep)),
              HasSubstr("s.yaml:4:14: docs/requirements.md lists no \"POL-003\""));
  EXPECT_EQ(complaints("requirement: {id: POL-002, level: should}\n" + std::string(kStep)), "");
}

TEST_F(LoadTest, WithoutASupervisorThereIsNothingToKill) {
  const std::string head = "scenario: A claim\nreproduces: [NVIDIA/OpenShell#1]\n";
  const auto with = load_text(head + "kills: []\nsupervisor: none\n" + kStep, "/nowhere/s.yaml");
  EXPECT_EQ(with.complaints.to_string(), "");
  EXPECT_TRUE(with.scenario->cells[0].supervisors.empty());
  const auto without = load_text(head + "kills: []\n" + kStep, "/nowhere/s.yaml");
  EXPECT_THAT(without.complaints.to_string(), HasSubstr("names at least one defect"));
}

TEST_F(LoadTest, AShellsTextKeepsItsOwnSubstitutions) {
  const Scenario scenario = loaded("steps:\n  call: {run: \"echo $(date) $$(x)\"}\n");
  const auto& run = std::get<agents::RunSpec>(scenario.cells[0].steps[0].verb);
  ASSERT_EQ(run.argv.size(), 3U);
  const auto lookup = [](std::string_view) { return std::optional<std::string>("v"); };
  EXPECT_EQ(journal::expand(run.argv[2], lookup, true), "echo $(date) $$(x)");
}

TEST_F(LoadTest, JsonPlacesKeepTheirTypes) {
  const Scenario scenario = loaded(
      "steps:\n  call: {request: http://a.test/, json: {a: 1, b: \"1\", c: true, d: null, "
      "e: $(step.nonce), f: -5}}\n");
  const auto& request = std::get<agents::RequestSpec>(scenario.cells[0].steps[0].verb);
  EXPECT_EQ(*request.json, R"j({"a":1,"b":"1","c":true,"d":null,"e":"$(step.nonce)","f":-5})j");
}

TEST_F(LoadTest, KnownIssueAppliesWhereItSays) {
  const Scenario scenario = loaded(
      "matrix: {n: [a, b]}\n"
      "known_issue: {ref: X-1, reason: not yet, when: {n: b}}\n"
      "steps:\n  call: {request: http://a.test/$(matrix.n)}\n");
  EXPECT_FALSE(scenario.cells[0].known_issue.has_value());
  EXPECT_EQ(scenario.cells[1].known_issue->ref, "X-1");
}

TEST_F(LoadTest, BoundsAreTakenFromTheSubjectsLimits) {
  const Scenario scenario = loaded(
      "supervisor: {limits: {connect: 200ms}}\n"
      "steps:\n  call: {request: http://a.test/, expect: {total: {at_most: "
      "supervisor.limits.connect * 1.5}}}\n"
      "expect:\n  - span: {from: call.start, to: call.done}\n"
      "    at_most: supervisor.limits.resolve\n");
  const Cell& cell = scenario.cells[0];
  EXPECT_EQ(*cell.steps[0].expect.at("total").at_most, 300'000'000);
  EXPECT_EQ(*std::get<Span>(cell.expect[0].item).at_most, milliseconds(2000));
}

TEST_F(LoadTest, WitnessesMayAskForSeveral) {
  const Scenario scenario = loaded(
      "decoys: {trap: 10.0.0.9:80}\n"
      "steps:\n  call: {request: http://a.test/}\n"
      "expect:\n"
      "  - {never: trap.connection, witness: {event: call.done, at_least: 2}}\n");
  EXPECT_EQ(scenario.cells[0].expect[0].witness->at_least, 2U);
}

TEST(RequirementIds, AreTheItemsOfTheList) {
  EXPECT_THAT(requirement_ids("# T\n- A-1: text: more\n- not an id: x\n* B-1: x\n- A-2: y\n"),
              ElementsAre("A-1", "A-2"));
}

TEST(Load, SaysWhichFileCantBeRead) {
  EXPECT_EQ(load("/nowhere/s.yaml").complaints.to_string(), "/nowhere/s.yaml: can't be read\n");
}

TEST(Needs, ACommandThatIsAPathIsLookedUpFromTheScenariosFolder) {
  const Loaded loaded = load_text(
      "scenario: A claim\nreproduces: [NVIDIA/OpenShell#1]\nkills: [x]\n"
      "needs: [{command: ../tools/node}, {command: jq}]\n"
      "steps:\n"
      "  here: {run: [./probe]}\n"
      "  there: {run: [../probe], cwd: fixtures/deep}\n"
      "  anywhere: {run: [/bin/true]}\n",
      "/nowhere/area/s.yaml");
  ASSERT_TRUE(loaded.scenario) << loaded.complaints.to_string();
  std::vector<std::string> commands;
  for (const Need& need : loaded.scenario->needs) commands.push_back(need.command);
  EXPECT_THAT(commands, ::testing::IsSupersetOf({"/nowhere/tools/node", "jq", "/nowhere/area/probe",
                                                 "/nowhere/area/fixtures/probe", "/bin/true"}));
}

}  // namespace
}  // namespace sallyport::sim::scenario
