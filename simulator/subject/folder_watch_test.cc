#include "simulator/subject/folder_watch.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "reference/net/event.h"
#include "reference/net/testing/run.h"
#include "simulator/world/testing/in_world.h"

namespace sallyport::sim::subject {
namespace {

using world::testing::TemporaryFolder;

net::Task<void> await_told(net::Event* wake, const bool* told) {
  while (!*told) {
    const bool woken = co_await wake->wait();
    if (!woken) break;
  }
}

TEST(FolderWatch, TellsThatAFileWasMade) {
  const TemporaryFolder folder;
  net::testing::TestLoop loop;
  net::Event wake(loop.executor());
  bool told = false;
  const auto watch = FolderWatch::make(loop.executor(), folder.path(), [&] {
    told = true;
    wake.notify();
  });
  ASSERT_TRUE(watch);
  std::ofstream(folder.path() + "/ready") << "x";
  loop.run(await_told(&wake, &told));
  EXPECT_TRUE(told);
}

TEST(FolderWatch, IsNoneForAFolderThatIsNotThere) {
  net::testing::TestLoop loop;
  EXPECT_FALSE(FolderWatch::make(loop.executor(), "/nowhere/at/all", [] {}));
}

class Log : public testing::Test {
 protected:
  void add(const std::string& text) {
    std::ofstream(path_, std::ios::app) << text;
    tail_.read();
  }
  TemporaryFolder folder_;
  std::string path_ = folder_.path() + "/log";
  std::string seen_;
  LogTail tail_{path_, [this](const std::string& line) { seen_ += line + ";"; }};
};

TEST_F(Log, IsReadInWholeLinesHoweverItIsWritten) {
  tail_.read();
  add("one\ntw");
  EXPECT_EQ(seen_, "one;");
  add("o\n\nthree\n");
  EXPECT_EQ(seen_, "one;two;;three;");
}

TEST_F(Log, ThatBecameShorterIsReadAnew) {
  add("a long first line\n");
  std::ofstream(path_, std::ios::trunc) << "new\n";
  tail_.read();
  EXPECT_EQ(seen_, "a long first line;new;");
}

TEST_F(Log, DropsALineWithoutAnEnd) {
  const std::string flood(1024 * 1024, 'x');
  add(flood);
  add(flood + "\nshort\n");
  EXPECT_EQ(seen_, "short;");
}

}  // namespace
}  // namespace sallyport::sim::subject
