#include "reference/policy/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::policy {
namespace {

struct Row {
  const char* pattern;
  const char* text;
  bool matches;
};

void expect(const std::vector<Row>& rows, char separator) {
  for (const Row& row : rows) {
    const auto glob = Glob::parse(row.pattern, separator);
    ASSERT_TRUE(glob) << row.pattern;
    EXPECT_EQ(glob->matches(row.text), row.matches) << row.pattern << " on " << row.text;
    EXPECT_EQ(glob->text(), row.pattern);
  }
}

TEST(Glob, KeepsStarsAndQuestionMarksWithinASegment) {
  expect({{"/v1/*", "/v1/a", true},
          {"/v1/*", "/v1/", true},
          {"/v1/*", "/v1/a/b", false},
          {"/v1/*", "/v1", false},
          {"/*/x", "/a/x", true},
          {"/*/x", "/a/b/x", false},
          {"/a?c", "/abc", true},
          {"/a?c", "/a/c", false},
          {"/a?c", "/ac", false},
          {"*", "a", true},
          {"*", "", true},
          {"*", "/", false},
          {"/a*b*c", "/aXbYc", true},
          {"/a*b*c", "/aXcYb", false}},
         '/');
}

TEST(Glob, TakesTwoStarsForSegmentsOnlyWhenTheyAreAWholeOne) {
  expect({{"**", "/a/b", true},        {"**", "", true},
          {"/**", "/", true},          {"/**", "/usr/bin/curl", true},
          {"/**", "relative", false},  {"/v1/**", "/v1/", true},
          {"/v1/**", "/v1/a/b", true}, {"/v1/**", "/v1", false},
          {"/v1/**", "/v10/a", false}, {"/**/x", "/x", true},
          {"/**/x", "/a/b/x", true},   {"/**/x", "/ax", false},
          {"/a/**/z", "/a/z", true},   {"/a/**/z", "/a/b/c/z", true},
          {"/a/**/z", "/az", false},   {"**/x", "x", true},
          {"**/x", "/a/x", true},      {"/a**", "/ab", true},
          {"/a**", "/ab/c", false},    {"/**a", "/xa", true},
          {"/**a", "/x/a", false},     {"/***", "/ab", true},
          {"/***", "/a/b", false}},
         '/');
}

TEST(Glob, KnowsSetsAndRangesButNeverTheSeparatorInThem) {
  expect({{"/[abc]", "/b", true},
          {"/[abc]", "/d", false},
          {"/[a-c]x", "/bx", true},
          {"/[!a-c]", "/d", true},
          {"/[^a-c]", "/a", false},
          {"/[]]", "/]", true},
          {"/[!]]", "/]", false},
          {"/[a-]", "/-", true},
          {"/a[/]b", "/a/b", false},
          {"/a[!x]b", "/a/b", false},
          {"/[*]", "/*", true},
          {"/[*]", "/a", false}},
         '/');
}

TEST(Glob, KnowsAlternatives) {
  expect({{"/{a,b}", "/a", true},
          {"/{a,b}", "/b", true},
          {"/{a,b}", "/c", false},
          {"/{a,b}/{c,d}", "/b/c", true},
          {"/{a*,b}/x", "/abc/x", true},
          {"/{a{1,2},b}", "/a2", true},
          {"/{a{1,2},b}", "/a", false},
          {"/x{,.json}", "/x", true},
          {"/x{,.json}", "/x.json", true},
          {"/{**,x}", "/a/b", true},
          {"/{a/**,x}", "/a/b/c", true},
          {"/v{**}", "/va/b", false},
          {"/{[}],y}", "/}", true},
          {"/a,b", "/a,b", true}},
         '/');
}

TEST(Glob, TakesACharacterBehindABackslashForItself) {
  expect({{"/a\\*", "/a*", true},
          {"/a\\*", "/ab", false},
          {"/\\{a\\}", "/{a}", true},
          {"/{a\\,b,c}", "/a,b", true},
          {"/\\\\", "/\\", true}},
         '/');
}

TEST(Glob, SeparatesQueryValuesAtDots) {
  expect({{"v1*", "v1.2", false},
          {"v1*", "v1/2", true},
          {"report*", "report.pdf", false},
          {"*.pdf", "report.pdf", true},
          {"**", "a.b", true},
          {"**.pdf", "a.b.pdf", true}},
         '.');
}

TEST(Glob, TakesACharacterOfSeveralOctetsForOne) {
  expect({{"/?", "/\xC3\xA9", true},
          {"/[\xC3\xA0-\xC3\xAF]", "/\xC3\xA9", true},
          {"/[\xC3\xA0-\xC3\xAF]", "/\xC3\xB0", false},
          {"/?", "/\xC3", true},
          {"/\xC3\xA9", "/\xC3\xA9", true}},
         '/');
}

TEST(Glob, NeverMatchesATextWithNul) {
  for (const char* pattern : {"**", "/**", "/?", "/*"}) {
    EXPECT_FALSE(Glob::parse(pattern, '/')->matches(std::string_view("/\0", 2))) << pattern;
  }
}

TEST(Glob, SaysWhatIsNoPattern) {
  const struct {
    const char* pattern;
    const char* fault;
  } kRows[] = {{"/[a", "an unclosed `[`"},     {"/[", "an unclosed `[`"},
               {"/[]", "an unclosed `[`"},     {"/[!", "an unclosed `[`"},
               {"/{a,b", "an unclosed `{`"},   {"/{a,{b}", "an unclosed `{`"},
               {"/{a,[}]", "an unclosed `{`"}, {"/a}", "a `}` that no `{` opens"},
               {"/a\\", "a `\\` at the end"},  {"/[z-a]", "a range in `[]` that runs backwards"}};
  for (const auto& row : kRows) {
    EXPECT_EQ(Glob::fault(row.pattern), row.fault) << row.pattern;
    EXPECT_FALSE(Glob::parse(row.pattern, '/')) << row.pattern;
  }
  EXPECT_FALSE(Glob::fault(""));
  EXPECT_TRUE(Glob::fault(std::string(kGlobBytesMax + 1, 'a')));
  EXPECT_FALSE(Glob::fault(std::string(kGlobBytesMax, 'a')));
}

TEST(Glob, RefusesAlternativesNestedTooDeep) {
  const auto nested = [](int depth) {
    return std::string(depth, '{') + "a" + std::string(depth, '}');
  };
  EXPECT_FALSE(Glob::fault(nested(kGlobDepthMax)));
  EXPECT_TRUE(Glob::fault(nested(kGlobDepthMax + 1)));
  EXPECT_TRUE(Glob::fault(std::string(kGlobBytesMax, '{')));
}

TEST(Glob, ThatStandsForNoneMatchesNothing) {
  const Glob glob = Glob::never("/[a");
  EXPECT_EQ(glob.text(), "/[a");
  EXPECT_FALSE(glob.matches("/[a"));
  EXPECT_FALSE(glob.matches(""));
}

// Each would take more than a lifetime if patterns were tried one way after the other.
TEST(Glob, IsNotKeptBusyByHostilePatterns) {
  std::string stars;
  for (int i = 0; i < 300; ++i) stars += "*a";
  std::string forks = "/";
  for (int i = 0; i < 120; ++i) forks += "{a,aa,}";
  std::string deep = "/**";
  for (int i = 0; i < 200; ++i) deep += "/**";
  const std::string text = "/" + std::string(400, 'a') + "!";
  for (const std::string& pattern : {"/" + stars, forks, deep + "/b", "/" + stars + "b"}) {
    const auto glob = Glob::parse(pattern, '/');
    ASSERT_TRUE(glob) << pattern.substr(0, 20);
    EXPECT_FALSE(glob->matches(text)) << pattern.substr(0, 20);
  }
}

}  // namespace
}  // namespace sallyport::policy
