// The built sallyport-gateway as its users have it: a server in a process of its own, and the
// command line beside it. All waits are bounded.
#pragma once

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

inline constexpr int kPatienceMs = 20'000;
inline constexpr int kReadyFd = 200;
inline constexpr int kCallFd = 201;

inline bool readable(int fd, int ms) {
  pollfd wanted{fd, POLLIN, 0};
  return ::poll(&wanted, 1, ms) == 1;
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

  // Of mode 0600.
  std::string write_secret(const std::string& name, const std::string& text) {
    const std::string path = write(name, text);
    std::filesystem::permissions(
        path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return path;
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
    words.insert(words.begin(), {"--gateway", scheme_ + address_});
    return run(words, variables);
  }

  // Ends the server as it would be ended by nobody.
  void kill_server() {
    ASSERT_EQ(::kill(server_, SIGKILL), 0);
    wait(server_);
  }

  // A server, until it is ready.
  void start(const std::string& more = "", const std::string& policy = "version: 1\n",
             const std::string& scheme = "http://") {
    scheme_ = scheme;
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
    EXPECT_THAT(line, testing::HasSubstr(fmt::format("\"pid\":{}", server_)));
  }

  static std::string next(int fd) {
    std::array<char, 4096> octets{};
    if (!readable(fd, kPatienceMs)) return {};
    const ssize_t got = ::read(fd, octets.data(), octets.size());
    return {octets.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
  }

  std::string folder_;
  std::string address_;
  std::string scheme_ = "http://";
  pid_t server_ = -1;
  base::UniqueFd calls_;
};

inline std::string between(const std::string& text, const std::string& from,
                           const std::string& to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) return {};
  const std::size_t begin = at + from.size();
  return text.substr(begin, text.find(to, begin) - begin);
}

}  // namespace sallyport::app
