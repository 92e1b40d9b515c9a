#include "reference/policy/host_pattern.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::policy {
namespace {

bool matches(const std::string& pattern, const std::string& host) {
  return HostPattern::parse(pattern).value().matches(normalise_host(host));
}

TEST(HostPattern, RefusesShapesThatMatchTooMuch) {
  for (const char* text : {"*", "**", "***", "*.com", "**.com", "a*.com"}) {
    EXPECT_TRUE(HostPattern::fault(text)) << text;
    EXPECT_FALSE(HostPattern::parse(text)) << text;
  }
}

TEST(HostPattern, RefusesWildcardsInOddPlaces) {
  for (const char* text : {"a.b*.example.com", "a.**.example.com", "foo**.example.com",
                           "***.example.com", "a.*b.example.com", "**a.example.com"}) {
    EXPECT_TRUE(HostPattern::fault(text)) << text;
  }
}

TEST(HostPattern, RefusesWhatIsNoHost) {
  for (const char* text : {"", ".", "a..b.com", ".example.com", "example.com.", "a b.com",
                           "http://example.com", "example.com:443", "u@example.com", "{a,b}.x.com",
                           "ex%61mple.com", "[::1", "bücher.example"}) {
    EXPECT_TRUE(HostPattern::fault(text)) << text;
  }
  EXPECT_TRUE(HostPattern::fault(std::string(64, 'a') + ".example.com"));
  EXPECT_TRUE(HostPattern::fault(std::string("a\0b.example.com", 15)));
}

TEST(HostPattern, AcceptsTheShapesOfTheFieldSystem) {
  for (const char* text :
       {"example.com", "localhost", "*.example.com", "**.example.com", "api-*.example.com",
        "*-x.example.com", "a.*.example.com", "10.0.0.5", "::1", "[2001:db8::1]", "my_host.lan"}) {
    EXPECT_FALSE(HostPattern::fault(text)) << text;
  }
}

TEST(HostPattern, MatchesAnExactNameInAnyCase) {
  EXPECT_TRUE(matches("Example.COM", "eXample.com"));
  EXPECT_FALSE(matches("example.com", "a.example.com"));
  EXPECT_FALSE(matches("example.com", "example.com."));
  EXPECT_FALSE(matches("example.com", "example.co"));
}

TEST(HostPattern, MatchesOneLabelByOneStar) {
  EXPECT_TRUE(matches("*.example.com", "a.example.com"));
  EXPECT_TRUE(matches("*.example.com", "A.EXAMPLE.com"));
  EXPECT_FALSE(matches("*.example.com", "example.com"));
  EXPECT_FALSE(matches("*.example.com", "a.b.example.com"));
  EXPECT_FALSE(matches("*.example.com", ".example.com"));
  EXPECT_FALSE(matches("*.example.com", "a.example.org"));
}

TEST(HostPattern, MatchesOneLabelOrMoreByTwoStars) {
  EXPECT_TRUE(matches("**.example.com", "a.example.com"));
  EXPECT_TRUE(matches("**.example.com", "a.b.c.example.com"));
  EXPECT_FALSE(matches("**.example.com", "example.com"));
  EXPECT_FALSE(matches("**.example.com", "a..example.com"));
  EXPECT_FALSE(matches("**.example.com", "aexample.com"));
  EXPECT_TRUE(matches("**.*.example.com", "a.b.example.com"));
  EXPECT_FALSE(matches("**.*.example.com", "b.example.com"));
}

TEST(HostPattern, MatchesWithinTheFirstLabelOnly) {
  EXPECT_TRUE(matches("api-*.example.com", "api-1.example.com"));
  EXPECT_TRUE(matches("api-*.example.com", "api-.example.com"));
  EXPECT_FALSE(matches("api-*.example.com", "api-1.b.example.com"));
  EXPECT_FALSE(matches("api-*.example.com", "apx-1.example.com"));
  EXPECT_TRUE(matches("*-x.example.com", "a-x-x.example.com"));
  EXPECT_TRUE(matches("a*b*c.example.com", "a-b-b-c.example.com"));
  EXPECT_FALSE(matches("a*b*c.example.com", "a-c-b.example.com"));
}

TEST(HostPattern, MatchesOneLabelInTheMiddle) {
  EXPECT_TRUE(matches("a.*.example.com", "a.eu.example.com"));
  EXPECT_FALSE(matches("a.*.example.com", "a.example.com"));
  EXPECT_FALSE(matches("a.*.example.com", "a.b.c.example.com"));
}

TEST(HostPattern, NeverMatchesOddBytesByAWildcard) {
  EXPECT_FALSE(matches("*.example.com", std::string("a\0b.example.com", 15)));
  EXPECT_FALSE(matches("*.example.com", "a%2eb.example.com"));
  EXPECT_FALSE(matches("*.example.com", "a/b.example.com"));
  EXPECT_FALSE(matches("*.example.com", "u@h.example.com"));
  EXPECT_FALSE(matches("**.example.com", std::string(300, 'a') + ".example.com"));
}

TEST(HostPattern, NeverMatchesAnAddressByAWildcard) {
  EXPECT_FALSE(matches("*.0.0.5", "10.0.0.5"));
  EXPECT_TRUE(matches("10.0.0.5", "10.0.0.5"));
}

TEST(HostPattern, ComparesAddressesByValue) {
  EXPECT_TRUE(matches("[2001:DB8:0::1]", "2001:db8::1"));
  EXPECT_TRUE(matches("2001:db8::1", "[2001:db8:0:0::1]"));
  EXPECT_FALSE(matches("10.0.0.5", "::ffff:10.0.0.5"));
}

TEST(NormaliseHost, LowersAndCanonicalises) {
  EXPECT_EQ(normalise_host("EXAMPLE.com"), "example.com");
  EXPECT_EQ(normalise_host("[::0001]"), "::1");
  EXPECT_EQ(normalise_host("0:0:0:0:0:0:0:1"), "::1");
  EXPECT_EQ(normalise_host("[10.0.0.1]"), "[10.0.0.1]");
  EXPECT_EQ(normalise_host(""), "");
}

}  // namespace
}  // namespace sallyport::policy
