#include "reference/net/hosts_file.h"

#include <gtest/gtest.h>

namespace sallyport::net {
namespace {

std::string all(const HostsFile& file, std::string_view name) {
  std::string text;
  for (const auto& address : file.find(name)) text += address.to_string() + " ";
  return text;
}

TEST(HostsFile, KnowsNamesAndAliases) {
  const auto file = HostsFile::parse("10.0.0.5 api.internal api\n::1\tlocalhost\n");
  EXPECT_EQ(all(file, "api.internal"), "10.0.0.5 ");
  EXPECT_EQ(all(file, "api"), "10.0.0.5 ");
  EXPECT_EQ(all(file, "localhost"), "::1 ");
}

TEST(HostsFile, ComparesWithoutCaseAndFinalDot) {
  const auto file = HostsFile::parse("10.0.0.5 Api.Internal\n");
  EXPECT_EQ(all(file, "API.internal."), "10.0.0.5 ");
}

TEST(HostsFile, MatchesWholeNamesOnly) {
  const auto file = HostsFile::parse("10.0.0.5 api.internal\n");
  EXPECT_EQ(all(file, "internal"), "");
  EXPECT_EQ(all(file, "x.api.internal"), "");
  EXPECT_EQ(all(file, ""), "");
}

TEST(HostsFile, StripsComments) {
  const auto file = HostsFile::parse("# 10.0.0.1 no\n10.0.0.2 yes # no\n10.0.0.3#no never\n");
  EXPECT_EQ(all(file, "no"), "");
  EXPECT_EQ(all(file, "yes"), "10.0.0.2 ");
  EXPECT_EQ(file.size(), 1U);
}

TEST(HostsFile, CollectsTheAddressesOfANameInOrderEachOnce) {
  const auto file = HostsFile::parse("10.0.0.2 db\n10.0.0.1 db\n10.0.0.2 db\n::2 db");
  EXPECT_EQ(all(file, "db"), "10.0.0.2 10.0.0.1 ::2 ");
}

TEST(HostsFile, PassesOverWhatIsNoEntry) {
  const auto file = HostsFile::parse("nonsense\n\r\n10.0.0.300 a\n10.0.0.1\n10.0.0.2 b\r\n");
  EXPECT_EQ(file.size(), 1U);
  EXPECT_EQ(all(file, "b"), "10.0.0.2 ");
}

TEST(HostsFile, SaysWhenTheFileCannotBeRead) {
  const auto file = HostsFile::load("/nonexistent/hosts");
  ASSERT_TRUE(file.has_error());
  EXPECT_EQ(file.error(), boost::system::errc::no_such_file_or_directory);
  EXPECT_TRUE(HostsFile::load("/").has_error());
}

}  // namespace
}  // namespace sallyport::net
