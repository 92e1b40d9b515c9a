#include "reference/policy/selector_pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "reference/policy/model.h"

namespace sallyport::policy {
namespace {

using ::testing::HasSubstr;

bool match(std::string_view pattern, std::string_view host) {
  const auto parsed = SelectorPattern::parse(pattern);
  return parsed && parsed->matches(host);
}

bool overlap(std::string_view a, std::string_view b) {
  const auto first = SelectorPattern::parse(a);
  const auto second = SelectorPattern::parse(b);
  EXPECT_TRUE(first && second);
  EXPECT_EQ(first->overlaps(*second), second->overlaps(*first)) << a << " " << b;
  return first->overlaps(*second);
}

struct Row {
  const char* pattern;
  const char* host;
  bool matches;
};

TEST(SelectorPattern, MatchesLabelByLabel) {
  for (const Row& row :
       {Row{"api.example.com", "API.EXAMPLE.COM", true},
        Row{"API.Example.com", "api.example.com", true},
        Row{"api.example.com", "api.example.org", false},
        Row{"*.example.com", "api.example.com", true}, Row{"*.example.com", "example.com", false},
        Row{"*.example.com", "deep.api.example.com", false},
        Row{"*-api.example.com", "tenant-api.example.com", true},
        Row{"*-api.example.com", "api.example.com", false},
        Row{"*.a?i.example.com", "x.abi.example.com", true},
        Row{"*.a?i.example.com", "x.ai.example.com", false}, Row{"*", "com", true},
        Row{"*", "example.com", false}}) {
    EXPECT_EQ(match(row.pattern, row.host), row.matches) << row.pattern << " " << row.host;
  }
}

TEST(SelectorPattern, TakesOneLabelOrMoreForTwoStars) {
  for (const Row& row :
       {Row{"**.example.com", "example.com", false}, Row{"**.example.com", "api.example.com", true},
        Row{"**.example.com", "deep.api.example.com", true}, Row{"api.**.com", "api.com", false},
        Row{"api.**.com", "api.x.com", true}, Row{"api.**.com", "api.x.y.com", true},
        Row{"api.**", "api", false}, Row{"api.**", "api.com", true},
        Row{"**.a.**.b", "x.a.y.a.z.b", true}, Row{"**.a.**.b", "a.y.b", false}}) {
    EXPECT_EQ(match(row.pattern, row.host), row.matches) << row.pattern << " " << row.host;
  }
}

TEST(SelectorPattern, MatchesEveryHostWithTwoStarsAloneButNoEmptyLabel) {
  for (const char* host : {"com", "a.b.c.d", "192.168.1.1", "[::1]", "::1"}) {
    EXPECT_TRUE(match("**", host)) << host;
  }
  for (const char* host : {"example.com.", ".example.com", "a..b", ""}) {
    EXPECT_FALSE(match("**", host)) << host;
  }
}

TEST(SelectorPattern, KnowsClasses) {
  EXPECT_TRUE(match("api[0-9].example.com", "api7.example.com"));
  EXPECT_FALSE(match("api[0-9].example.com", "apix.example.com"));
  EXPECT_TRUE(match("api[!0-9].example.com", "apix.example.com"));
  EXPECT_FALSE(match("api[!0-9].example.com", "api7.example.com"));
  EXPECT_TRUE(match("[A-C]*.com", "beta.com"));
  EXPECT_TRUE(match("x[]a]y", "x]y"));
  EXPECT_TRUE(match("x[a-]y", "x-y"));
  EXPECT_FALSE(match("x[z-a]y", "xmy"));
}

TEST(SelectorPattern, RefusesWhatIsNoPattern) {
  for (const char* pattern : {"", "a b.com", "a.com\t", "{a,b}.com", "a..com", ".com", "com.",
                              "api**.com", "***", "a.b**", "api[.com", "api[0-9", "a[!", "a[]"}) {
    EXPECT_TRUE(SelectorPattern::fault(pattern)) << pattern;
    EXPECT_FALSE(SelectorPattern::parse(pattern)) << pattern;
  }
  EXPECT_THAT(*SelectorPattern::fault("{a}.com"), HasSubstr("list each host pattern separately"));
  EXPECT_TRUE(SelectorPattern::fault(std::string(254, 'a')));
}

TEST(SelectorPattern, IsDoneInNoTimeWithHostilePatterns) {
  std::string pattern = "**";
  for (int i = 0; i < 60; ++i) pattern += ".**";
  std::string host = "a";
  for (int i = 0; i < 4000; ++i) host += ".a";
  EXPECT_TRUE(match(pattern, host));
  EXPECT_FALSE(match(pattern + ".b", host));
  EXPECT_FALSE(match("*a*a*a*a*a*a*a*a*b", std::string(5000, 'a')));
}

TEST(SelectorPattern, TellsWhetherTwoCouldMeet) {
  EXPECT_TRUE(overlap("api.example.com", "API.example.com"));
  EXPECT_FALSE(overlap("api.example.com", "www.example.com"));
  EXPECT_TRUE(overlap("*.example.com", "api.example.com"));
  EXPECT_FALSE(overlap("*.example.com", "example.com"));
  EXPECT_FALSE(overlap("*.example.com", "a.b.example.com"));
  EXPECT_TRUE(overlap("**.example.com", "a.b.example.com"));
  EXPECT_TRUE(overlap("**.example.com", "*.b.example.com"));
  EXPECT_TRUE(overlap("**", "x"));
  EXPECT_TRUE(overlap("a.**", "**.b"));
  EXPECT_FALSE(overlap("a.**.c", "a.c"));
  EXPECT_TRUE(overlap("a*.com", "b*.com"));  // two globs are taken to overlap
}

HostSelector selector(std::initializer_list<const char*> include,
                      std::initializer_list<const char*> exclude = {}) {
  HostSelector made;
  for (const char* text : include) made.include.push_back(*SelectorPattern::parse(text));
  for (const char* text : exclude) made.exclude.push_back(*SelectorPattern::parse(text));
  return made;
}

bool may(const HostSelector& made, const char* candidate) {
  return made.may_match(*SelectorPattern::parse(candidate));
}

TEST(HostSelector, LetsAnExclusionWin) {
  const HostSelector made = selector({"**.example.com", "other.org"}, {"trusted.example.com"});
  EXPECT_TRUE(made.matches("api.example.com"));
  EXPECT_TRUE(made.matches("OTHER.org"));
  EXPECT_FALSE(made.matches("Trusted.Example.COM"));
  EXPECT_FALSE(made.matches("example.net"));
}

TEST(HostSelector, MayMatchWhatNoExclusionSurelyTakesAway) {
  EXPECT_TRUE(may(selector({"**.example.com"}), "api.example.com"));
  EXPECT_FALSE(may(selector({"**.example.com"}, {"api.*.com"}), "api.example.com"));
  EXPECT_FALSE(may(selector({"api.example.com"}, {"api.**"}), "*.example.com"));
  EXPECT_TRUE(may(selector({"api.example.com"}, {"www.example.com"}), "*.example.com"));
  EXPECT_TRUE(may(selector({"*.example.com"}, {"a*.example.com"}), "**.example.com"));
  EXPECT_FALSE(may(selector({"*.example.com"}, {"**"}), "**.example.com"));
  EXPECT_FALSE(may(selector({"*.example.com"}, {"*.example.com"}), "**.example.com"));
  EXPECT_FALSE(may(selector({"*.example.com"}, {"**.example.com"}), "**.example.com"));
  EXPECT_FALSE(may(selector({"*.example.com"}), "example.org"));
}

TEST(HostSelector, SelectsTheManagedHostByItsNameAlone) {
  EXPECT_TRUE(selector({"inference.local"}).matches("inference.local"));
  EXPECT_TRUE(selector({"*.example.com", "Inference.LOCAL"}).matches("inference.local"));
  EXPECT_TRUE(selector({"inference.local"}).matches("INFERENCE.local"));
  for (const char* const glob : {"**", "*.local", "inference.*", "*.*", "[i]nference.local",
                                 "inferenc?.local", "**.local", "inference.**"}) {
    EXPECT_FALSE(selector({glob}).matches("inference.local")) << glob;
  }
  EXPECT_TRUE(selector({"*.local"}).matches("other.local"));
  EXPECT_FALSE(selector({"inference.local"}).matches("a.inference.local"));
}

TEST(HostSelector, LeavesTheManagedHostOutByAnyPattern) {
  for (const char* const out : {"inference.local", "**", "*.local"}) {
    EXPECT_FALSE(selector({"inference.local"}, {out}).matches("inference.local")) << out;
  }
  EXPECT_TRUE(selector({"inference.local"}, {"*.test"}).matches("inference.local"));
}

// An endpoint `*.local` never leads there, so its tunnels hide nothing from the entry.
TEST(HostSelector, SharesTheManagedHostWithNoEndpoint) {
  EXPECT_FALSE(may(selector({"inference.local"}), "*.local"));
  EXPECT_FALSE(may(selector({"inference.local"}), "inference.local"));
  EXPECT_TRUE(may(selector({"inference.local", "a.local"}), "*.local"));
}

TEST(SelectorPattern, RefusesAnAddressInAFormThatNoHostHas) {
  EXPECT_TRUE(SelectorPattern::fault("[2001:db8::1]"));
  EXPECT_TRUE(SelectorPattern::fault("2001:db8:0::1"));
  EXPECT_FALSE(SelectorPattern::fault("2001:db8::1"));
  EXPECT_FALSE(SelectorPattern::fault("192.168.1.1"));
}

}  // namespace
}  // namespace sallyport::policy
