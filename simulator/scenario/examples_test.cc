// Whole scenarios in testdata/: they load, and they say what they mean.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "reference/base/random.h"
#include "simulator/scenario/load.h"

namespace sallyport::sim::scenario {
namespace {

using ::testing::ElementsAre;

std::string file(const std::string& name) {
  std::ifstream stream("simulator/scenario/testdata/" + name + ".yaml");
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

// Read under another path: what a scenario's folders say about defects isn't asked here.
Scenario loaded(const std::string& name) {
  Loaded out = load_text(file(name), "/nowhere/" + name + ".yaml");
  EXPECT_EQ(out.complaints.to_string(), "");
  return out.scenario ? std::move(*out.scenario) : Scenario{};
}

const Cell& cell(const Scenario& scenario, const std::string& name) {
  for (const Cell& cell : scenario.cells) {
    if (cell.name == name) return cell;
  }
  ADD_FAILURE() << "no cell " << name;
  return scenario.cells.front();
}

TEST(Examples, HostNetworkHasACellForEachBindAndLoopback) {
  const Scenario scenario = loaded("host_network");
  ASSERT_EQ(scenario.cells.size(), 6U);
  const Cell& down = cell(scenario, "bind=bridge,inner_lo=down");
  EXPECT_EQ(down.providers[0].listen.to_string(), "10.200.0.1:11434");
  EXPECT_THAT(down.providers[0].names, ElementsAre("ollama.test"));
  EXPECT_FALSE(down.hosts[1].loopback_up);
  EXPECT_EQ(down.steps[0].expect.at("class").equals_any[0], "refused");
  EXPECT_EQ(down.steps[1].expect.at("errno").equals_any[0], "ENETUNREACH");
  EXPECT_EQ(down.inference->model, "llama3");
}

TEST(Examples, HostNetworksLoopbackProviderHasNoName) {
  const Scenario scenario = loaded("host_network");
  const Cell& loopback = cell(scenario, "bind=loopback,inner_lo=up");
  EXPECT_TRUE(loopback.providers[0].names.empty());
  EXPECT_TRUE(loopback.zone.empty());
}

TEST(Examples, WhenLimitsItemsToTheirCells) {
  const Scenario scenario = loaded("host_network");
  EXPECT_EQ(cell(scenario, "bind=loopback,inner_lo=up").expect.size(), 2U);
  EXPECT_EQ(cell(scenario, "bind=every,inner_lo=up").expect.size(), 1U);
  EXPECT_EQ(cell(scenario, "bind=bridge,inner_lo=up").expect.size(), 0U);
}

TEST(Examples, AMatcherFromTheMatrixNamesItsItemAndItsRecord) {
  const Scenario scenario = loaded("host_network");
  const journal::Matcher& matcher =
      cell(scenario, "bind=loopback,inner_lo=down").steps[1].expect.at("errno");
  EXPECT_EQ(matcher.mark.line, 22);
  ASSERT_TRUE(matcher.record_mark.has_value());
  EXPECT_EQ(matcher.record_mark->line, 12);
}

TEST(Examples, PrivateGateTakesAnswersOfEveryShapeFromItsRecords) {
  const Scenario scenario = loaded("private_gate");
  ASSERT_EQ(scenario.cells.size(), 14U);
  const auto& both = cell(scenario, "adapter=connect,dest=one_of_two").zone.at("dest.test");
  EXPECT_EQ(both.addresses.size(), 2U);
  const auto& rebinding = cell(scenario, "adapter=forward,dest=rebinding").zone.at("dest.test");
  ASSERT_EQ(rebinding.kind, topology::DnsAnswer::Kind::sequence);
  EXPECT_EQ(rebinding.sequence[1].addresses[0].to_string(), "169.254.169.254");
}

TEST(Examples, PrivateGatesRecordsTakeTheDefaultColumn) {
  const Scenario scenario = loaded("private_gate");
  const Cell& other = cell(scenario, "adapter=forward,dest=other");
  EXPECT_EQ(other.steps[0].expect.at("error").equals_any[0], "ssrf_denied");
  const auto& request = std::get<agents::RequestSpec>(other.steps[0].verb);
  EXPECT_EQ(request.adapter, agents::Adapter::forward);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(*request.body, "$(step.nonce)");
}

TEST(Examples, AcrossComparesTheCellsThatAgreeOtherwise) {
  const Scenario scenario = loaded("private_gate");
  ASSERT_EQ(scenario.across.size(), 1U);
  EXPECT_EQ(scenario.across[0].groups.size(), 7U);
  for (const auto& group : scenario.across[0].groups) {
    ASSERT_EQ(group.size(), 2U);
    EXPECT_EQ(scenario.cells[group[0]].values.at("dest"),
              scenario.cells[group[1]].values.at("dest"));
  }
}

TEST(Examples, PoliciesAreCompletedAndWrittenOut) {
  const Scenario scenario = loaded("private_gate");
  EXPECT_EQ(scenario.cells[0].policy_yaml,
            "network_policies:\n"
            "  pods:\n"
            "    endpoints:\n"
            "      - host: \"*.test\"\n"
            "        port: 8080\n"
            "        protocol: rest\n"
            "        access: full\n"
            "        allowed_ips:\n"
            "          - 10.42.0.0/16\n"
            "    binaries:\n"
            "      - path: \"/**\"\n"
            "version: 1\n");
}

TEST(Examples, StreamCutTakesHoldAndCutAndResolvesItsBound) {
  const Scenario scenario = loaded("stream_cut");
  ASSERT_EQ(scenario.cells.size(), 10U);
  const Cell& stall = cell(scenario, "how=stall,framing=chunked");
  const providers::Answer& answer = stall.providers[0].routes[0].answers[0];
  EXPECT_EQ(answer.sse->cut->how, providers::CutHow::stall);
  EXPECT_EQ(answer.sse->cut->offset, 3U);
  EXPECT_EQ(answer.sse->hold->until.to_string(), "chat.sse (number 5)");
  const auto& span = std::get<Span>(stall.expect[2].item);
  EXPECT_EQ(*span.at_most, std::chrono::milliseconds(300));
}

TEST(Examples, RealClientsGetTheirEnvironmentByWhereTheyRun) {
  const Scenario scenario = loaded("real_clients");
  const Cell& cell = scenario.cells.at(0);
  const auto& run = std::get<agents::RunSpec>(cell.steps[2].verb);
  EXPECT_EQ(run.environment, agents::RunSpec::Environment::agent);
  EXPECT_THAT(run.unset, ElementsAre("CURL_CA_BUNDLE", "SSL_CERT_FILE"));
  EXPECT_EQ(cell.providers[0].listen.to_string(), "20.0.0.1:443");
  EXPECT_EQ(*cell.steps[4].expect.at("total").at_most, 1'000'000'000);
  ASSERT_EQ(scenario.needs.size(), 2U);
  EXPECT_EQ(scenario.needs[0].command, "curl");
  EXPECT_EQ(scenario.needs[1].command, "node");
}

TEST(Examples, KeyRotationWaitsForEventsOfLaterSteps) {
  const Scenario scenario = loaded("key_rotation");
  const Cell& cell = scenario.cells.at(0);
  EXPECT_TRUE(cell.gateway.has_value());
  const Step& traffic = cell.steps.at(1);
  EXPECT_EQ(traffic.repeat, 2000U);
  EXPECT_EQ(traffic.connections, 4U);
  EXPECT_EQ(*traffic.interval, std::chrono::milliseconds(1));
  EXPECT_EQ(traffic.until->since, "revoked");
  EXPECT_EQ(std::get<KeyChange>(cell.steps.at(2).verb).key, "k2");
  EXPECT_EQ(cell.steps.at(3).expect.at("class").equals_any[0], "ok");
  EXPECT_EQ(std::get<Checker>(cell.expect.at(3).item).name, "forwarded_once");
}

TEST(Examples, MiddlewareOutageHasACellForEachFaultAndEachAnswerToIt) {
  const Scenario scenario = loaded("middleware_outage");
  ASSERT_EQ(scenario.cells.size(), 14U);
  const Cell& slow = cell(scenario, "on_error=fail_open,outage=slow");
  const auto& fault = std::get<Fault>(slow.steps.at(1).verb);
  EXPECT_EQ(fault.target, "guard");
  EXPECT_EQ(*fault.delay, std::chrono::milliseconds(200));
  EXPECT_EQ(std::get<Lift>(slow.steps.at(3).verb).step, "outage");
  EXPECT_EQ(slow.middleware.at(0).script.at(0).replace.at("secret-word"), "[FILTERED]");
  EXPECT_NE(slow.policy_yaml.find("on_error: fail_open"), std::string::npos);
  EXPECT_EQ(slow.expect.size(), 3U);
  EXPECT_EQ(*std::get<Span>(slow.expect[2].item).at_most, std::chrono::milliseconds(200));
  EXPECT_EQ(cell(scenario, "on_error=fail_closed,outage=slow").expect.size(), 4U);
}

TEST(Examples, GatewayDownStartsItsSupervisorLate) {
  const Scenario scenario = loaded("gateway_down");
  ASSERT_EQ(scenario.cells.size(), 3U);
  const Cell& frozen = cell(scenario, "outage=frozen");
  EXPECT_FALSE(frozen.supervisors.front().up);
  EXPECT_EQ(std::get<ProcessControl>(frozen.steps.at(5).verb).signal, 9);
  EXPECT_EQ(frozen.steps.at(6).after_event->kind, "attempt");
}

TEST(Examples, BodyOverLimitTakesSizesFromItsRecords) {
  const Scenario scenario = loaded("body_over_limit");
  ASSERT_EQ(scenario.cells.size(), 12U);
  const Cell& open = cell(scenario, "case=over_open,adapter=connect");
  EXPECT_EQ(*std::get<agents::RequestSpec>(open.steps.at(1).verb).size, 65537U);
  EXPECT_EQ(open.middleware.at(0).max_payload, 65536U);
}

TEST(Examples, ProviderDeletedAsksAndForces) {
  const Scenario scenario = loaded("provider_deleted");
  const Cell& asked = cell(scenario, "mode=asked");
  EXPECT_FALSE(std::get<DeleteRecord>(asked.steps.at(1).verb).force);
  EXPECT_EQ(asked.steps.at(1).expect.at("code").equals_any[0], "FAILED_PRECONDITION");
  EXPECT_TRUE(std::get<DeleteRecord>(cell(scenario, "mode=forced").steps.at(1).verb).force);
}

// Cuts, doubles and swaps pieces of good files: the loader must say something, or take them.
TEST(Examples, DamagedFilesAreComplainedAboutNotCrashedOn) {
  base::SeededRandom random(7);
  for (const char* name :
       {"host_network", "private_gate", "stream_cut", "real_clients", "key_rotation",
        "middleware_outage", "gateway_down", "provider_deleted"}) {
    const std::string good = file(name);
    for (int round = 0; round < 40; ++round) {
      std::string text = good;
      for (int i = 0; i < 3; ++i) {
        const std::size_t at = random.next() % text.size();
        const std::size_t from = random.next() % text.size();
        const std::string piece = text.substr(from, random.next() % 24);
        text.replace(at, random.next() % 12, piece);
      }
      const Loaded out = load_text(text, "/nowhere/s.yaml");
      EXPECT_NE(out.scenario.has_value(), !out.complaints.empty());
    }
  }
}

}  // namespace
}  // namespace sallyport::sim::scenario
