// The built sallyport-gateway as its users have it: a server in a process of its own, and the
// command line beside it. All waits are bounded.
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "reference/base/unique_fd.h"

namespace sallyport::app {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr int kPatienceMs = 20'000;
constexpr int kReadyFd = 200;
constexpr int kCallFd = 201;

bool readable(int fd, int ms) {
  pollfd wanted{fd, POLLIN, 0};
  return ::poll(&wanted, 1, ms) == 1;
}

constexpr const char* kGuarded =
    "version: 1\nnetwork_middlewares: {g: {middleware: acme/x, endpoints: {include: [a.test]}}}\n";

std::string registration(int port) {
  return fmt::format(
      "middleware: [{{name: acme/x, grpc_endpoint: 'http://127.0.0.1:{}', "
      "max_payload_bytes: 1, timeout: 30s}}]\n",
      port);
}

struct Ran {
  int code = -1;
  std::string said;  // stdout and stderr
};

class GatewayProgram : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "gateway.XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override {
    if (server_ > 0) {
      ::kill(server_, SIGKILL);
      wait(server_);
    }
    std::filesystem::remove_all(folder_);
  }

  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name) << text;
    return folder_ + "/" + name;
  }

  // With descriptors for the program, `said` for what it says, and variables besides ours.
  pid_t spawn(std::vector<std::string> words, const std::string& said,
              const std::vector<std::pair<int, int>>& fds,
              const std::vector<std::string>& variables = {}) {
    words.insert(words.begin(), SALLYPORT_GATEWAY);
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    std::vector<std::string> named = variables;
    std::vector<char*> environment;
    for (std::string& one : named) environment.push_back(one.data());
    for (char** one = environ; *one != nullptr; ++one) environment.push_back(*one);
    environment.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (const auto& [ours, its] : fds) posix_spawn_file_actions_adddup2(&actions, ours, its);
    posix_spawn_file_actions_addopen(&actions, 1, said.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    pid_t pid = -1;
    EXPECT_EQ(::posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environment.data()), 0);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
  }

  static int wait(pid_t& pid) {
    const base::UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!readable(process.get(), kPatienceMs)) {
      ADD_FAILURE() << "it doesn't end";
      ::kill(pid, SIGKILL);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    pid = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  static std::string text_of(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

  Ran run(const std::vector<std::string>& words, const std::vector<std::string>& variables = {}) {
    const std::string said = folder_ + "/client";
    pid_t pid = spawn(words, said, {}, variables);
    const int code = wait(pid);
    return {code, text_of(said)};
  }
  // The client, of the server that was started.
  Ran ask(std::vector<std::string> words, const std::vector<std::string>& variables = {}) {
    words.insert(words.begin(), {"--gateway", "http://" + address_});
    return run(words, variables);
  }

  // A server, until it is ready.
  void start(const std::string& more = "", const std::string& policy = "version: 1\n") {
    write("policy.yaml", policy);
    const std::string config = write(
        "gateway.yaml",
        "listen: 127.0.0.1:0\npolicy: policy.yaml\n"
        "providers: {main: {type: openai, credentials: {OPENAI_API_KEY: sk-first}}}\n"
        "inference: {provider: main, model: m-1}\nsandboxes: [{id: sb, providers: [main]}]\n" +
            more);
    int ready[2];
    int calls[2];
    ASSERT_EQ(::pipe2(ready, O_CLOEXEC), 0);
    ASSERT_EQ(::pipe2(calls, O_CLOEXEC), 0);
    const base::UniqueFd ready_end(ready[1]);
    const base::UniqueFd calls_end(calls[1]);
    server_ = spawn({"serve", "--config", config, "--ready-fd", std::to_string(kReadyFd),
                     "--call-fd", std::to_string(kCallFd)},
                    folder_ + "/server", {{ready[1], kReadyFd}, {calls[1], kCallFd}});
    calls_ = base::UniqueFd(calls[0]);
    const base::UniqueFd reading(ready[0]);
    const std::string line = next(reading.get());
    const std::size_t at = line.find("127.0.0.1");
    ASSERT_NE(at, std::string::npos) << line << text_of(folder_ + "/server");
    address_ = line.substr(at, line.find('"', at) - at);
    EXPECT_THAT(line, HasSubstr(fmt::format("\"pid\":{}", server_)));
  }

  static std::string next(int fd) {
    std::array<char, 4096> octets{};
    if (!readable(fd, kPatienceMs)) return {};
    const ssize_t got = ::read(fd, octets.data(), octets.size());
    return {octets.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
  }

  std::string folder_;
  std::string address_;
  pid_t server_ = -1;
  base::UniqueFd calls_;
};

std::string between(const std::string& text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) return {};
  const std::size_t begin = at + from.size();
  return text.substr(begin, text.find(to, begin) - begin);
}

TEST_F(GatewayProgram, TellsAnotherEnvironmentAfterEachStart) {
  const std::vector<std::string> words = {"provider", "update", "main",      "--json",
                                          "--config", "k=v",    "--sandbox", "sb"};
  start();
  const Ran first = ask(words);
  ASSERT_EQ(::kill(server_, SIGKILL), 0);
  wait(server_);
  start();
  const Ran second = ask(words);
  EXPECT_NE(between(first.said, R"("environment":")", "\""), "");
  EXPECT_NE(between(first.said, R"("environment":")", "\""),
            between(second.said, R"("environment":")", "\""));
  EXPECT_EQ(between(first.said, R"("bundle":")", "\""),
            between(second.said, R"("bundle":")", "\""));
}

