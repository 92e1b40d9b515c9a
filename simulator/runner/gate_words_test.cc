#include "simulator/runner/gate_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::sim::runner {
namespace {

using testing::IsSupersetOf;

const GateGround kGround{4026532580, "/run/w/sandbox exec", "10.200.0.0/24", "10.200.0.1", 11434};

// The value behind `flag`.
std::string after(const std::vector<std::string>& arguments, const std::string& flag) {
  for (std::size_t i = 0; i + 1 < arguments.size(); ++i) {
    if (arguments[i] == flag) return arguments[i + 1];
  }
  return "(not said)";
}

TEST(GateArguments, SayWhatTheStepSays) {
  agents::GateSpec spec;
  spec.kind = "vllm-local";
  spec.rule = "strict";
  spec.setup.gpu = false;
  spec.setup.network = "host";
  spec.limits.attempts = 2;
  spec.limits.total = std::chrono::milliseconds(400);
  const auto arguments = gate_arguments(spec, kGround);
  EXPECT_EQ(arguments[0], "gate");
  EXPECT_EQ(arguments[1], "vllm-local");
  EXPECT_EQ(after(arguments, "--rule"), "strict");
  EXPECT_EQ(after(arguments, "--gpu"), "no");
  EXPECT_EQ(after(arguments, "--network"), "host");
  EXPECT_EQ(after(arguments, "--attempts"), "2");
  EXPECT_EQ(after(arguments, "--total"), "0.400000");
}

TEST(GateArguments, SayWhereTheAgentIs) {
  const auto arguments = gate_arguments({}, kGround);
  EXPECT_EQ(after(arguments, "--agent-netns"), "4026532580");
  EXPECT_EQ(after(arguments, "--exec-command"), "'/run/w/sandbox exec'");
  EXPECT_EQ(after(arguments, "--gateway-address"), "10.200.0.1");
  EXPECT_EQ(after(arguments, "--port"), "11434");
}

TEST(GateArguments, TheStepsSubnetComesBeforeTheLinks) {
  agents::GateSpec spec;
  EXPECT_EQ(after(gate_arguments(spec, kGround), "--subnet"), "10.200.0.0/24");
  spec.setup.subnet = "0.0.0.0/0";
  EXPECT_EQ(after(gate_arguments(spec, kGround), "--subnet"), "0.0.0.0/0");
}

TEST(GateArguments, LeaveOutWhatTheWorldDoesNotHave) {
  const auto arguments = gate_arguments({}, GateGround{});
  EXPECT_EQ(after(arguments, "--subnet"), "(not said)");
  EXPECT_EQ(after(arguments, "--gateway-address"), "(not said)");
  EXPECT_EQ(after(arguments, "--port"), "(not said)");
}

TEST(GateReport, HasItsFacts) {
  const agents::Facts facts = facts_of_report(
      R"({"class":"unreachable","reason":"no-answer","code":"000","detail":null,"gaps":2,)"
      R"("exit":60,"http_connect":"200","tls_verify":"20","network":"preserve","recheck":null})");
  EXPECT_EQ(facts.at("class"), journal::Value(std::string("unreachable")));
  EXPECT_EQ(facts.at("code"), journal::Value(std::string("000")));
  EXPECT_EQ(facts.at("gaps"), journal::Value(std::int64_t{2}));
  EXPECT_EQ(facts.at("exit"), journal::Value(std::int64_t{60}));
  EXPECT_EQ(facts.at("http_connect"), journal::Value(std::int64_t{200}));
  EXPECT_EQ(facts.at("tls_verify"), journal::Value(std::string("20")));
  EXPECT_FALSE(facts.contains("detail"));
  EXPECT_FALSE(facts.contains("recheck"));
}

TEST(GateReport, ThatIsNoneHasNoClass) {
  EXPECT_TRUE(facts_of_report("").empty());
  EXPECT_TRUE(facts_of_report("ok").empty());
  EXPECT_TRUE(facts_of_report("[1]").empty());
  EXPECT_FALSE(facts_of_report(R"({"code":"200"})").contains("class"));
}

TEST(BridgeTry, IsReadOffTheShellsText) {
  const auto one = bridge_try({"run", "--rm", "--add-host", "host.internal:10.200.0.1", "busybox",
                               "sh", "-c", "nc -zw5 'host.internal' '11434'"});
  ASSERT_TRUE(one);
  EXPECT_EQ(one->host, "host.internal");
  EXPECT_EQ(one->address, "10.200.0.1");
  EXPECT_EQ(one->port, 11434);
}

TEST(BridgeTry, IsReadOffWords) {
  const auto one = bridge_try({"run", "busybox", "nc", "-zw5", "10.0.0.1", "80"});
  ASSERT_TRUE(one);
  EXPECT_EQ(one->host, "10.0.0.1");
  EXPECT_EQ(one->address, "");
  EXPECT_EQ(one->port, 80);
}

TEST(BridgeTry, IsNoneWithoutAPort) {
  EXPECT_FALSE(bridge_try({}));
  EXPECT_FALSE(bridge_try({"ps"}));
  EXPECT_FALSE(bridge_try({"run", "busybox", "true"}));
  EXPECT_FALSE(bridge_try({"run", "busybox", "sh", "-c", "nc -zw5 host 0"}));
  EXPECT_FALSE(bridge_try({"run", "busybox", "sh", "-c", "nc -zw5 host 70000"}));
}

}  // namespace
}  // namespace sallyport::sim::runner
