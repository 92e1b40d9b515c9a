// The program as its users meet it: exit codes, messages, and what is left when it is killed.
#include <dirent.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "reference/base/unique_fd.h"

namespace sallyport::sim::app {
namespace {

namespace fs = std::filesystem;
using base::UniqueFd;
using testing::HasSubstr;

constexpr int kPatienceMs = 20'000;

std::string read_file(const std::string& path) {
  std::ifstream stream(path);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

// A started `sallyport`, its output in a file.
class Program {
 public:
  Program(std::vector<std::string> arguments, const std::string& output) {
    arguments.insert(arguments.begin(), SALLYPORT_PROGRAM);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), O_WRONLY | O_CREAT, 0644);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    EXPECT_EQ(::posix_spawn(&pid, SALLYPORT_PROGRAM, &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
  }
  int wait() const {
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  pid_t pid = -1;
};

// All living descendants, by /proc.
std::set<pid_t> descendants(pid_t of) {
  std::map<pid_t, pid_t> parents;
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string stat = read_file(entry.path() / "stat");
    const std::size_t end = stat.rfind(')');
    if (end == std::string::npos) continue;
    std::istringstream rest(stat.substr(end + 1));
    char state = 0;
    pid_t parent = 0;
    rest >> state >> parent;
    if (state != 'Z') parents[std::stoi(name)] = parent;
  }
  std::set<pid_t> all;
  for (bool grown = true; grown;) {
    grown = false;
    for (const auto& [child, parent] : parents) {
      if (parent == of || all.contains(parent)) grown = all.insert(child).second || grown;
    }
  }
  return all;
}

class SallyportProgram : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/var/tmp/sallyport-test-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
    ASSERT_EQ(::chmod(name, 0755), 0);  // agents have an id of their own
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << text;
    return path;
  }

  int run(std::vector<std::string> arguments) {
    const std::string output = folder_ + "/output";
    fs::remove(output);
    const int code = Program(std::move(arguments), output).wait();
    output_ = read_file(output);
    return code;
  }

  // A world with a supervisor and an agent that would both last for long.
  std::string lasting() {
    return write("lasting.yaml",
                 "scenario: A world that lasts\n"
                 "reproduces: [a/b#1]\n"
                 "timeout: 60s\n"
                 "steps:\n"
                 "  busy: {run: [sleep, '60'], timeout: 60s, background: true}\n"
                 "  wait: {pause: 60s, why: somebody ends us}\n"
                 "kills: [anything]\n");
  }

  // Until the supervisor and the agent's command run; their pids and pidfds.
  std::map<pid_t, UniqueFd> wait_for_world(pid_t program) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatienceMs);
    while (std::chrono::steady_clock::now() < until) {
      const std::set<pid_t> all = descendants(program);
      std::string names;
      for (const pid_t pid : all) names += read_file("/proc/" + std::to_string(pid) + "/comm");
      if (names.find("sallyport-super") != std::string::npos &&
          names.find("sleep") != std::string::npos) {
        std::map<pid_t, UniqueFd> held;
        for (const pid_t pid : all) {
          held.emplace(pid, UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))));
        }
        return held;
      }
      ::poll(nullptr, 0, 5);
    }
    ADD_FAILURE() << "no world: " << read_file(folder_ + "/output");
    return {};
  }

  static void expect_gone(const std::map<pid_t, UniqueFd>& processes) {
    for (const auto& [pid, fd] : processes) {
      if (!fd) continue;  // it was gone before it could be held
      pollfd end{fd.get(), POLLIN, 0};
      EXPECT_EQ(::poll(&end, 1, kPatienceMs), 1) << "still there: " << pid;
    }
  }

  std::string folder_;
  std::string output_;
};

TEST_F(SallyportProgram, TellsAMistakeByFileLineAndColumnAndRunsNothing) {
  const std::string path = write("wrong.yaml",
                                 "scenario: A claim\n"
                                 "reproduces: [a/b#1]\n"
                                 "stepz: {}\n"
                                 "kills: [anything]\n");
  for (const char* const command : {"lint", "run"}) {
    EXPECT_EQ(run({command, path}), 2);
    EXPECT_THAT(output_, HasSubstr(path + ":3:1: "));
    EXPECT_THAT(output_, HasSubstr("did you mean \"steps\"?"));
  }
}

TEST_F(SallyportProgram, SaysWhatIsMissingFromTheCommandLine) {
  EXPECT_EQ(run({"run", folder_ + "/nowhere"}), 2);
  EXPECT_THAT(output_, HasSubstr("no such file or folder"));
  EXPECT_EQ(run({"run", folder_}), 2);
  EXPECT_THAT(output_, HasSubstr("no scenario"));
  EXPECT_EQ(run({"rnu"}), 2);
  EXPECT_EQ(run({"--help"}), 0);
}

