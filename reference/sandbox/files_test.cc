#include "reference/sandbox/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

namespace sallyport::sandbox {
namespace {

using linux::FileAccess;
using policy::LandlockCompatibility;

std::optional<FilePlace> place(const FilePlan& plan, const std::string& path) {
  const auto found = std::find_if(plan.places.begin(), plan.places.end(),
                                  [&path](const FilePlace& one) { return one.path == path; });
  if (found == plan.places.end()) return std::nullopt;
  return *found;
}

TEST(FilePlan, IsEmptyWhereThePolicySaysNothingOfFiles) {
  const FilePlan plan = plan_files(std::nullopt, std::nullopt, "/work", {"/ca"});
  EXPECT_FALSE(plan.confined);
  EXPECT_TRUE(plan.places.empty());
}

TEST(FilePlan, HasThePolicysPathsAndItsWorkingFolderAndWhatIsNeeded) {
  const FilePlan plan =
      plan_files(policy::Filesystem{true, {"/usr/"}, {"/tmp"}}, std::nullopt, "/work", {"/ca"});
  EXPECT_EQ(place(plan, "/usr")->access, FileAccess::read);
  EXPECT_EQ(place(plan, "/tmp")->access, FileAccess::all);
  EXPECT_EQ(place(plan, "/work")->access, FileAccess::all);
  EXPECT_EQ(place(plan, "/ca")->access, FileAccess::read);
  EXPECT_FALSE(plan.required);
}

TEST(FilePlan, LeavesTheWorkingFolderOutWhenItIsWritten) {
  EXPECT_FALSE(
      place(plan_files(policy::Filesystem{false, {}, {}}, std::nullopt, "/work", {}), "/work"));
}

TEST(FilePlan, ThePolicysWordOnAPathWins) {
  const FilePlan plan =
      plan_files(policy::Filesystem{true, {"/work", "/dev/null"}, {}}, std::nullopt, "/work", {});
  EXPECT_EQ(place(plan, "/work")->access, FileAccess::read);
  EXPECT_EQ(place(plan, "/dev/null")->access, FileAccess::read);
}

TEST(FilePlan, HasDevicesThatHoldNothing) {
  const FilePlan plan = plan_files(policy::Filesystem{}, std::nullopt, "/work", {});
  EXPECT_EQ(place(plan, "/dev/null")->access, FileAccess::all);
  EXPECT_FALSE(place(plan, "/dev/null")->stated);
  EXPECT_FALSE(place(plan, "/dev"));
}

TEST(FilePlan, IsRequiredWhenThePolicySaysSo) {
  EXPECT_TRUE(
      plan_files(policy::Filesystem{}, LandlockCompatibility::hard_requirement, "/", {}).required);
}

class WritableFolders : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(::mkdtemp(folder_.data()), nullptr); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string make(const std::string& path) {
    return make_writable_folders({false, {}, {path}}, {::geteuid(), ::getegid(), {}, "", ""});
  }
  std::string folder_ = "/tmp/writable-XXXXXX";
};

TEST_F(WritableFolders, AreMadeWithTheirParents) {
  EXPECT_EQ(make(folder_ + "/a/b/"), "");
  EXPECT_TRUE(std::filesystem::is_directory(folder_ + "/a/b"));
}

TEST_F(WritableFolders, KeepTheirModeIfTheyExist) {
  ::chmod(folder_.c_str(), 0711);
  EXPECT_EQ(make(folder_), "");
  struct stat status {};
  ASSERT_EQ(::stat(folder_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0711U);
}

TEST_F(WritableFolders, AreNoSymbolicLinks) {
  std::filesystem::create_symlink("/etc", folder_ + "/link");
  EXPECT_NE(make(folder_ + "/link").find("is a symbolic link"), std::string::npos);
}

}  // namespace
}  // namespace sallyport::sandbox
