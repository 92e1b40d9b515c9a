#include "reference/rpc/token_file.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace sallyport::rpc {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kFirst = "first-token-0123456789abcdefghij";
const std::string kSecond = "second-token-0123456789abcdefghi";

class TokenFileTest : public testing::Test {
 protected:
  TokenFileTest() {
    std::string pattern = testing::TempDir() + "tokens.XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    path_ = folder_ + "/token";
  }
  ~TokenFileTest() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& text, ::mode_t mode = 0600) {
    const std::string fresh = path_ + ".new";
    std::ofstream(fresh) << text;
    ASSERT_EQ(::chmod(fresh.c_str(), mode), 0);
    std::filesystem::rename(fresh, path_);
  }
  std::string complaint() {
    std::string why;
    EXPECT_FALSE(read_tokens(path_, why));
    EXPECT_THAT(why, HasSubstr(path_));
    return why;
  }

  std::string folder_;
  std::string path_;
};

TEST_F(TokenFileTest, ReadsATokenWithoutItsLineEnd) {
  for (const char* end : {"", "\n", "\r\n", "\n\n"}) {
    write(kFirst + end);
    std::string why;
    const auto tokens = read_tokens(path_, why);
    ASSERT_TRUE(tokens) << why;
    ASSERT_EQ(tokens->size(), 1U);
    EXPECT_EQ(tokens->front().reveal(), kFirst);
  }
}

TEST_F(TokenFileTest, ReadsSeveralTokensOneALine) {
  write(kSecond + "\n" + kFirst + "\n");
  std::string why;
  const auto tokens = read_tokens(path_, why);
  ASSERT_TRUE(tokens) << why;
  ASSERT_EQ(tokens->size(), 2U);
  EXPECT_EQ(tokens->front().reveal(), kSecond);
}

TEST_F(TokenFileTest, RefusesAFileThatOthersMayRead) {
  for (const unsigned mode : {0604U, 0640U, 0620U, 0601U, 0644U}) {
    write(kFirst, mode);
    EXPECT_THAT(complaint(), HasSubstr(fmt::format("others (mode {:04o}): chmod 600", mode)));
  }
  write(kFirst, 0400);
  std::string why;
  EXPECT_TRUE(read_tokens(path_, why)) << why;
}

TEST_F(TokenFileTest, RefusesWhatIsNoTokenAndDoesNotRepeatIt) {
  const std::string canary = "canary canary canary canary canary";
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"", "holds no token"},
      {"\n\r\n", "holds no token"},
      {"canary-short", "less than 32"},
      {canary, "other characters"},
      {std::string(513, 'c'), "more than 512"},
      {std::string(40, 'c') + "\x01", "other characters"},
      {std::string(5000, 'c'), "more than"},
      {kFirst + "\n" + canary, "other characters"},
      {fmt::format("{0}\n{0}\n{0}\n{0}\n{0}\n", kFirst), "more than 4 tokens"}};
  for (const auto& [text, why] : rows) {
    write(text);
    const std::string said = complaint();
    EXPECT_THAT(said, HasSubstr(why));
    EXPECT_THAT(said, Not(HasSubstr("canary")));
  }
}

TEST_F(TokenFileTest, RefusesWhatIsNoFile) {
  EXPECT_THAT(complaint(), HasSubstr("can't be read: No such file"));
  path_ = folder_;
  EXPECT_THAT(complaint(), HasSubstr("is no file"));
  path_ = folder_ + "/pipe";
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_THAT(complaint(), HasSubstr("is no file"));
  path_ = folder_ + "/theirs";
  std::ofstream(path_) << kFirst;
  ASSERT_EQ(::chmod(path_.c_str(), 0600), 0);
  if (::chown(path_.c_str(), 12345, 12345) == 0) {
    EXPECT_THAT(complaint(), HasSubstr("another user"));
  }
}

TEST_F(TokenFileTest, FollowsTheFileAndKeepsTheLastTokenWhileThereIsNone) {
  write(kFirst + "\n");
  std::string why;
  const auto file = TokenFile::open(path_, why);
  ASSERT_NE(file, nullptr) << why;
  EXPECT_EQ(file->current().reveal(), kFirst);
  EXPECT_FALSE(file->changed());
  write(kSecond + "\n" + kFirst + "\n");
  EXPECT_EQ(file->current().reveal(), kSecond);
  write("short");
  EXPECT_EQ(file->current().reveal(), kSecond);
  EXPECT_FALSE(file->changed());
  std::filesystem::remove(path_);
  EXPECT_EQ(file->current().reveal(), kSecond);
  write(kFirst);
  EXPECT_TRUE(file->changed());
  EXPECT_FALSE(file->changed());
}

TEST_F(TokenFileTest, IsNotOpenedWithoutAToken) {
  std::string why;
  EXPECT_EQ(TokenFile::open(path_, why), nullptr);
  EXPECT_THAT(why, HasSubstr(path_));
}

}  // namespace
}  // namespace sallyport::rpc
