// `gate` as its users start it: real shells and processes; the exec command is `env`, which stays
// in this namespace, or the program's own `exec` into a real sandbox.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <rapidjson/document.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "reference/app/sandbox_stage.h"

namespace sallyport::app {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Ended {
  int code = 0;
  std::string out, err;
};

Ended end_of(Running running) {
  Ended ended;
  ended.out = running.out.read_to_end();
  ended.err = running.err.read_to_end();
  ended.code = running.wait();
  return ended;
}

// A stage whose `curl` is a script of the test's.
class GateProgram : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directory(stage_.path("bin")); }

  void tool(const std::string& name, const std::string& does) const {
    const std::string file = "bin/" + name;
    stage_.write(file, "#!/bin/sh\necho \"$@\" >> " + stage_.path(name + ".calls") + "\n" + does);
    std::filesystem::permissions(stage_.path(file), std::filesystem::perms::owner_all);
  }
  [[nodiscard]] std::string calls(const std::string& name) const {
    return read_file(stage_.path(name + ".calls"));
  }
  [[nodiscard]] std::string here() const {
    return "env PATH=" + stage_.path("bin") + ":/usr/bin:/bin";
  }
  [[nodiscard]] Running begin(Words flags, const std::string& kind = "ollama-local") const {
    flags.insert(flags.begin(), {"gate", kind});
    return stage_.start(flags);
  }
  [[nodiscard]] Ended gate(Words flags, const std::string& kind = "ollama-local") const {
    flags.insert(flags.begin(), {"--gap", "0", "--exec-command", here()});
    return end_of(begin(flags, kind));
  }

  Stage stage_;
};

TEST_F(GateProgram, TellsSuccessOnStandardOutput) {
  tool("curl", "printf '200 000 0'");
  const Ended ended = gate({"--agent-netns", "/proc/self/ns/net", "--rule", "strict"});
  EXPECT_EQ(ended.code, 0);
  EXPECT_THAT(ended.out, HasSubstr("https://inference.local/v1/models (HTTP 200)"));
  EXPECT_EQ(ended.err, "");
}

TEST_F(GateProgram, TellsFailureWithRecoveryOnStandardError) {
  tool("curl", "printf '503 000 0'");
  const Ended ended = gate({});
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(ended.out, "");
  EXPECT_THAT(ended.err, HasSubstr("provider=Local Ollama\n"));
  EXPECT_THAT(ended.err, HasSubstr("HTTP 503"));
  EXPECT_THAT(ended.err, HasSubstr("Recovery:\n"));
  const std::string asked = calls("curl");
  EXPECT_EQ(std::count(asked.begin(), asked.end(), '\n'), 3);
}

TEST_F(GateProgram, TellsItsReportAsJson) {
  tool("curl", "printf '000 403 0'; exit 56");
  const Ended ended = gate({"--json", "--agent-netns", "/proc/self/ns/net"});
  rapidjson::Document report;
  report.Parse(ended.out.c_str());
  ASSERT_FALSE(report.HasParseError()) << ended.out << ended.err;
  EXPECT_STREQ(report["class"].GetString(), "unreachable");
  EXPECT_EQ(report["calls"].GetInt(), 3);
  EXPECT_EQ(report["gaps"].GetInt(), 2);
  EXPECT_EQ(report["exit"].GetInt(), 56);
  EXPECT_STREQ(report["http_connect"].GetString(), "403");
  EXPECT_EQ(report["context"].GetUint64(), report["agent"].GetUint64());
  EXPECT_THAT(ended.err, HasSubstr("Recovery:"));
}

TEST_F(GateProgram, RunsNothingThatDoesNotApplyAndSaysSoByItsExitCode) {
  tool("curl", "printf '200 000 0'");
  EXPECT_EQ(gate({}, "openai").code, 3);
  EXPECT_EQ(gate({"--route", "native"}).code, 3);
  EXPECT_EQ(gate({"--endpoint", ""}).code, 3);
  EXPECT_EQ(calls("curl"), "");
}

TEST_F(GateProgram, IsNotTakenInByAGoodAnswerFromElsewhere) {
  tool("curl", "printf '200 000 0'");
  const Ended ended = gate({"--agent-netns", "1"});
  EXPECT_EQ(ended.code, 5);
  EXPECT_THAT(ended.err, HasSubstr("proves nothing"));
}

TEST_F(GateProgram, SaysThatTheProbeDidNotRun) {
  const Ended missing = end_of(begin({"--exec-command", "/no/such/program", "--attempts", "1"}));
  EXPECT_EQ(missing.code, 4);
  EXPECT_THAT(missing.err, HasSubstr("No such file or directory"));
  const Ended late = end_of(begin({"--exec-command", "sh -c 'exec sleep 1000' --", "--attempts",
                                   "1", "--exec-timeout", "0.1"}));
  EXPECT_EQ(late.code, 4);
  EXPECT_THAT(late.err, HasSubstr("didn't end within 100 ms"));
}

TEST_F(GateProgram, EndsAtAClosedBridgeAndOpensNoFirewallForABroadSubnet) {
  tool("curl", "printf '200 000 0'");
  tool("docker", "exit 1");
  tool("sudo", "exit 0");
  const Words look{"--network", "host", "--bridge-command", here() + " docker"};
  const Ended closed = gate(look);
  EXPECT_EQ(closed.code, 1);
  EXPECT_THAT(closed.err, HasSubstr("tcp_failed"));
  EXPECT_EQ(calls("docker"), "sh -c nc -zw5 host.openshell.internal 8080\n");
  Words broad = look;
  broad.insert(broad.end(), {"--auto-fix", "yes", "--subnet", "0.0.0.0/0", "--gateway-address",
                             "172.18.0.1", "--json"});
  const Ended refused = gate(broad);
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.out, HasSubstr(R"("recheck":"invalid_rule_operand")"));
  EXPECT_EQ(calls("sudo"), "");
  EXPECT_EQ(calls("curl"), "");
}

