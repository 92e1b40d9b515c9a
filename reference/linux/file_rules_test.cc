#include "reference/linux/file_rules.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "reference/linux/error.h"
#include "reference/linux/landlock.h"

namespace sallyport::linux {
namespace {

constexpr int kNotRestricted = 250;

TEST(FileRights, AreNoFoldersRightsOnAFile) {
  const std::uint64_t all = governed_rights(2);
  EXPECT_EQ(file_rights(FileAccess::all, true, all), all);
  EXPECT_EQ(file_rights(FileAccess::all, false, all),
            std::uint64_t{LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE |
                          LANDLOCK_ACCESS_FS_WRITE_FILE});
}

TEST(FileRights, OfReadingAreReadingListingAndExecuting) {
  const std::uint64_t all = governed_rights(7);
  EXPECT_EQ(file_rights(FileAccess::read, true, all),
            std::uint64_t{LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE |
                          LANDLOCK_ACCESS_FS_READ_DIR});
  EXPECT_EQ(file_rights(FileAccess::read, false, all),
            std::uint64_t{LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE});
}

TEST(FileRights, GrowWithTheKernelsVersion) {
  EXPECT_EQ(governed_rights(0), 0U);
  EXPECT_EQ(governed_rights(1), (1ULL << 13) - 1);
  EXPECT_EQ(governed_rights(2), (1ULL << 14) - 1);
  EXPECT_EQ(governed_rights(4), (1ULL << 15) - 1);
  EXPECT_EQ(governed_rights(9), (1ULL << 16) - 1);
}

// What is governed where the kernel has Landlock; where it hasn't, create() must say so.
class FileRulesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
    std::filesystem::create_directory(folder_ + "/open");
    std::filesystem::create_directory(folder_ + "/other");
    std::ofstream(folder_ + "/open/text") << "text";
    std::ofstream(folder_ + "/other/text") << "text";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // What `body` returns in a child that has `access` to `path` alone; nothing where there is no
  // Landlock.
  static int restricted(const std::string& path, FileAccess access,
                        const std::function<int()>& body) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
      auto rules = FileRules::create();
      const bool well = rules && rules->add(path, access) && rules->enforce();
      ::_exit(well ? body() : kNotRestricted);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : kNotRestricted;
  }
  static int opened(const std::string& path, int flags) {
    const base::UniqueFd file(::open(path.c_str(), flags | O_CLOEXEC, 0600));
    return file ? 0 : errno;
  }
  static int expected(int error) { return landlock_version() > 0 ? error : kNotRestricted; }

  std::string folder_ = "/tmp/file-rules-XXXXXX";
};

TEST_F(FileRulesTest, WhatMayBeReadMayNotBeWritten) {
  const auto read = [this] { return opened(folder_ + "/open/text", O_RDONLY); };
  const auto write = [this] { return opened(folder_ + "/open/text", O_WRONLY); };
  EXPECT_EQ(restricted(folder_ + "/open", FileAccess::read, read), expected(0));
  EXPECT_EQ(restricted(folder_ + "/open", FileAccess::read, write), expected(EACCES));
}

TEST_F(FileRulesTest, WhatMayBeChangedMayBeMadeAndRead) {
  const auto make = [this] { return opened(folder_ + "/open/new", O_WRONLY | O_CREAT); };
  const auto read = [this] { return opened(folder_ + "/open/text", O_RDONLY); };
  EXPECT_EQ(restricted(folder_ + "/open", FileAccess::all, make), expected(0));
  EXPECT_EQ(restricted(folder_ + "/open", FileAccess::all, read), expected(0));
}

TEST_F(FileRulesTest, WhatIsNotNamedIsOutOfReachEvenForItsOwner) {
  const auto read = [this] { return opened(folder_ + "/other/text", O_RDONLY); };
  EXPECT_EQ(restricted(folder_ + "/open", FileAccess::all, read), expected(EACCES));
}

TEST_F(FileRulesTest, AFileIsAPlaceToo) {
  const auto itself = [this] { return opened(folder_ + "/open/text", O_RDWR); };
  const auto beside = [this] { return opened(folder_ + "/open/new", O_WRONLY | O_CREAT); };
  EXPECT_EQ(restricted(folder_ + "/open/text", FileAccess::all, itself), expected(0));
  EXPECT_EQ(restricted(folder_ + "/open/text", FileAccess::all, beside), expected(EACCES));
}

TEST_F(FileRulesTest, ADeviceIsAPlaceToo) {
  const auto write = [] { return opened("/dev/null", O_WRONLY); };
  EXPECT_EQ(restricted("/dev/null", FileAccess::all, write), expected(0));
}

TEST_F(FileRulesTest, AMissingPathIsSaidAndCountsForNothing) {
  auto rules = FileRules::create();
  if (!rules) {
    EXPECT_EQ(errno_of(rules.error()), EOPNOTSUPP);
    return;
  }
  const auto added = rules->add(folder_ + "/nowhere", FileAccess::read);
  ASSERT_FALSE(added);
  EXPECT_EQ(errno_of(added.error()), ENOENT);
  EXPECT_EQ(rules->size(), 0U);
}

}  // namespace
}  // namespace sallyport::linux
