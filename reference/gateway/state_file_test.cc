#include "reference/gateway/state_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "reference/gateway/test_folder.h"
#include "reference/gateway/test_records.h"

namespace sallyport::gateway {
namespace {

using rpc::Code;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

Row row(std::string key, std::string value) {
  return {{"provider", std::move(key)}, base::Secret(std::move(value))};
}

RowChanges put(Row one) {
  RowChanges changes;
  changes.put.push_back(std::move(one));
  return changes;
}

unsigned mode_of(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 ? found.st_mode & 07777U : 0;
}

// What another SQLite program leaves there.
void make_database(const std::string& path, const std::string& sql) {
  sqlite3* database = nullptr;
  ASSERT_EQ(::sqlite3_open(path.c_str(), &database), SQLITE_OK);
  EXPECT_EQ(::sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
  ::sqlite3_close(database);
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
}

class AStateFile : public testing::Test {
 protected:
  std::unique_ptr<StateFile> open() { return StateFile::open(path_, wrong_); }
  std::vector<Row> rows() {
    std::vector<Row> read;
    const auto file = open();
    EXPECT_NE(file, nullptr) << wrong_;
    EXPECT_TRUE(file && file->read(read, wrong_)) << wrong_;
    return read;
  }
  TestFolder folder_;
  std::string path_ = folder_ / "state.db";
  std::string wrong_;
};

TEST_F(AStateFile, HasWhatWasWrittenWhenItIsOpenedAgain) {
  {
    const auto file = open();
    ASSERT_NE(file, nullptr) << wrong_;
    ASSERT_TRUE(file->write(put(row("a", std::string("1\0", 2)))).ok());
    ASSERT_TRUE(file->write(put(row("b", ""))).ok());
    ASSERT_TRUE(file->write(put(row("a", "2"))).ok());
    RowChanges gone;
    gone.gone.push_back({"provider", "b"});
    ASSERT_TRUE(file->write(gone).ok());
  }
  const std::vector<Row> read = rows();
  ASSERT_THAT(read, SizeIs(1));
  EXPECT_EQ(read[0].at, (RowKey{"provider", "a"}));
  EXPECT_EQ(read[0].value, base::Secret("2"));
}

TEST_F(AStateFile, IsEmptyAtFirstAndAfterAKillBeforeItsFirstWrite) {
  EXPECT_THAT(rows(), IsEmpty());
  EXPECT_THAT(rows(), IsEmpty());
  put_octets(path_, "");
  EXPECT_THAT(rows(), IsEmpty());
}

TEST_F(AStateFile, IsItsOwnersAloneWithAllThatLiesBesideIt) {
  const mode_t before = ::umask(0);
  const auto file = open();
  ASSERT_TRUE(file->write(put(row("a", "1"))).ok());
  EXPECT_EQ(mode_of(path_), 0600U);
  EXPECT_EQ(mode_of(path_ + "-wal"), 0600U);
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    EXPECT_EQ(mode_of(entry.path()), 0600U) << entry.path();
  }
  ::umask(before);
}

TEST_F(AStateFile, RefusesAFileThatOthersMayUse) {
  open();
  ASSERT_EQ(::chmod(path_.c_str(), 0640), 0);
  EXPECT_EQ(open(), nullptr);
  EXPECT_THAT(wrong_, HasSubstr("0640"));
  ASSERT_EQ(::chmod(path_.c_str(), 0600), 0);
  put_octets(path_ + "-wal", "");
  ASSERT_EQ(::chmod((path_ + "-wal").c_str(), 0644), 0);
  EXPECT_EQ(open(), nullptr);
  EXPECT_THAT(wrong_, HasSubstr("state.db-wal"));
}

TEST_F(AStateFile, RefusesALinkAFolderAndAFolderThatOthersMayWrite) {
  ASSERT_EQ(::symlink((folder_ / "elsewhere").c_str(), path_.c_str()), 0);
  EXPECT_EQ(open(), nullptr);
  EXPECT_THAT(wrong_, HasSubstr("is not a regular file"));
  EXPECT_EQ(StateFile::open(folder_.path(), wrong_), nullptr);
  EXPECT_THAT(wrong_, HasSubstr("is not a regular file"));
  EXPECT_EQ(StateFile::open(folder_ / "no/state.db", wrong_), nullptr);
  EXPECT_THAT(wrong_, HasSubstr("No such file"));
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0777), 0);
  EXPECT_EQ(StateFile::open(folder_ / "new.db", wrong_), nullptr);
  EXPECT_THAT(wrong_, HasSubstr("others may write this folder"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "new.db"));
}

TEST_F(AStateFile, LeavesAForeignFileAsItIs) {
  const std::string text = "precious\n" + std::string(4096, 'x');
  put_octets(path_, text);
  ASSERT_EQ(::chmod(path_.c_str(), 0600), 0);
  EXPECT_EQ(open(), nullptr);
  EXPECT_THAT(wrong_, HasSubstr("is not a file of sallyport-gateway"));
  EXPECT_EQ(octets_of(path_), text);
  put_octets(path_, "short");
  EXPECT_EQ(open(), nullptr);
  EXPECT_EQ(octets_of(path_), "short");
}

