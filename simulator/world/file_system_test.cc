#include "simulator/world/file_system.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "reference/base/unique_fd.h"
#include "simulator/world/child.h"
#include "simulator/world/testing/in_world.h"

namespace sallyport::sim::world {
namespace {

using testing::in_world;
using testing::plan_with;
using testing::TemporaryFolder;

// `ok`, or the name of the errno.
std::string try_write(const std::string& path) {
  const base::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  return file ? "ok" : strerrorname_np(errno);
}

std::string try_read(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!file || !std::getline(file, line)) return "nothing";
  return line;
}

TEST(FileSystem, MachineIsReadOnly) {
  const TemporaryFolder folder;
  EXPECT_EQ(in_world(plan_with(folder),
                     [](WorldContext&) {
                       std::string seen;
                       for (const char* path : {"/x", "/etc/x", "/usr/x", "/var/lib/x", "/opt/x",
                                                "/boot/x", "/sys/x"}) {
                         seen += try_write(path) + " ";
                       }
                       return seen;
                     }),
            "EROFS EROFS EROFS EROFS EROFS EROFS EROFS ");
}

TEST(FileSystem, EveryMountOfTheMachineIsReadOnly) {
  const TemporaryFolder folder;
  const std::string run = folder.path();
  EXPECT_EQ(in_world(plan_with(folder),
                     [&run](WorldContext&) {
                       std::ifstream mounts("/proc/self/mountinfo");
                       std::string id, parent, device, root, point, options, rest, writable;
                       while (mounts >> id >> parent >> device >> root >> point >> options) {
                         std::getline(mounts, rest);
                         const bool ours = rest.find(" - tmpfs tmpfs ") != std::string::npos ||
                                           point == run || point.starts_with("/dev") ||
                                           point == "/proc";
                         if (!ours && !options.starts_with("ro")) writable += point + " ";
                       }
                       return writable;
                     }),
            "");
}

TEST(FileSystem, FreshFoldersAreEmptyAndWritable) {
  const TemporaryFolder folder;
  WorldPlan plan = plan_with(folder);
  plan.files.home = std::getenv("HOME") != nullptr ? std::getenv("HOME") : "";
  EXPECT_EQ(in_world(plan,
                     [&plan](WorldContext&) {
                       std::string seen;
                       for (const std::string& path :
                            {std::string("/tmp"), std::string("/run"), std::string("/var/run"),
                             std::string("/var/tmp"), std::string("/dev/shm")}) {
                         seen += try_write(path + "/x") + " ";
                       }
                       seen +=
                           plan.files.home.size() > 1 ? try_write(plan.files.home + "/x") : "ok";
                       struct stat status {};
                       ::stat("/tmp", &status);
                       return seen + ((status.st_mode & 07777) == 0755 ? " 0755" : " other mode");
                     }),
            "ok ok ok ok ok ok 0755");
}

TEST(FileSystem, RunFolderIsWritableThroughToTheMachine) {
  const TemporaryFolder folder;
  EXPECT_EQ(in_world(plan_with(folder),
                     [&folder](WorldContext&) {
                       std::ofstream(folder.path() + "/result") << "kept\n";
                       return std::string("done");
                     }),
            "done");
  EXPECT_EQ(try_read(folder.path() + "/result"), "kept");
}

TEST(FileSystem, ListedFoldersAndFilesAreThereReadOnlyAndTheirNeighboursHidden) {
  const TemporaryFolder folder, scenario;
  std::ofstream(scenario.path() + "/a.yaml") << "a\n";
  std::ofstream(scenario.path() + "/b.yaml") << "b\n";
  WorldPlan plan = plan_with(folder);
  plan.files.read_only.push_back(scenario.path() + "/a.yaml");
  EXPECT_EQ(in_world(plan,
                     [&scenario](WorldContext&) {
                       return try_read(scenario.path() + "/a.yaml") + " " +
                              try_write(scenario.path() + "/a.yaml") + " " +
                              try_read(scenario.path() + "/b.yaml");
                     }),
            "a EROFS nothing");
}

TEST(FileSystem, RunFolderBelowAReadOnlyFolderStaysWritable) {
  const TemporaryFolder scenario;
  std::filesystem::create_directory(scenario.path() + "/run");
  WorldPlan plan;
  plan.files.read_only.push_back(scenario.path());
  plan.files.run_folder = scenario.path() + "/run";
  EXPECT_EQ(in_world(plan,
                     [&scenario](WorldContext&) {
                       return try_write(scenario.path() + "/x") + " " +
                              try_write(scenario.path() + "/run/x");
                     }),
            "EROFS ok");
}

TEST(FileSystem, DevicesAreHarmless) {
  const TemporaryFolder folder;
  EXPECT_EQ(in_world(plan_with(folder),
                     [](WorldContext&) {
                       std::string seen = try_write("/dev/null") + ":";
                       for (const auto& entry : std::filesystem::directory_iterator("/dev")) {
                         struct stat status {};
                         ::stat(entry.path().c_str(), &status);
                         if (S_ISBLK(status.st_mode)) seen += " " + entry.path().string();
                       }
                       return seen;
                     }),
            "ok:");
}

TEST(FileSystem, ProcShowsOnlyThisWorld) {
  const TemporaryFolder folder;
  EXPECT_EQ(in_world(plan_with(folder),
                     [](WorldContext&) {
                       std::string seen;
                       for (const auto& process : running_processes()) seen += process.command;
                       return "1:" + seen;
                     }),
            "1:");
}

TEST(FileSystem, ProtectProcKeepsSysctlsFromBeingSet) {
  const TemporaryFolder folder;
  EXPECT_EQ(in_world(plan_with(folder),
                     [](WorldContext&) {
                       const std::string path = "/proc/sys/net/ipv4/ip_forward";
                       std::string seen = try_write(path);
                       std::string about;
                       if (!protect_proc(about)) return "failed: " + about;
                       return seen + " " + try_write(path);
                     }),
            "ok EROFS");
}

TEST(NameFiles, AreMadeWhereALinkLeadsIntoACoveredFolder) {
  const TemporaryFolder folder;
  EXPECT_EQ(in_world(plan_with(folder),
                     [](WorldContext&) {
                       std::filesystem::create_directories("/tmp/etc");
                       std::ofstream("/tmp/etc/hosts") << "h\n";
                       std::ofstream("/tmp/etc/nsswitch.conf") << "n\n";
                       std::filesystem::create_symlink("../../run/resolve/stub.conf",
                                                       "/tmp/etc/resolv.conf");
                       std::string about;
                       if (!prepare_name_files("/tmp/etc", "/run/etc", about)) return about;
                       std::ofstream("/tmp/mine") << "mine\n";
                       if (!bind_file("/tmp/mine", "/tmp/etc/resolv.conf", about)) return about;
                       return try_read("/tmp/etc/resolv.conf");
                     }),
            "mine");
}

TEST(NameFiles, AreMadeInARebuiltFolderWhereOneIsMissing) {
  const TemporaryFolder folder;
  EXPECT_EQ(in_world(plan_with(folder),
                     [](WorldContext&) {
                       std::filesystem::create_directories("/tmp/etc/ssl");
                       std::ofstream("/tmp/etc/hosts") << "h\n";
                       std::ofstream("/tmp/etc/ssl/ca") << "ca\n";
                       std::filesystem::create_symlink("../mine", "/tmp/etc/link");
                       std::ofstream("/tmp/mine") << "mine\n";
                       std::string about;
                       if (auto done = prepare_name_files("/tmp/etc", "/run/etc", about); !done) {
                         return about + done.error().message();
                       }
                       if (!bind_file("/tmp/mine", "/tmp/etc/nsswitch.conf", about)) return about;
                       return try_read("/tmp/etc/nsswitch.conf") + try_read("/tmp/etc/hosts") +
                              try_read("/tmp/etc/ssl/ca") + try_read("/tmp/etc/link") +
                              try_read("/tmp/etc/resolv.conf");
                     }),
            "minehcaminenothing");
}

}  // namespace
}  // namespace sallyport::sim::world
