#include "reference/sandbox/state_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace sallyport::sandbox {
namespace {

std::optional<std::string> nothing(std::string_view) { return std::nullopt; }

TEST(StateFolder, IsTheUsersOwn) {
  EXPECT_EQ(state_folder("/x/../y", 1000, nothing), "/y");
  EXPECT_EQ(state_folder("", 1000, [](std::string_view) { return std::string("/run/user/1000"); }),
            "/run/user/1000/sallyport");
  EXPECT_EQ(state_folder("", 0, nothing), "/run/sallyport");
  EXPECT_EQ(state_folder("", 1000, nothing), "/tmp/sallyport-1000");
}

TEST(SandboxName, CantLeadElsewhere) {
  EXPECT_TRUE(is_sandbox_name("my-agent_2"));
  EXPECT_TRUE(is_sandbox_name(std::string(63, 'a')));
  for (const std::string& name :
       {std::string(), std::string("../x"), std::string("a/b"), std::string("-x"), std::string("A"),
        std::string("a b"), std::string(64, 'a')}) {
    EXPECT_FALSE(is_sandbox_name(name)) << name;
  }
}

class DoorTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(::mkdtemp(folder_.data()), nullptr); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string folder_ = "/tmp/doors-XXXXXX";
  std::string wrong_;
};

TEST_F(DoorTest, FolderMustBeItsOwnersAlone) {
  EXPECT_EQ(make_state_folder(folder_ + "/new"), "");
  EXPECT_EQ(make_state_folder(folder_ + "/new"), "");
  ::chmod((folder_ + "/new").c_str(), 0755);
  EXPECT_NE(make_state_folder(folder_ + "/new").find("0700"), std::string::npos);
  std::filesystem::create_symlink(folder_ + "/new", folder_ + "/link");
  EXPECT_NE(make_state_folder(folder_ + "/link"), "");
}

TEST_F(DoorTest, IsForItsOwnerAndGoesAway) {
  {
    const auto door = Door::open(folder_, "one", wrong_);
    ASSERT_TRUE(door) << wrong_;
    struct stat status {};
    ASSERT_EQ(::stat(door_path(folder_, "one").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U);
    EXPECT_TRUE(knock(folder_, "one", wrong_)) << wrong_;
    EXPECT_TRUE(door->take());
    EXPECT_FALSE(door->take());
  }
  EXPECT_FALSE(std::filesystem::exists(door_path(folder_, "one")));
}

TEST_F(DoorTest, OfANameIsOneAtATime) {
  const auto door = Door::open(folder_, "one", wrong_);
  EXPECT_FALSE(Door::open(folder_, "one", wrong_));
  EXPECT_EQ(wrong_, "a sandbox named one runs already");
}

TEST_F(DoorTest, ThatNobodyClosedIsTakenOver) {
  {
    auto door = Door::open(folder_, "one", wrong_);
    ASSERT_TRUE(door);
    ::link(door_path(folder_, "one").c_str(), door_path(folder_, "stale").c_str());
  }
  ASSERT_TRUE(std::filesystem::exists(door_path(folder_, "stale")));
  EXPECT_TRUE(Door::open(folder_, "stale", wrong_)) << wrong_;
}

TEST_F(DoorTest, OfASandboxThatIsntThereIsSaid) {
  EXPECT_FALSE(knock(folder_, "nobody", wrong_));
  EXPECT_EQ(wrong_, "there is no sandbox named nobody in " + folder_);
}

}  // namespace
}  // namespace sallyport::sandbox
