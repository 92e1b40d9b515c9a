// For this folder's tests of `run` and `exec`: the program as its users start it, on the machine's
// own kernel, in a user namespace whose root has nobody else to be, with an address that a policy
// may allow.
#pragma once

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "reference/app/program_fixture.h"
#include "reference/linux/links.h"
#include "reference/linux/testing/in_namespaces.h"

namespace sallyport::app {

using Words = std::vector<std::string>;

inline constexpr const char* kUpstream = "10.9.0.1";

// A program with its output in a pipe each.
struct Running {
  pid_t pid = -1;
  Source out, err;

  // The exit code; 128 and the signal; 999 when it doesn't end.
  int wait() const {
    const base::UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    pollfd wanted{process.get(), POLLIN, 0};
    if (::poll(&wanted, 1, kPatienceMs) != 1) return 999;
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  // `code N: ` and what it said: its output, then its errors.
  std::string ended() {
    std::string text = out.read_to_end();
    text += err.read_to_end();
    return fmt::format("code {}: {}", wait(), text);
  }
};

class Stage {
 public:
  Stage() {
    (void)::mkdtemp(folder_.data());
    auto links = linux::Links::open();
    if (!links) return;
    (void)links->set_up("lo", true);
    (void)links->add_address("lo", *net::IpAddress::parse(kUpstream), 32);
    write("config.yaml", "audit: {file: audit.jsonl}\nlog_level: error\n");
    policy("");
  }
  ~Stage() { std::filesystem::remove_all(folder_); }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name)) << text;
  }
  void policy(const std::string& sections) const {
    write("policy.yaml", fmt::format("version: 1\n{}network_policies:\n  web:\n    endpoints:\n"
                                     "      - {{host: {}, port: 8080, allowed_ips: [{}/32]}}\n"
                                     "    binaries: [{{path: '/**'}}]\n",
                                     sections, kUpstream, kUpstream));
  }
  [[nodiscard]] std::string audit() const { return read_file(path("audit.jsonl")); }

  [[nodiscard]] Running start(Words words, const std::string& input = "/dev/null") const {
    words.insert(words.begin(), SALLYPORT_SUPERVISOR);
    return start_program(std::move(words), input);
  }
  [[nodiscard]] static Running start_program(Words words, const std::string& input = "/dev/null") {
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    std::array<int, 2> out{}, err{};
    Running running;
    if (::pipe2(out.data(), O_CLOEXEC) != 0 || ::pipe2(err.data(), O_CLOEXEC) != 0) return running;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, input.c_str(), O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawn_file_actions_adddup2(&actions, err[1], 2);
    (void)::posix_spawn(&running.pid, argv[0], &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(out[1]);
    ::close(err[1]);
    running.out = Source(base::UniqueFd(out[0]));
    running.err = Source(base::UniqueFd(err[0]));
    return running;
  }
  [[nodiscard]] Running run(const Words& command) const {
    Words words{"run",    "--policy", path("policy.yaml"), "--config",    path("config.yaml"),
                "--name", "box",      "--state-dir",       path("state"), "--"};
    words.insert(words.end(), command.begin(), command.end());
    return start(words);
  }
  [[nodiscard]] Running shell(const std::string& script) const {
    return run({"bash", "-c", script});
  }
  [[nodiscard]] Running exec(const Words& flags, const Words& command,
                             const std::string& input = "/dev/null") const {
    Words words{"exec", "--sandbox", "box", "--state-dir", path("state")};
    words.insert(words.end(), flags.begin(), flags.end());
    words.emplace_back("--");
    words.insert(words.end(), command.begin(), command.end());
    return start(words, input);
  }

 private:
  std::string folder_ = "/tmp/run-sandbox-XXXXXX";
};

// What a test's stage comes to.
inline std::string on_stage(const std::function<std::string(Stage&)>& act) {
  return linux::testing::in_namespaces([&act] {
    Stage stage;
    return act(stage);
  });
}

}  // namespace sallyport::app
