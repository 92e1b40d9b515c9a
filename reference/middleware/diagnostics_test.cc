#include "reference/middleware/diagnostics.h"

#include <gtest/gtest.h>

namespace sallyport::middleware {
namespace {

TEST(Diagnostics, KnowStableNames) {
  EXPECT_TRUE(is_stable_name("example/Content-guard_1.0"));
  EXPECT_TRUE(is_stable_name(std::string(128, 'a')));
  for (const std::string& name : {std::string(), std::string(129, 'a'), std::string("a b"),
                                  std::string("a\n"), std::string("caf\xc3\xa9")}) {
    EXPECT_FALSE(is_stable_name(name)) << name;
  }
}

TEST(Diagnostics, KnowReasonCodes) {
  EXPECT_TRUE(is_reason_code("content_match2"));
  EXPECT_TRUE(is_reason_code(std::string(64, 'a')));
  for (const std::string& code : {std::string(), std::string(65, 'a'), std::string("_a"),
                                  std::string("2a"), std::string("aB"), std::string("a b")}) {
    EXPECT_FALSE(is_reason_code(code)) << code;
  }
}

TEST(Diagnostics, LeaveNothingOfATextThatCouldDoHarm) {
  EXPECT_EQ(sanitised("ab_1:- \r\n<script>\"'{}"), "ab_1:- script");
  EXPECT_EQ(sanitised(std::string(500, 'x')).size(), 160U);
  EXPECT_EQ(sanitised("\x1b[31m\xc3\xa9"), "31m");
}

TEST(Diagnostics, WriteAKeyIntoAReason) {
  EXPECT_EQ(reason_key("my guard:1\n"), "my_guard_1_");
  EXPECT_EQ(reason_key(std::string(200, 'a')).size(), 128U);
}

TEST(Diagnostics, TakeEveryUnknownSeverityForMedium) {
  EXPECT_EQ(severity_of("High"), "high");
  EXPECT_EQ(severity_of("low"), "low");
  EXPECT_EQ(severity_of(""), "medium");
  EXPECT_EQ(severity_of("high\nX"), "medium");
}

}  // namespace
}  // namespace sallyport::middleware
