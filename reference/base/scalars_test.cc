#include "reference/base/scalars.h"

#include <gtest/gtest.h>

namespace sallyport::base {
namespace {

using namespace std::chrono_literals;

TEST(Scalars, ReadIntegersInOneFormOnly) {
  EXPECT_EQ(parse_integer("0"), 0U);
  EXPECT_EQ(parse_integer("42"), 42U);
  EXPECT_EQ(parse_integer("9223372036854775807"), 9223372036854775807U);
  for (const char* wrong :
       {"", "042", "+1", "-1", "1_000", "0x10", "1.0", " 1", "9223372036854775808"}) {
    EXPECT_FALSE(parse_integer(wrong)) << wrong;
  }
}

TEST(Scalars, ReadBooleansInTwoWordsOnly) {
  EXPECT_EQ(parse_boolean("true"), true);
  EXPECT_EQ(parse_boolean("false"), false);
  for (const char* wrong : {"yes", "True", "1", "on", ""})
    EXPECT_FALSE(parse_boolean(wrong)) << wrong;
}

TEST(Scalars, ReadDurationsWithTheirUnit) {
  EXPECT_EQ(parse_duration("250us"), 250us);
  EXPECT_EQ(parse_duration("10ms"), 10ms);
  EXPECT_EQ(parse_duration("2s"), 2s);
  EXPECT_EQ(parse_duration("5min"), 5min);
  for (const char* wrong : {"5", "5 s", "5h", "1.5s", "-1s", "99999999999min", "s"}) {
    EXPECT_FALSE(parse_duration(wrong)) << wrong;
  }
}

TEST(Scalars, ReadSizesAndRates) {
  EXPECT_EQ(parse_size("65537B"), 65537U);
  EXPECT_EQ(parse_size("64KiB"), 65536U);
  EXPECT_EQ(parse_size("1GiB"), 1073741824U);
  EXPECT_FALSE(parse_size("64KB"));
  EXPECT_FALSE(parse_size("64"));
  EXPECT_EQ(parse_rate("200/s"), 200U);
  EXPECT_FALSE(parse_rate("0/s"));
  EXPECT_FALSE(parse_rate("200"));
}

TEST(Scalars, PrintWhatTheyRead) {
  for (const char* text : {"250us", "10ms", "2s", "5min", "1500ms"}) {
    EXPECT_EQ(format_duration(parse_duration(text).value()), text);
  }
  EXPECT_EQ(format_duration(0ns), "0ms");
  for (const char* text : {"65537B", "64KiB", "4MiB", "1GiB", "0B"}) {
    EXPECT_EQ(format_size(parse_size(text).value()), text);
  }
}

}  // namespace
}  // namespace sallyport::base