TEST_F(GateProgram, EndsWhatRunsWhenItIsToldToEnd) {
  const std::string path = stage_.path("alive");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  Source alive(base::UniqueFd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)));
  tool("curl", "exec 3> " + path + "; echo up >&3; exec sleep 1000");
  Running hanging = begin({"--exec-command", here()});
  EXPECT_EQ(alive.read_line(), "up\n");
  ::kill(hanging.pid, SIGINT);
  EXPECT_EQ(hanging.wait(), 128 + SIGINT);
  // Ends with the last process that has it.
  EXPECT_EQ(alive.read_to_end(), "");
  EXPECT_EQ(hanging.out.read_to_end(), "");
}

TEST_F(GateProgram, ExplainsMisuse) {
  EXPECT_EQ(end_of(begin({})).code, 2);
  const Ended odd = gate({"--agent-netns", "/etc/passwd"});
  EXPECT_EQ(odd.code, 2);
  EXPECT_THAT(odd.err, HasSubstr("--agent-netns /etc/passwd"));
  EXPECT_EQ(end_of(begin({"--sandbox", "../x"})).code, 2);
}

// Answers so many connections with `answer`, one request each.
pid_t start_upstream(const std::string& answer, int connections) {
  const base::UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(8080);
  ::inet_pton(AF_INET, kUpstream, &address.sin_addr);
  (void)::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  (void)::listen(listener.get(), 8);
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  for (; connections > 0; --connections) {
    Connection peer(base::UniqueFd(::accept(listener.get(), nullptr, nullptr)));
    peer.read_message();
    peer.send(answer);
  }
  ::_exit(0);
}

// The gate about a sandbox that runs, whose route is an upstream beyond the proxy.
Ended about_sandbox(Stage& stage, Words flags) {
  Running box = stage.shell("echo up; exec sleep 1000");
  box.out.read_line();
  const Words usual{"gate",   "vllm-local", "--sandbox", "box", "--state-dir", stage.path("state"),
                    "--json", "--gap",      "0"};
  flags.insert(flags.begin(), usual.begin(), usual.end());
  const Ended ended = end_of(stage.start(flags));
  ::kill(box.pid, SIGTERM);
  box.wait();
  return ended;
}

TEST(GateOfSandbox, ProvesTheRouteFromTheAgentsOwnNamespace) {
  EXPECT_THAT(on_stage([](Stage& stage) {
                const pid_t upstream =
                    start_upstream("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 1);
                const Ended ended = about_sandbox(
                    stage, {"--rule", "strict", "--endpoint", "http://10.9.0.1:8080/v1/models"});
                ::kill(upstream, SIGKILL);
                ::waitpid(upstream, nullptr, 0);
                rapidjson::Document report;
                report.Parse(ended.out.c_str());
                const bool same = !report.HasParseError() && report["context"].IsUint64() &&
                                  report["context"] == report["agent"];
                return fmt::format("{} {} {}{}", ended.code, same, ended.out, ended.err);
              }),
              StartsWith("0 true {\"class\":\"ok\""));
}

TEST(GateOfSandbox, ProvesACompletionByWhatItSays) {
  const auto ask = [](const std::string& body) {
    return on_stage([&body](Stage& stage) {
      const pid_t upstream = start_upstream(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n"
                                                        "Content-Type: application/json\r\n\r\n{}",
                                                        body.size(), body),
                                            3);
      const Ended ended = about_sandbox(stage, {"--rule", "invocation", "--endpoint",
                                                "http://10.9.0.1:8080/v1/chat/completions"});
      ::kill(upstream, SIGKILL);
      ::waitpid(upstream, nullptr, 0);
      return fmt::format("{} {}{}", ended.code, ended.out, ended.err);
    });
  };
  EXPECT_THAT(ask(R"({"choices":[{"message":{"content":"PONG"}}]})"),
              StartsWith("0 {\"class\":\"ok\""));
  EXPECT_THAT(ask(R"({"choices":[{"message":{"content":"no"}}]})"),
              StartsWith("1 {\"class\":\"unreachable\",\"reason\":\"unexpected-answer\""));
}

TEST(GateOfSandbox, SeesAProbeThatRanBesideIt) {
  EXPECT_THAT(on_stage([](Stage& stage) {
                std::filesystem::create_directory(stage.path("bin"));
                stage.write("bin/curl", "#!/bin/sh\nprintf '200 000 0'");
                std::filesystem::permissions(stage.path("bin/curl"),
                                             std::filesystem::perms::owner_all);
                const Ended ended = about_sandbox(
                    stage, {"--exec-command", "env PATH=" + stage.path("bin") + ":/usr/bin:/bin"});
                return fmt::format("{} {}{}", ended.code, ended.out, ended.err);
              }),
              StartsWith("5 {\"class\":\"wrong_context\""));
}

TEST(GateOfSandbox, SaysThatThereIsNone) {
  EXPECT_THAT(on_stage([](Stage& stage) {
                const Ended ended =
                    end_of(stage.start({"gate", "vllm-local", "--sandbox", "gone", "--state-dir",
                                        stage.path("state"), "--attempts", "1"}));
                return fmt::format("{} {}", ended.code, ended.err);
              }),
              HasSubstr("there is no sandbox"));
}

}  // namespace
}  // namespace sallyport::app
