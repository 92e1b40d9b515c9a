// The scheduler dies by SIGKILL at every step of making a world, and nothing may be left.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>

#include "simulator/world/clone_world.h"
#include "simulator/world/lifeline.h"
#include "simulator/world/testing/in_world.h"

namespace sallyport::sim::world {
namespace {

using base::UniqueFd;
using testing::shell;

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    read.reset(ends[0]);
    write.reset(ends[1]);
  }
  UniqueFd read, write;
};

// Stops at one step, whichever process takes it, after saying so.
struct StopAt {
  CreationStep step;
  int say;   // write end
  int hold;  // read end of a pipe into which nothing is ever written
  void operator()(CreationStep now) const {
    if (now != step) return;
    char nothing = 0;
    if (::write(say, "s", 1) == 1) [[maybe_unused]]
      const auto held = ::read(hold, &nothing, 1);
  }
};

std::string link_of(const std::string& path) {
  std::error_code gone;
  return std::filesystem::read_symlink(path, gone).string();
}

constexpr std::array kKinds{"user", "pid", "mnt", "net", "ipc", "uts"};

std::set<std::string> namespaces_of(const std::string& pid) {
  std::set<std::string> all;
  for (const char* kind : kKinds) all.insert(link_of("/proc/" + pid + "/ns/" + kind));
  return all;
}

// All processes of the machine that are in a namespace that one of `world` is in and we aren't.
// A namespace lives, and its mounts and links with it, as long as one of these does.
std::set<pid_t> members_of_namespaces(const std::set<pid_t>& world) {
  const auto own = namespaces_of("self");
  std::set<std::string> theirs;
  for (const pid_t pid : world) theirs.merge(namespaces_of(std::to_string(pid)));
  std::set<pid_t> members;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    for (const auto& one : namespaces_of(name)) {
      if (!one.empty() && theirs.contains(one) && !own.contains(one)) {
        members.insert(std::stoi(name));
      }
    }
  }
  return members;
}

// The pids of all descendants of `root`.
std::set<pid_t> descendants(pid_t root) {
  std::set<pid_t> found;
  const auto folder = "/proc/" + std::to_string(root) + "/task/" + std::to_string(root);
  std::ifstream children(folder + "/children");
  for (pid_t pid = 0; children >> pid;) {
    found.insert(pid);
    found.merge(descendants(pid));
  }
  return found;
}

// Until each of `pids` has ended and was reaped; orphans come to this process.
void expect_all_end(const std::set<pid_t>& pids) {
  for (const pid_t pid : pids) {
    const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!pidfd) continue;
    pollfd ended{pidfd.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&ended, 1, 10'000), 1) << "process " << pid << " is left";
  }
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

net::Task<void> start_and_say(net::Executor executor, std::unique_ptr<Process>& process, int say) {
  auto started = spawn(executor, shell("trap '' TERM HUP; sleep 600"));
  if (started) process = std::move(*started);
  [[maybe_unused]] const auto said = ::write(say, "s", 1);
  co_return;
}

// A body as a world has it: a loop, the lifeline, and a command of its own.
int live(WorldContext& context, int say) {
  net::Loop loop;
  watch_lifeline(loop.executor(), context.lifeline.get());
  std::unique_ptr<Process> process;
  net::asio::co_spawn(loop.executor(), start_and_say(loop.executor(), process, say),
                      net::asio::detached);
  loop.context().run();
  return 0;
}

// Runs as a process of its own, until it is killed.
[[noreturn]] void be_scheduler(const WorldPlan& plan, int say, bool only_lifeline) {
  auto body = [say, only_lifeline](WorldContext& context) {
    if (only_lifeline) ::prctl(PR_SET_PDEATHSIG, 0);
    return live(context, say);
  };
  auto failed = [](WorldContext&, std::string_view) { return 4; };
  const auto world = clone_world(plan, body, failed);
  for (;;) ::pause();
}

class KilledScheduler : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0); }
  void TearDown() override { ::prctl(PR_SET_CHILD_SUBREAPER, 0); }

  // Kills a scheduler once its making of a world said that it stands where it should.
  static void kill_when_said(WorldPlan plan, bool only_lifeline) {
    Pipe said, hold;
    plan.keep = {said.write.get(), hold.read.get()};
    if (auto* stop = plan.on_step.target<StopAt>()) {
      stop->say = said.write.get();
      stop->hold = hold.read.get();
    }
    const pid_t scheduler = ::fork();
    ASSERT_GE(scheduler, 0);
    if (scheduler == 0) be_scheduler(plan, said.write.get(), only_lifeline);
    said.write.reset();
    char byte = 0;
    ASSERT_EQ(::read(said.read.get(), &byte, 1), 1);
    const auto world = descendants(scheduler);
    const auto members = members_of_namespaces(world);
    ASSERT_EQ(::kill(scheduler, SIGKILL), 0);
    ASSERT_EQ(::waitpid(scheduler, nullptr, 0), scheduler);
    expect_all_end(world);
    for (const pid_t pid : members) {
      EXPECT_FALSE(std::filesystem::exists("/proc/" + std::to_string(pid))) << pid << " is left";
    }
  }
};

TEST_F(KilledScheduler, LeavesNothingAtAnyStepOfMakingAWorld) {
  for (int step = 0; step <= static_cast<int>(CreationStep::body_starts); ++step) {
    SCOPED_TRACE("step " + std::to_string(step));
    const testing::TemporaryFolder folder;
    WorldPlan plan = testing::plan_with(folder);
    plan.on_step = StopAt{static_cast<CreationStep>(step), -1, -1};
    kill_when_said(std::move(plan), false);
  }
}

TEST_F(KilledScheduler, LeavesNothingOfARunningWorld) {
  const testing::TemporaryFolder folder;
  kill_when_said(testing::plan_with(folder), false);
}

TEST_F(KilledScheduler, LeavesNothingWhereOnlyTheLifelineTellsTheWorld) {
  const testing::TemporaryFolder folder;
  kill_when_said(testing::plan_with(folder), true);
}

}  // namespace
}  // namespace sallyport::sim::world
