#include "reference/gateway/tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "reference/rpc/token_file.h"

namespace sallyport::gateway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::string kOperator = "operator-token-0123456789abcdefg";
const std::string kOne = "sandbox-one-token-0123456789abcd";
const std::string kTwo = "sandbox-two-token-0123456789abcd";

class Tokens : public testing::Test {
 protected:
  Tokens() {
    std::string pattern = testing::TempDir() + "tokens.XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~Tokens() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << text;
    ::chmod(path.c_str(), 0600);
    return path;
  }
  static std::string text_of(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

  std::string folder_;
  base::SystemRandom random_;
};

TEST_F(Tokens, HaveOneOwnerEach) {
  FileTokens tokens;
  tokens.operators = {digest_of(kOperator)};
  tokens.sandboxes["a"] = {digest_of(kOne), digest_of(kOne)};
  EXPECT_EQ(shared_token(tokens), "");
  tokens.sandboxes["b"] = {digest_of(kOne)};
  EXPECT_EQ(shared_token(tokens), "sandbox 'a' and sandbox 'b' have the same token");
  tokens.sandboxes["b"] = {digest_of(kOperator)};
  EXPECT_EQ(shared_token(tokens), "the operator and sandbox 'b' have the same token");
}

TEST_F(Tokens, AreReadAgainFileByFile) {
  TokenFiles files;
  files.operator_file = write("operator", kOperator);
  files.sandboxes["a"] = write("a", kOne + "\n" + kTwo);
  std::vector<std::string> complaints;
  FileTokens now = read_again(files, {}, complaints);
  EXPECT_TRUE(complaints.empty());
  EXPECT_THAT(now.operators, ElementsAre(digest_of(kOperator)));
  EXPECT_THAT(now.sandboxes.at("a"), ElementsAre(digest_of(kOne), digest_of(kTwo)));
  write("operator", "canary");
  write("a", kTwo);
  now = read_again(files, now, complaints);
  ASSERT_EQ(complaints.size(), 1U);
  EXPECT_THAT(complaints[0], HasSubstr("less than 32"));
  EXPECT_THAT(complaints[0], Not(HasSubstr("canary")));
  EXPECT_THAT(now.operators, ElementsAre(digest_of(kOperator)));
  EXPECT_THAT(now.sandboxes.at("a"), ElementsAre(digest_of(kTwo)));
}

TEST_F(Tokens, ThatTwoWouldHaveChangeNothing) {
  TokenFiles files;
  files.operator_file = write("operator", kOperator);
  files.sandboxes["a"] = write("a", kOne);
  std::vector<std::string> complaints;
  const FileTokens before = read_again(files, {}, complaints);
  write("a", kOperator);
  const FileTokens now = read_again(files, before, complaints);
  EXPECT_THAT(complaints, ElementsAre(HasSubstr("same token")));
  EXPECT_THAT(now.sandboxes.at("a"), ElementsAre(digest_of(kOne)));
}

TEST_F(Tokens, AreMadeInAFileThatIsItsOwnersAlone) {
  const std::string path = folder_ + "/made";
  TokenDigest digest{};
  ASSERT_EQ(write_token(path, random_, digest), "");
  struct ::stat about {};
  ASSERT_EQ(::stat(path.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777U, 0600U);
  std::string why;
  const auto read = read_digests(path, why);
  ASSERT_TRUE(read) << why;
  EXPECT_THAT(*read, ElementsAre(digest));
}

TEST_F(Tokens, AreWrittenOverNothing) {
  const std::string path = write("there", "something else");
  TokenDigest digest{};
  EXPECT_THAT(write_token(path, random_, digest), HasSubstr("File exists"));
  EXPECT_EQ(text_of(path), "something else");
  EXPECT_THAT(write_token(folder_ + "/no/where", random_, digest), HasSubstr("No such file"));
}

TEST_F(Tokens, AreFoundByWhatTheySay) {
  FileTokens files;
  files.operators = {digest_of(kOperator)};
  files.sandboxes["a"] = {digest_of(kOne)};
  const TokenDigest two = digest_of(kTwo);
  TokenBook book(files, [&two](const auto& visit) {
    visit("b", {reinterpret_cast<const char*>(two.data()), two.size()});
    visit("c", "too short");
  });
  EXPECT_TRUE(book.has_operator());
  EXPECT_EQ(book.find(kOperator)->kind, Caller::Kind::operator_);
  EXPECT_EQ(book.find(kOne)->sandbox_id, "a");
  EXPECT_EQ(book.find(kTwo)->sandbox_id, "b");
  EXPECT_FALSE(book.find("another-token-0123456789abcdefgh"));
  EXPECT_FALSE(book.find("too short"));
  EXPECT_FALSE(book.find(""));
  EXPECT_FALSE(book.find(std::string(1 << 20, 'x')));
  book.replace({});
  EXPECT_FALSE(book.has_operator());
  EXPECT_FALSE(book.find(kOperator));
  EXPECT_EQ(book.find(kTwo)->sandbox_id, "b");
}

}  // namespace
}  // namespace sallyport::gateway
