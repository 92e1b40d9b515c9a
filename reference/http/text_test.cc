#include "reference/http/text.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sallyport::http {
namespace {

TEST(Text, TokensHoldNoSeparators) {
  EXPECT_TRUE(is_token("X-Api_Key!"));
  for (const char* bad : {"", "a b", "a:b", "a/b", "a\tb", "a,b", "\"a\"", "(a)", "\xC3\xA9"})
    EXPECT_FALSE(is_token(bad)) << bad;
}

TEST(Text, FieldValuesHoldNoControlBytes) {
  EXPECT_TRUE(is_field_value("a\tb \xC3\xA9"));
  EXPECT_FALSE(is_field_value(std::string_view("a\0b", 3)));
  EXPECT_FALSE(is_field_value("a\rb"));
  EXPECT_FALSE(is_field_value("a\nb"));
  EXPECT_FALSE(is_field_value("a\x7F"));
}

TEST(Text, Utf8IsStrict) {
  EXPECT_TRUE(is_utf8("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"));
  for (const char* bad : {"\x80", "\xC0\xAF", "\xC1\xBF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xC3",
                          "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE2\x82"})
    EXPECT_FALSE(is_utf8(bad)) << bad;
}

TEST(Text, ComparesAsciiWithoutCase) {
  EXPECT_TRUE(equal_ignoring_case("Content-LENGTH", "content-length"));
  EXPECT_FALSE(equal_ignoring_case("a@", "a`"));
  EXPECT_FALSE(equal_ignoring_case("ab", "abc"));
}

TEST(Text, ListsAreCutAtCommasAndTrimmed) {
  std::vector<std::string> seen;
  for_each_element("a, b\t,,c", [&seen](std::string_view element) {
    seen.emplace_back(element);
    return true;
  });
  EXPECT_EQ(seen, (std::vector<std::string>{"a", "b", "", "c"}));
}

}  // namespace
}  // namespace sallyport::http