TEST_F(GatewayProgram, RotatesAKeyFromAVariableAndTellsTheRevisionsAfterIt) {
  start();
  const std::vector<std::string> words = {"provider",     "update",         "main",      "--json",
                                          "--credential", "OPENAI_API_KEY", "--sandbox", "sb"};
  const Ran first = ask(words, {"OPENAI_API_KEY=sk-second"});
  const Ran second = ask(words, {"OPENAI_API_KEY=sk-third"});
  ASSERT_EQ(first.code, 0) << first.said;
  ASSERT_EQ(second.code, 0) << second.said;
  EXPECT_THAT(first.said, HasSubstr(R"({"code":"OK","result":{"name":"main")"));
  EXPECT_NE(between(first.said, R"("bundle":")", "\""),
            between(second.said, R"("bundle":")", "\""));
  EXPECT_EQ(between(first.said, R"("config":")", "\""),
            between(second.said, R"("config":")", "\""));
  EXPECT_EQ(between(first.said, R"("bundle":")", "\"").size(), 16U);
  EXPECT_THAT(first.said + second.said + text_of(folder_ + "/server"), Not(HasSubstr("sk-")));
}

TEST_F(GatewayProgram, RefusesAValueInArgv) {
  const Ran ran = run({"provider", "update", "main", "--credential", "K=sk-secret"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.said, Not(HasSubstr("sk-secret")));
}

TEST_F(GatewayProgram, KeepsAProviderInUseUnlessForced) {
  start();
  const Ran refused = ask({"provider", "delete", "main", "--json"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.said,
              HasSubstr(R"({"code":"FAILED_PRECONDITION","message":"provider 'main')"));
  const Ran said = ask({"provider", "delete", "main"});
  EXPECT_THAT(said.said, HasSubstr("FAILED_PRECONDITION: provider 'main' is in use by route"));
  const Ran forced = ask({"provider", "delete", "main", "--force", "--json", "--sandbox", "sb"});
  EXPECT_EQ(forced.code, 0) << forced.said;
  EXPECT_THAT(forced.said, HasSubstr(R"("bundle":"")"));
}

TEST_F(GatewayProgram, SetsAPolicyAndRefusesAnUnsoundOne) {
  start();
  const Ran set = ask({"policy", "set", write("new.yaml", "version: 1\nnetwork_policies: {}\n"),
                       "--sandbox", "sb", "--json"});
  EXPECT_EQ(set.code, 0) << set.said;
  EXPECT_THAT(set.said, HasSubstr(R"("version":1)"));
  const Ran wrong = ask({"policy", "set", write("wrong.yaml", "version: 9\n")});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.said, HasSubstr("wrong.yaml:1:"));
  const Ran unregistered = ask({"policy", "set",
                                write("guard.yaml",
                                      "version: 1\nnetwork_middlewares: {g: {middleware: "
                                      "acme/x, endpoints: {include: [a.test]}}}\n")});
  EXPECT_EQ(unregistered.code, 1);
  EXPECT_THAT(unregistered.said, HasSubstr("not registered"));
}

TEST_F(GatewayProgram, SetsReadsAndDeletesTheRoute) {
  start();
  EXPECT_EQ(ask({"inference", "update", "--model", "m-2", "--timeout", "90s"}).code, 0);
  EXPECT_THAT(ask({"inference", "get"}).said, HasSubstr("model m-2\ttimeout 90s\tversion 2"));
  EXPECT_EQ(ask({"inference", "set", "--provider", "none", "--model", "m"}).code, 1);
  EXPECT_EQ(ask({"inference", "delete"}).code, 0);
  EXPECT_THAT(ask({"inference", "get"}).said, HasSubstr("not configured"));
}

TEST_F(GatewayProgram, TellsEachServedCall) {
  start();
  EXPECT_THAT(ask({"status"}).said, HasSubstr("healthy, version"));
  EXPECT_EQ(next(calls_.get()), "{\"rpc\":\"Health\",\"code\":\"OK\"}\n");
}

TEST_F(GatewayProgram, SaysWhenNoGatewayAnswers) {
  const Ran ran = run({"--gateway", "http://127.0.0.1:1", "status", "--json"});
  EXPECT_EQ(ran.code, 3);
  EXPECT_THAT(ran.said, HasSubstr(R"({"code":"UNAVAILABLE")"));
  EXPECT_EQ(run({"--gateway", "nonsense", "status"}).code, 2);
}

TEST_F(GatewayProgram, TakesNoProxyFromItsEnvironment) {
  start();
  const std::vector<std::string> proxies = {"http_proxy=http://127.0.0.1:1",
                                            "grpc_proxy=http://127.0.0.1:1"};
  EXPECT_EQ(ask({"status"}, proxies).code, 0);
}

TEST_F(GatewayProgram, EndsWithinASecondOfASigtermAndIgnoresSighup) {
  start();
  ASSERT_EQ(::kill(server_, SIGHUP), 0);
  EXPECT_EQ(ask({"status"}).code, 0);
  ASSERT_EQ(::kill(server_, SIGTERM), 0);
  EXPECT_EQ(wait(server_), 0);
  EXPECT_THAT(text_of(folder_ + "/server"), HasSubstr("SIGHUP: nothing is read again"));
}

TEST_F(GatewayProgram, StartsWithoutTheServicesThatItsPoliciesName) {
  start(registration(1), kGuarded);
  EXPECT_THAT(text_of(folder_ + "/server"), HasSubstr("acme/x"));
  EXPECT_THAT(text_of(folder_ + "/server"), HasSubstr("starting all the same"));
  // What it began with isn't what it takes.
  const Ran set = ask({"policy", "set", folder_ + "/policy.yaml"});
  EXPECT_EQ(set.code, 1) << set.said;
  EXPECT_THAT(set.said, HasSubstr("acme/x"));
}

TEST_F(GatewayProgram, EndsWhileACallWaitsForAServiceThatIsSilent) {
  base::UniqueFd service(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(::bind(service.get(), generic, size), 0);
  ASSERT_EQ(::listen(service.get(), 8), 0);
  ASSERT_EQ(::getsockname(service.get(), generic, &size), 0);
  start(registration(ntohs(address.sin_port)));
  const std::string policy = write("guard.yaml", kGuarded);
  pid_t client =
      spawn({"--gateway", "http://" + address_, "policy", "set", policy}, folder_ + "/client", {});
  ASSERT_TRUE(readable(service.get(), kPatienceMs));
  const auto before = std::chrono::steady_clock::now();
  ASSERT_EQ(::kill(server_, SIGTERM), 0);
  EXPECT_EQ(wait(server_), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(10));
  EXPECT_EQ(wait(client), 3);
}

TEST_F(GatewayProgram, ChecksAConfigurationAndSaysWhatIsWrong) {
  EXPECT_EQ(run({"serve", "--check", "--config", write("good.yaml", "{}\n")}).code, 0);
  const Ran wrong = run({"serve", "--check", "--config", write("wrong.yaml", "listn: x\n")});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.said, HasSubstr("wrong.yaml:1:1"));
  EXPECT_EQ(run({"serve", "--config", "/nonexistent"}).code, 2);
}

}  // namespace
}  // namespace sallyport::app
