#include "reference/policy/filesystem_baseline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace sallyport::policy {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

const std::set<std::string> kMachine{"/usr",  "/lib",         "/etc", "/var/log",
                                     "/proc", "/dev/urandom", "/tmp"};

PathExists among(std::set<std::string> paths) {
  return [paths = std::move(paths)](const std::string& path) { return paths.contains(path); };
}

TEST(FilesystemBaseline, MakesAMissingSectionWithTheWorkFolder) {
  const Enriched made = with_baseline(std::nullopt, among(kMachine));
  EXPECT_TRUE(made.filesystem.include_workdir);
  EXPECT_THAT(made.filesystem.read_only,
              ElementsAre("/usr", "/lib", "/etc", "/var/log", "/proc", "/dev/urandom"));
  EXPECT_THAT(made.filesystem.read_write, ElementsAre("/tmp"));
  EXPECT_EQ(made.added.size(), 7U);
}

TEST(FilesystemBaseline, LeavesOutWhatDoesNotExist) {
  const Enriched made = with_baseline(std::nullopt, among({"/usr"}));
  EXPECT_THAT(made.filesystem.read_only, ElementsAre("/usr"));
  EXPECT_THAT(made.filesystem.read_write, IsEmpty());
}

TEST(FilesystemBaseline, KeepsWhatThePolicyNamesAsItIsNamed) {
  Filesystem stated;
  stated.include_workdir = false;
  stated.read_only = {"/tmp", "/opt"};
  stated.read_write = {"/var/log"};
  const Enriched made = with_baseline(stated, among(kMachine));
  EXPECT_FALSE(made.filesystem.include_workdir);
  EXPECT_THAT(made.filesystem.read_only,
              ElementsAre("/tmp", "/opt", "/usr", "/lib", "/etc", "/proc", "/dev/urandom"));
  EXPECT_THAT(made.filesystem.read_write, ElementsAre("/var/log"));
  EXPECT_THAT(made.added, Not(Contains("/tmp")));
}

TEST(FilesystemBaseline, HasNothingTwice) {
  std::set<std::string> all = kMachine;
  all.insert({"/app", "/dev/nvidiactl", "/dev/nvidia0", "/dev/nvidia1", "/usr/lib/wsl"});
  const Enriched made = with_baseline(std::nullopt, among(all));
  std::vector<std::string> paths = made.filesystem.read_only;
  paths.insert(paths.end(), made.filesystem.read_write.begin(), made.filesystem.read_write.end());
  std::sort(paths.begin(), paths.end());
  EXPECT_EQ(std::adjacent_find(paths.begin(), paths.end()), paths.end());
  EXPECT_THAT(with_baseline(made.filesystem, among(all)).added, IsEmpty());
}

TEST(FilesystemBaseline, OpensProcAndTheDevicesForAGpu) {
  Filesystem stated;
  stated.read_only = {"/proc"};
  const Enriched made =
      with_baseline(stated, among({"/proc", "/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia0",
                                   "/dev/nvidia7", "/run/nvidia-persistenced"}));
  EXPECT_THAT(made.filesystem.read_only, ElementsAre("/run/nvidia-persistenced"));
  EXPECT_THAT(made.filesystem.read_write, ElementsAre("/proc", "/dev/nvidiactl", "/dev/nvidia-uvm",
                                                      "/dev/nvidia0", "/dev/nvidia7"));
}

TEST(FilesystemBaseline, OpensNoDeviceWithoutAGpu) {
  const Enriched made = with_baseline(std::nullopt, among({"/proc", "/usr/lib/wsl"}));
  EXPECT_THAT(made.filesystem.read_only, ElementsAre("/proc"));
  EXPECT_THAT(made.filesystem.read_write, IsEmpty());
}

}  // namespace
}  // namespace sallyport::policy
