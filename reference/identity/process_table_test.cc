#include "reference/identity/process_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace sallyport::identity {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
namespace fs = std::filesystem;

// A /proc that is made of files.
class ProcessTableTest : public ::testing::Test {
 protected:
  ProcessTableTest() {
    std::string pattern = (fs::temp_directory_path() / "sallyport-proc-XXXXXX").string();
    proc_ = ::mkdtemp(pattern.data());
  }
  ~ProcessTableTest() override { fs::remove_all(proc_); }

  static void write(const fs::path& path, const std::string& text) {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  fs::path of(int pid) const { return fs::path(proc_) / std::to_string(pid); }

  void add(int pid, int parent, const std::string& executable, const std::string& name = "x") {
    fs::create_directories(of(pid) / "fd");
    fs::create_directories(of(pid) / "root");
    write(of(pid) / "stat",
          std::to_string(pid) + " (" + name + ") S " + std::to_string(parent) + " 1 1 0");
    fs::create_symlink(executable, of(pid) / "exe");
  }
  void tell_children(int pid, const std::string& children) {
    write(of(pid) / "task" / std::to_string(pid) / "children", children);
  }
  void open(int pid, int fd, const std::string& target) {
    fs::create_symlink(target, of(pid) / "fd" / std::to_string(fd));
  }
  ProcessTable table() const { return ProcessTable(proc_); }

  std::string proc_;
};

TEST_F(ProcessTableTest, ListsWhatIsANumber) {
  add(12, 1, "/bin/a");
  add(3, 1, "/bin/a");
  fs::create_directories(fs::path(proc_) / "sys");
  EXPECT_THAT(table().all(), ElementsAre(3, 12));
}

TEST_F(ProcessTableTest, IsEmptyWithoutAFolder) {
  const ProcessTable none(proc_ + "/nowhere");
  EXPECT_THAT(none.all(), IsEmpty());
  EXPECT_THAT(none.descendants(1), IsEmpty());
  EXPECT_FALSE(none.executable(1));
}

TEST_F(ProcessTableTest, WalksChildrenBreadthFirst) {
  for (const int pid : {10, 11, 12, 13, 20}) add(pid, 1, "/bin/a");
  tell_children(10, "11 12 ");
  tell_children(11, "13 ");
  tell_children(12, "");
  tell_children(13, "");
  EXPECT_THAT(table().descendants(10), ElementsAre(10, 11, 12, 13));
}

TEST_F(ProcessTableTest, WalksTheChildrenOfEveryThread) {
  add(10, 1, "/bin/a");
  add(11, 10, "/bin/a");
  tell_children(10, "");
  write(of(10) / "task" / "15" / "children", "11 ");
  tell_children(11, "");
  EXPECT_THAT(table().descendants(10), ElementsAre(10, 11));
}

TEST_F(ProcessTableTest, FindsChildrenByTheirParentWhereTheKernelDoesNotTell) {
  add(10, 1, "/bin/a");
  add(11, 10, "/bin/a", "odd) S 1 (name");
  add(12, 11, "/bin/a");
  add(13, 1, "/bin/a");
  fs::create_directories(of(10) / "task" / "10");
  EXPECT_THAT(table().descendants(10), ElementsAre(10, 11, 12));
}

TEST_F(ProcessTableTest, EndsWhereChildrenLeadInACircle) {
  add(10, 1, "/bin/a");
  add(11, 10, "/bin/a");
  tell_children(10, "11 ");
  tell_children(11, "10 ");
  EXPECT_THAT(table().descendants(10), ElementsAre(10, 11));
}

TEST_F(ProcessTableTest, HasNoDescendantsOfWhatIsGone) {
  EXPECT_THAT(table().descendants(99), IsEmpty());
}

TEST_F(ProcessTableTest, FindsThoseThatHoldTheSocket) {
  for (const int pid : {1, 2, 3}) add(pid, 0, "/bin/a");
  open(1, 0, "socket:[770]");
  open(2, 0, "/dev/null");
  open(2, 5, "socket:[77]");
  open(3, 9, "socket:[77]");
  const Holders found = table().holders({1, 2, 3, 4}, 77);
  EXPECT_THAT(found.pids, ElementsAre(2, 3));
  EXPECT_TRUE(found.complete);
}

TEST_F(ProcessTableTest, ReadsTheExecutable) {
  add(5, 1, "/usr/bin/curl");
  EXPECT_EQ(table().executable(5), "/usr/bin/curl");
}

TEST_F(ProcessTableTest, ForgetsThatAnExecutableWasDeleted) {
  add(5, 1, "/usr/bin/curl (deleted)");
  EXPECT_EQ(table().executable(5), "/usr/bin/curl");
}

TEST_F(ProcessTableTest, KeepsANameThatLooksDeleted) {
  add(5, 1, "/usr/bin/curl (deleted)");
  write(of(5) / "root" / "usr" / "bin" / "curl (deleted)", "");
  EXPECT_EQ(table().executable(5), "/usr/bin/curl (deleted)");
}

TEST_F(ProcessTableTest, TakesNoExecutableThatIsNoPath) {
  add(5, 1, "memfd:x");
  EXPECT_FALSE(table().executable(5));
}

TEST_F(ProcessTableTest, NamesAncestorsUpToTheAnchor) {
  add(1, 0, "/sbin/init");
  add(10, 1, "/bin/anchor");
  add(11, 10, "/bin/sh");
  add(12, 11, "/bin/curl");
  EXPECT_THAT(table().ancestors(12, 10), ElementsAre("/bin/sh", "/bin/anchor"));
  EXPECT_THAT(table().ancestors(12, -1), ElementsAre("/bin/sh", "/bin/anchor", "/sbin/init"));
  EXPECT_THAT(table().ancestors(10, 10), IsEmpty());
}

TEST_F(ProcessTableTest, LeavesAncestorsOutThatCannotBeRead) {
  add(1, 0, "/sbin/init");
  add(11, 1, "/bin/sh");
  fs::remove(of(11) / "exe");
  add(12, 11, "/bin/curl");
  EXPECT_THAT(table().ancestors(12, -1), ElementsAre("/sbin/init"));
}

TEST_F(ProcessTableTest, WalksNoFurtherThanABound) {
  for (int pid = 2; pid < 100; ++pid) add(pid, pid + 1, "/bin/a");
  EXPECT_EQ(table().ancestors(2, -1).size(), static_cast<std::size_t>(kAncestorsMax));
}

TEST_F(ProcessTableTest, TakesAbsoluteArguments) {
  add(5, 1, "/usr/bin/python3");
  write(of(5) / "cmdline", std::string("python3\0/opt/x.py\0--a=/b\0/c", 28));
  EXPECT_THAT(table().cmdline_paths(5), ElementsAre("/opt/x.py", "/c"));
}

TEST_F(ProcessTableTest, ReadsNoMoreThanTheBeginningOfALongCommandLine) {
  add(5, 1, "/usr/bin/python3");
  write(of(5) / "cmdline", "/" + std::string(2 * kArgumentBytesMax, 'x'));
  ASSERT_EQ(table().cmdline_paths(5).size(), 1u);
  EXPECT_EQ(table().cmdline_paths(5).front().size(), kArgumentBytesMax);
}

TEST_F(ProcessTableTest, TakesBrokenFilesForNothing) {
  add(5, 1, "/bin/a");
  write(of(5) / "stat", "5 (x");
  EXPECT_THAT(table().ancestors(5, -1), IsEmpty());
  write(of(5) / "stat", "5 (x) S many 1");
  EXPECT_THAT(table().ancestors(5, -1), IsEmpty());
  tell_children(5, "-4 x 99999999999999999999");
  EXPECT_THAT(table().descendants(5), ElementsAre(5));
}

}  // namespace
}  // namespace sallyport::identity
