#include "reference/http/authority.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::http {
namespace {

TEST(Authority, ReadsHostAndPortInOneSpelling) {
  EXPECT_EQ(*parse_authority("API.Example.com:443"), (Authority{"api.example.com", 443}));
  EXPECT_EQ(*parse_authority("10.0.0.1:1"), (Authority{"10.0.0.1", 1}));
  EXPECT_EQ(*parse_authority("[::1]:65535"), (Authority{"::1", 65535}));
  EXPECT_EQ(*parse_authority("[0:0:0:0:0:0:0:1]:80"), (Authority{"::1", 80}));
  EXPECT_EQ(*parse_authority("a_b-c.test:80"), (Authority{"a_b-c.test", 80}));
  EXPECT_EQ(*parse_authority("inference.local.:443"), (Authority{"inference.local.", 443}));
}

TEST(Authority, RefusesWhatIsNotHostColonPort) {
  const std::string long_label = std::string(64, 'a') + ":80";
  for (const std::string& text : {std::string(""),
                                  std::string(":80"),
                                  std::string("a"),
                                  std::string("a:"),
                                  std::string("a:0"),
                                  std::string("a:080"),
                                  std::string("a:+80"),
                                  std::string("a:80x"),
                                  std::string("a:65536"),
                                  std::string("a:99999999999"),
                                  std::string("a:80:80"),
                                  std::string("::1:80"),
                                  std::string("[::1]"),
                                  std::string("[::1]80"),
                                  std::string("[::1:80"),
                                  std::string("[a]:80"),
                                  std::string("[1.2.3.4]:80"),
                                  std::string("[fe80::1%eth0]:80"),
                                  std::string("a b:80"),
                                  std::string("a/b:80"),
                                  std::string("a%2e:80"),
                                  std::string(".a:80"),
                                  std::string("a..b:80"),
                                  std::string("..:80"),
                                  std::string("127.1:80"),
                                  std::string("2130706433:80"),
                                  std::string("0x7f.1:80"),
                                  std::string("0x7f000001:80"),
                                  std::string("1.2.3.4.:80"),
                                  std::string("256.0.0.1:80"),
                                  std::string("\xC3\xA9:80"),
                                  std::string(5000, 'a') + ":80",
                                  long_label}) {
    const auto authority = parse_authority(text);
    ASSERT_FALSE(authority) << text;
    EXPECT_EQ(authority.error(), HttpErrc::bad_authority) << text;
  }
  EXPECT_EQ(parse_authority("u:p@a:80").error(), HttpErrc::userinfo);
}

TEST(Authority, FillsInADefaultPort) {
  EXPECT_EQ(parse_authority("a.test", 443)->port, 443);
  EXPECT_EQ(parse_authority("[::1]", 80)->port, 80);
  EXPECT_FALSE(parse_authority("a.test:", 80));
}

TEST(Authority, IsWrittenAsHostWritesIt) {
  EXPECT_EQ((Authority{"a.test", 80}).to_string(80), "a.test");
  EXPECT_EQ((Authority{"a.test", 8080}).to_string(80), "a.test:8080");
  EXPECT_EQ((Authority{"::1", 80}).to_string(80), "[::1]");
  EXPECT_EQ((Authority{"::1", 81}).to_string(80), "[::1]:81");
  EXPECT_EQ((Authority{"a.test", 80}).to_string(), "a.test:80");
}

TEST(Authority, MatchesTheTunnelThatItWasOpenedFor) {
  const Authority tunnel{"a.test", 443};
  EXPECT_TRUE(authority_matches("A.test", 443, tunnel));
  EXPECT_TRUE(authority_matches("a.test:443", 443, tunnel));
  EXPECT_FALSE(authority_matches("a.test", 80, tunnel));
  EXPECT_FALSE(authority_matches("a.test:80", 443, tunnel));
  EXPECT_FALSE(authority_matches("b.test", 443, tunnel));
  EXPECT_FALSE(authority_matches("a.test.", 443, tunnel));
  EXPECT_FALSE(authority_matches("", 443, tunnel));
  EXPECT_TRUE(authority_matches("[0::1]", 443, Authority{"::1", 443}));
}

}  // namespace
}  // namespace sallyport::http