TEST_F(AStateFile, LeavesAnotherProgramsDataBaseAsItIs) {
  make_database(path_, "CREATE TABLE records (a); INSERT INTO records VALUES (1);");
  const std::string before = octets_of(path_);
  EXPECT_EQ(open(), nullptr);
  EXPECT_THAT(wrong_, HasSubstr("another program"));
  EXPECT_EQ(octets_of(path_), before);
}

TEST_F(AStateFile, RefusesAVersionThatItDoesNotKnow) {
  make_database(path_, "PRAGMA application_id = 0x53504757; PRAGMA user_version = 2;");
  EXPECT_EQ(open(), nullptr);
  EXPECT_THAT(wrong_, HasSubstr("is of version 2"));
}

TEST_F(AStateFile, RefusesAFileWithDamagedPages) {
  {
    const auto file = open();
    RowChanges many;
    for (int i = 0; i < 64; ++i) {
      many.put.push_back(row(std::to_string(i), std::string(1000, 'v')));
    }
    ASSERT_TRUE(file->write(many).ok());
  }
  std::string octets = octets_of(path_);
  ASSERT_GT(octets.size(), 3 * 4096U);
  std::memset(octets.data() + 4096, 0x5a, 4096);
  put_octets(path_, octets);
  EXPECT_EQ(open(), nullptr);
  EXPECT_THAT(wrong_, HasSubstr("is damaged"));
  EXPECT_EQ(octets_of(path_), octets);
}

TEST_F(AStateFile, SeesOneChangedOctetInARecord) {
  {
    const auto file = open();
    ASSERT_TRUE(file->write(put(row("a", "sk-right-key"))).ok());
  }
  std::string octets = octets_of(path_);
  const std::size_t at = octets.find("sk-right-key");
  ASSERT_NE(at, std::string::npos);
  octets[at + 3] = 'l';
  put_octets(path_, octets);
  const auto file = open();
  ASSERT_NE(file, nullptr) << wrong_;
  std::vector<Row> read;
  EXPECT_FALSE(file->read(read, wrong_));
  EXPECT_THAT(wrong_, HasSubstr("is damaged"));
  EXPECT_THAT(wrong_, Not(HasSubstr("sk-")));
}

// 0: it could be opened there; 1: it couldn't, for the reason that is meant.
int open_elsewhere(const std::string& path) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::string wrong;
    const auto file = StateFile::open(path, wrong);
    ::_exit(file ? 0 : wrong.find("held by another process") == std::string::npos ? 2 : 1);
  }
  int status = 0;
  return ::waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(AStateFile, IsOneProcessesAtATime) {
  auto file = open();
  ASSERT_TRUE(file->write(put(row("a", "1"))).ok());
  EXPECT_EQ(open_elsewhere(path_), 1);
  ASSERT_TRUE(file->write(put(row("b", "1"))).ok());
  file.reset();
  EXPECT_EQ(open_elsewhere(path_), 0);
}

// Makes files as small as they are now, for whoever writes: a disk without room.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    before_action_ = ::signal(SIGXFSZ, SIG_IGN);
    rlimit now = before_;
    now.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, before_action_);
  }

 private:
  rlimit before_{};
  sighandler_t before_action_ = SIG_DFL;
};

TEST_F(AStateFile, SaysThatAWriteDidNotSucceedAndHasNothingOfIt) {
  auto file = open();
  ASSERT_TRUE(file->write(put(row("a", "1"))).ok());
  RowChanges both = put(row("a", "sk-secret"));
  both.put.push_back(row("b", std::string(1 << 20, 'v')));
  {
    const FullDisk full(64 << 10);
    const rpc::Status status = file->write(both);
    EXPECT_EQ(status.code, Code::unavailable);
    EXPECT_THAT(status.message, HasSubstr("nothing was changed"));
    EXPECT_THAT(status.message, Not(HasSubstr("sk-")));
  }
  ASSERT_TRUE(file->write(put(row("c", "3"))).ok());
  file.reset();
  const std::vector<Row> read = rows();
  ASSERT_THAT(read, SizeIs(2));
  EXPECT_EQ(read[0].value, base::Secret("1"));
  EXPECT_EQ(read[1].at.key, "c");
}

TEST_F(AStateFile, KeepsNoTraceOfAKeyThatIsForgotten) {
  const std::string canary = "sk-canary-0123456789";
  const auto file = open();
  ASSERT_TRUE(file->write(put(row("a", canary + std::string(6000, 'v')))).ok());
  const auto traces = [&] {
    std::string all;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      all += octets_of(entry.path());
    }
    return all;
  };
  EXPECT_THAT(traces(), HasSubstr(canary));
  RowChanges next = put(row("a", "sk-next"));
  next.forgets = true;
  ASSERT_TRUE(file->write(next).ok());
  EXPECT_FALSE(traces().find(canary) != std::string::npos);
  EXPECT_THAT(traces(), HasSubstr("sk-next"));
}

}  // namespace
}  // namespace sallyport::gateway
