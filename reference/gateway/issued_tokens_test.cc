#include "reference/gateway/issued_tokens.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "reference/gateway/test_records.h"

namespace sallyport::gateway {
namespace {

const std::string kIssued = "issued-token-0123456789abcdefghi";
const std::string kOther = "another-token-0123456789abcdefgh";

std::string sha256_of(const std::string& token) {
  const TokenDigest digest = digest_of(token);
  return {digest.begin(), digest.end()};
}

TEST(IssuedTokens, OutliveTheProcessAndGoWithTheirSandbox) {
  std::string pattern = testing::TempDir() + "issued.XXXXXX";
  const std::string folder = ::mkdtemp(pattern.data());
  const std::string path = folder + "/state.db";
  std::string wrong;
  {
    const auto store = Store::open(path, used_state(), wrong);
    ASSERT_NE(store, nullptr) << wrong;
    ASSERT_TRUE(store->set_token("sb", sha256_of(kIssued), false).ok());
  }
  {
    const auto store = Store::open(path, used_state(), wrong);
    ASSERT_NE(store, nullptr) << wrong;
    const TokenBook book({}, issued_in(*store));
    ASSERT_TRUE(book.find(kIssued));
    EXPECT_EQ(book.find(kIssued)->sandbox_id, "sb");
    ASSERT_TRUE(store->delete_sandbox("sb"));
    EXPECT_FALSE(book.find(kIssued));
  }
  const auto store = Store::open(path, used_state(), wrong);
  ASSERT_NE(store, nullptr) << wrong;
  EXPECT_FALSE(TokenBook({}, issued_in(*store)).find(kIssued));
  std::filesystem::remove_all(folder);
}

TEST(IssuedTokens, AreOneSandboxesEach) {
  State state = used_state();
  state.sandboxes.emplace("two", sandbox("two"));
  Store store(state);
  ASSERT_TRUE(store.set_token("sb", sha256_of(kIssued), false).ok());
  EXPECT_EQ(store.set_token("two", sha256_of(kIssued), false).code, rpc::Code::already_exists);
  EXPECT_TRUE(store.set_token("sb", sha256_of(kIssued), true).ok());
  EXPECT_EQ(store.current()->tokens.at("sb").digests.size(), 1U);
  EXPECT_TRUE(store.set_token("sb", sha256_of(kOther), true).ok());
  EXPECT_EQ(store.current()->tokens.at("sb").digests.size(), 2U);
  EXPECT_TRUE(store.set_token("sb", "", false).ok());
  EXPECT_FALSE(store.current()->tokens.contains("sb"));
}

TEST(FindSandbox, TellsTheIdByIdAndByName) {
  Store store(used_state());
  const FindSandbox find = finder_in(store);
  EXPECT_EQ(find("sb"), "sb");
  EXPECT_EQ(find("name-of-sb"), "sb");
  EXPECT_FALSE(find("nobody"));
  EXPECT_FALSE(find(""));
}

}  // namespace
}  // namespace sallyport::gateway