TEST_F(SallyportProgram, LeavesNothingWhenItIsKilled) {
  const std::string mounts = read_file("/proc/self/mountinfo");
  const Program program({"run", lasting(), "-j", "1"}, folder_ + "/output");
  const auto world = wait_for_world(program.pid);
  ::kill(program.pid, SIGKILL);
  EXPECT_EQ(program.wait(), 128 + SIGKILL);
  EXPECT_GE(world.size(), 3U);
  expect_gone(world);
  EXPECT_EQ(read_file("/proc/self/mountinfo"), mounts);
  std::set<std::string> files;
  for (const auto& entry : fs::directory_iterator(folder_)) files.insert(entry.path().filename());
  EXPECT_EQ(files, (std::set<std::string>{"lasting.yaml", "output"}));
}

TEST_F(SallyportProgram, EndsItsWorldsWhenItIsInterrupted) {
  const Program program({"run", lasting(), "-j", "1"}, folder_ + "/output");
  const auto world = wait_for_world(program.pid);
  ::kill(program.pid, SIGINT);
  EXPECT_EQ(program.wait(), 130);
  expect_gone(world);
  EXPECT_THAT(read_file(folder_ + "/output"), HasSubstr("interrupted"));
}

TEST_F(SallyportProgram, EndsAWorldInWhichAProviderWaitsForEver) {
  const std::string path = write("hold.yaml",
                                 "scenario: A provider that waits for what never comes\n"
                                 "reproduces: [a/b#1]\n"
                                 "providers:\n"
                                 "  llm: {sse: {events: 6, hold: {event: 4, until: {event: "
                                 "chat.sse, nth: 30}}}}\n"
                                 "inference: {provider: llm}\n"
                                 "steps:\n"
                                 "  chat:\n"
                                 "    request: https://inference.local/v1/chat/completions\n"
                                 "    json: {stream: true, messages: []}\n"
                                 "    timeout: 300ms\n"
                                 "    expect: {class: stalled, sse_count: 3}\n"
                                 "kills: [anything]\n");
  EXPECT_EQ(run({"run", path}), 0) << output_;
}

TEST_F(SallyportProgram, PassesFailsAndReports) {
  const std::string path = write("two.yaml",
                                 "scenario: A provider answers on loopback\n"
                                 "reproduces: [a/b#1]\n"
                                 "matrix: {want: ['200', '204']}\n"
                                 "providers: {api: {listen: 127.0.0.1:8080, dialect: plain}}\n"
                                 "supervisor: none\n"
                                 "steps:\n"
                                 "  call:\n"
                                 "    request: http://127.0.0.1:8080/\n"
                                 "    from: box\n"
                                 "    expect: {status: $(matrix.want)}\n"
                                 "kills: []\n");
  const std::string junit = folder_ + "/junit.xml";
  EXPECT_EQ(run({"run", path, "--cell", "want=200"}), 0);
  EXPECT_THAT(output_, HasSubstr("1 passed, 0 failed, 0 skipped"));
  EXPECT_EQ(run({"run", path, "--junit", junit}), 1);
  EXPECT_THAT(output_, HasSubstr(path + ":10:"));
  EXPECT_THAT(output_, HasSubstr("expected: 204\n  observed: 200"));
  EXPECT_THAT(output_, HasSubstr("--cell want=204"));
  EXPECT_THAT(read_file(junit), HasSubstr("tests=\"2\" failures=\"1\""));
}

// An agent's packets go to its box by default, which would have sent them on.
TEST_F(SallyportProgram, APacketToAnAddressThatNobodyHasIsAnEscape) {
  const std::string path = write("escape.yaml",
                                 "scenario: An agent dials what nobody has\n"
                                 "reproduces: [a/b#1]\n"
                                 "matrix: {to: [10.42.0.9, 10.42.0.8]}\n"
                                 "providers: {api: {listen: 10.42.0.8:8080, dialect: plain}}\n"
                                 "supervisor: none\n"
                                 "steps:\n"
                                 "  call:\n"
                                 "    request: http://$(matrix.to):8080/\n"
                                 "    via: direct\n"
                                 "    timeout: 200ms\n"
                                 "kills: []\n");
  EXPECT_EQ(run({"run", path, "--cell", "to=10.42.0.9"}), 1);
  EXPECT_THAT(output_, HasSubstr("escape: no packet goes to an address that isn't one of this"));
  EXPECT_THAT(output_, HasSubstr("observed: agent sent tcp to 10.42.0.9:8080"));
  EXPECT_THAT(output_, HasSubstr("the nearest address: 10.42.0.8 of provider api"));
  EXPECT_THAT(output_, HasSubstr("the step under way: call"));
  EXPECT_EQ(run({"run", path, "--cell", "to=10.42.0.8"}), 0) << output_;
  EXPECT_EQ(run({"plan", "--cells", path}), 0);
  EXPECT_THAT(output_, HasSubstr("escape: no packet goes"));
}

}  // namespace
}  // namespace sallyport::sim::app
