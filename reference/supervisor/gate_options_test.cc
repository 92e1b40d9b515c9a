#include "reference/supervisor/gate_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "reference/supervisor/command_line.h"

namespace sallyport::supervisor {
namespace {

using readiness::ms;
using readiness::Rule;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

CommandLine parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), {"sallyport-supervisor", "gate"});
  return parse_command_line(static_cast<int>(arguments.size()), arguments.data());
}

TEST(GateOptions, TakeTheFieldsNumbersWhereNothingIsSaid) {
  const CommandLine line = parse({"ollama-local", "--sandbox", "ci"});
  ASSERT_TRUE(line.gate) << line.output;
  const readiness::Request& request = line.gate->request;
  EXPECT_EQ(request.kind, "ollama-local");
  EXPECT_EQ(request.rule, Rule::observed);
  EXPECT_EQ(request.endpoint, "https://inference.local/v1/models");
  EXPECT_TRUE(request.setup.gpu);
  EXPECT_EQ(request.setup.platform, "linux");
  EXPECT_EQ(request.setup.driver, "docker");
  EXPECT_EQ(request.setup.route, "compatibility");
  EXPECT_EQ(request.setup.network, "preserve");
  EXPECT_FALSE(request.setup.auto_fix);
  EXPECT_EQ(request.setup.port, 8080);
  EXPECT_EQ(request.limits.attempts, 3);
  EXPECT_EQ(request.limits.gap, ms(2000));
  EXPECT_EQ(request.limits.connect, ms(5000));
  EXPECT_EQ(request.limits.total, ms(10'000));
  EXPECT_EQ(request.limits.exec, ms(15'000));
  EXPECT_THAT(request.exec_command, IsEmpty());
  EXPECT_FALSE(line.gate->json);
}

TEST(GateOptions, GiveACompletionLongerAndAnotherEndpoint) {
  const CommandLine line = parse({"vllm-local", "--rule", "invocation", "--sandbox", "ci"});
  ASSERT_TRUE(line.gate) << line.output;
  const readiness::Request& request = line.gate->request;
  EXPECT_EQ(request.rule, Rule::invocation);
  EXPECT_EQ(request.endpoint, "https://inference.local/v1/chat/completions");
  EXPECT_EQ(request.limits.gap, ms(5000));
  EXPECT_EQ(request.limits.total, ms(90'000));
  EXPECT_EQ(request.limits.exec, ms(95'000));
  EXPECT_EQ(request.expect, "PONG");
}

TEST(GateOptions, SayEveryCondition) {
  const CommandLine line = parse({"ollama-local",
                                  "--exec-command",
                                  "x",
                                  "--gpu",
                                  "no",
                                  "--platform",
                                  "darwin",
                                  "--driver",
                                  "podman",
                                  "--route",
                                  "native",
                                  "--network",
                                  "host",
                                  "--auto-fix",
                                  "yes",
                                  "--subnet",
                                  "172.18.0.0/16",
                                  "--gateway-address",
                                  "172.18.0.1",
                                  "--port",
                                  "11434",
                                  "--bridge-route",
                                  "host-gateway",
                                  "--bridge-host",
                                  "10.200.0.1",
                                  "--bridge-command",
                                  "enter agent --"});
  ASSERT_TRUE(line.gate) << line.output;
  const readiness::Setup& setup = line.gate->request.setup;
  EXPECT_FALSE(setup.gpu);
  EXPECT_EQ(setup.platform, "darwin");
  EXPECT_EQ(setup.driver, "podman");
  EXPECT_EQ(setup.route, "native");
  EXPECT_EQ(setup.network, "host");
  EXPECT_TRUE(setup.auto_fix);
  EXPECT_EQ(setup.subnet, "172.18.0.0/16");
  EXPECT_EQ(setup.gateway, "172.18.0.1");
  EXPECT_EQ(setup.port, 11434);
  EXPECT_TRUE(setup.host_gateway);
  EXPECT_EQ(line.gate->request.bridge_host, "10.200.0.1");
  EXPECT_THAT(line.gate->request.bridge_command, ElementsAre("enter", "agent", "--"));
}

TEST(GateOptions, SayEveryLimitInSeconds) {
  const CommandLine line = parse({"ollama-local",
                                  "--sandbox",
                                  "ci",
                                  "--attempts",
                                  "5",
                                  "--gap",
                                  "0",
                                  "--connect",
                                  "0.2",
                                  "--total",
                                  "0.4",
                                  "--exec-timeout",
                                  "1",
                                  "--bridge-connect",
                                  "0.5",
                                  "--bridge-timeout",
                                  "2",
                                  "--bridge-attempts",
                                  "4",
                                  "--bridge-gap",
                                  "0.01"});
  ASSERT_TRUE(line.gate) << line.output;
  const readiness::GateLimits& limits = line.gate->request.limits;
  EXPECT_EQ(limits.attempts, 5);
  EXPECT_EQ(limits.gap, ms(0));
  EXPECT_EQ(limits.connect, ms(200));
  EXPECT_EQ(limits.total, ms(400));
  EXPECT_EQ(limits.exec, ms(1000));
  EXPECT_EQ(limits.bridge_connect, ms(500));
  EXPECT_EQ(limits.bridge_run, ms(2000));
  EXPECT_EQ(limits.bridge_attempts, 4);
  EXPECT_EQ(limits.bridge_gap, ms(10));
}

TEST(GateOptions, CutTheExecCommandAsAShellDoes) {
  const CommandLine line =
      parse({"ollama-local", "--exec-command", "docker exec 'my box' --", "--agent-netns", "4026",
             "--endpoint", "https://models.test/v1/models", "--model", "m", "--expect", "OK",
             "--state-dir", "/s", "--json"});
  ASSERT_TRUE(line.gate) << line.output;
  EXPECT_THAT(line.gate->request.exec_command, ElementsAre("docker", "exec", "my box", "--"));
  EXPECT_EQ(line.gate->request.endpoint, "https://models.test/v1/models");
  EXPECT_EQ(line.gate->request.model, "m");
  EXPECT_EQ(line.gate->request.expect, "OK");
  EXPECT_EQ(line.gate->agent_netns, "4026");
  EXPECT_EQ(line.gate->state_dir, "/s");
  EXPECT_TRUE(line.gate->json);
}

TEST(GateOptions, TakeAnEmptyEndpointForNone) {
  const CommandLine line = parse({"ollama-local", "--sandbox", "ci", "--endpoint", ""});
  ASSERT_TRUE(line.gate) << line.output;
  EXPECT_EQ(line.gate->request.endpoint, "");
}

TEST(GateOptions, RefuseWhatCannotBeMeant) {
  const std::vector<std::vector<const char*>> wrong{
      {},
      {"--sandbox", "ci"},
      {"ollama-local"},
      {"ollama-local", "--sandbox", "ci", "--rule", "lenient"},
      {"ollama-local", "--sandbox", "ci", "--gpu", "maybe"},
      {"ollama-local", "--sandbox", "ci", "--attempts", "0"},
      {"ollama-local", "--sandbox", "ci", "--total", "0"},
      {"ollama-local", "--sandbox", "ci", "--gap", "-1"},
      {"ollama-local", "--sandbox", "ci", "--expect", ""},
      {"ollama-local", "--sandbox", "ci", "--bridge-host", "-e"},
      {"ollama-local", "--exec-command", "a 'b"},
      {"ollama-local", "--exec-command", " "},
  };
  for (const auto& arguments : wrong) {
    const CommandLine line = parse(arguments);
    EXPECT_FALSE(line.gate);
    EXPECT_EQ(line.exit_code, 2) << ::testing::PrintToString(arguments);
  }
}

TEST(GateOptions, RefuseAnEndpointThatCurlWouldReadOtherwise) {
  for (const char* endpoint :
       {"-K/etc/passwd", "file:///etc/passwd", "https://", "https://a/{b,c}", "https://a/[1-9]",
        "https://{a,b}/", "https://a/ b", "https://a/\nb", "inference.local"}) {
    const CommandLine line = parse({"ollama-local", "--sandbox", "ci", "--endpoint", endpoint});
    EXPECT_EQ(line.exit_code, 2) << endpoint;
    EXPECT_THAT(line.output, HasSubstr("--endpoint")) << endpoint;
  }
  EXPECT_TRUE(
      parse({"ollama-local", "--sandbox", "ci", "--endpoint", "https://[::1]:1/it's"}).gate);
}

TEST(GateOptions, DoNotProveAnythingWithoutKnowingWhereTheAgentRuns) {
  for (const char* rule : {"strict", "invocation"}) {
    EXPECT_THAT(parse({"ollama-local", "--rule", rule, "--exec-command", "x"}).output,
                HasSubstr("--agent-netns"));
    EXPECT_TRUE(
        parse({"ollama-local", "--rule", rule, "--exec-command", "x", "--agent-netns", "1"}).gate);
    EXPECT_TRUE(parse({"ollama-local", "--rule", rule, "--sandbox", "ci"}).gate);
  }
}

TEST(GateOptions, AreShownWithExamplesAndExitCodes) {
  const CommandLine line = parse({"--help"});
  EXPECT_EQ(line.exit_code, 0);
  EXPECT_THAT(line.output, HasSubstr("--exec-command"));
  EXPECT_THAT(line.output, HasSubstr("skipped, nothing is proven"));
}

}  // namespace
}  // namespace sallyport::supervisor
