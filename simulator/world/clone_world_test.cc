#include "simulator/world/clone_world.h"

#include <dirent.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "simulator/world/lifeline.h"
#include "simulator/world/testing/in_world.h"

namespace sallyport::sim::world {
namespace {

using testing::in_world;
using testing::plan_with;
using testing::TemporaryFolder;

int end_of(const WorldHandle& world) {
  pollfd ended{world.pidfd.get(), POLLIN, 0};
  if (::poll(&ended, 1, 10'000) != 1) return -1;
  int status = 0;
  return ::waitpid(world.pid, &status, 0) == world.pid ? status : -1;
}

int report_failure(WorldContext&, std::string_view) { return 3; }

std::string open_descriptors() {
  std::string all;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const auto target = std::filesystem::read_symlink(entry.path(), gone);
    if (gone || target.string().starts_with("/proc/")) continue;
    all += entry.path().filename().string() + " ";
  }
  return all;
}

TEST(CloneWorld, RunsTheBodyAsPidOneAndRootOfItsNamespaces) {
  const TemporaryFolder folder;
  EXPECT_EQ(in_world(plan_with(folder),
                     [](WorldContext&) {
                       char name[64] = {};
                       ::gethostname(name, sizeof name);
                       return std::to_string(::getpid()) + " " + std::to_string(::geteuid()) + " " +
                              std::to_string(::getegid()) + " " + name;
                     }),
            "1 0 0 box");
}

TEST(CloneWorld, HasNoLinkButItsOwnLoopback) {
  const TemporaryFolder folder;
  EXPECT_EQ(in_world(plan_with(folder),
                     [](WorldContext&) {
                       std::ifstream links("/proc/self/net/dev");
                       std::string line, all;
                       for (int i = 0; std::getline(links, line); ++i) {
                         if (i >= 2) all += line.substr(0, line.find(':')) + ";";
                       }
                       return all;
                     }),
            "    lo;");
}

TEST(CloneWorld, ReturnsTheExitCodeOfTheBody) {
  auto world = clone_world(
      WorldPlan{}, [](WorldContext&) { return 7; }, report_failure);
  ASSERT_TRUE(world) << world.error().message();
  const int status = end_of(*world);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

TEST(CloneWorld, TellsWhichPartOfTheSetUpFailed) {
  WorldPlan plan;
  plan.files.run_folder = "/nowhere/at/all";
  const auto seen = in_world(plan, [](WorldContext&) { return "ran"; });
  EXPECT_NE(seen.find("set-up: /nowhere/at/all: opening a mount tree"), std::string::npos) << seen;
}

TEST(CloneWorld, MapsIdsThatPrivilegesCanBeDroppedToWhenRoot) {
  const TemporaryFolder folder;
  const std::string expected = ::geteuid() == 0 ? "ids" : "no ids";
  EXPECT_EQ(in_world(plan_with(folder),
                     [](WorldContext& context) { return context.ids ? "ids" : "no ids"; }),
            expected);
}

TEST(CloneWorld, LeavesOnlyListedDescriptorsToTheWorld) {
  const TemporaryFolder folder;
  const base::UniqueFd secret(::dup(0));
  const auto seen = in_world(plan_with(folder), [](WorldContext& context) {
    return open_descriptors() + "/" + std::to_string(context.lifeline.get()) + " " +
           std::to_string(context.channel.get());
  });
  const auto slash = seen.find('/');
  ASSERT_NE(slash, std::string::npos) << seen;
  std::istringstream listed(seen.substr(0, slash));
  std::istringstream own(seen.substr(slash + 1));
  int lifeline = 0, channel = 0;
  own >> lifeline >> channel;
  for (int fd = 0; listed >> fd;) {
    EXPECT_TRUE(fd <= 2 || fd == lifeline || fd == channel) << fd << " in " << seen;
  }
}

int hold_on(WorldContext& context) {
  // Only the lifeline may end it here.
  ::prctl(PR_SET_PDEATHSIG, 0);
  net::Loop loop;
  watch_lifeline(loop.executor(), context.lifeline.get());
  if (::write(context.channel.get(), "r", 1) != 1) return 3;
  loop.context().run();
  return 0;
}

bool is_ready(const WorldHandle& world) {
  char ready = 0;
  return ::read(world.channel.get(), &ready, 1) == 1;
}

TEST(CloneWorld, EndsWhenItsLifelineIsCut) {
  auto world = clone_world(WorldPlan{}, hold_on, report_failure);
  ASSERT_TRUE(world);
  ASSERT_TRUE(is_ready(*world));
  world->lifeline.reset();
  const int status = end_of(*world);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 4) << status;
}

TEST(CloneWorld, KeepsNoLifelineOfASiblingOpen) {
  auto first = clone_world(WorldPlan{}, hold_on, report_failure);
  auto second = clone_world(WorldPlan{}, hold_on, report_failure);
  ASSERT_TRUE(first && second);
  ASSERT_TRUE(is_ready(*first) && is_ready(*second));
  first->lifeline.reset();
  EXPECT_EQ(WEXITSTATUS(end_of(*first)), 4);
  pollfd other{second->pidfd.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&other, 1, 0), 0);
  second->lifeline.reset();
  EXPECT_EQ(WEXITSTATUS(end_of(*second)), 4);
}

int exit_by_handler(WorldContext&) {
  struct sigaction action {};
  ::sigaction(SIGTERM, nullptr, &action);
  return action.sa_handler == SIG_DFL ? 0 : 1;
}

TEST(CloneWorld, ForgetsTheSchedulersSignalHandlers) {
  struct sigaction mine {
  }, before{};
  mine.sa_handler = [](int) {};
  ::sigaction(SIGTERM, &mine, &before);
  auto world = clone_world(WorldPlan{}, exit_by_handler, report_failure);
  ::sigaction(SIGTERM, &before, nullptr);
  ASSERT_TRUE(world);
  EXPECT_EQ(end_of(*world), 0);
}

}  // namespace
}  // namespace sallyport::sim::world
