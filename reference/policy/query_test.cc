#include "reference/policy/query.h"

#include <gtest/gtest.h>

namespace sallyport::policy {
namespace {

TEST(Query, IsReadInItsOrder) {
  const auto found = decode_query("a=1&b=2&a=3&c&=d&&e=f=g");
  ASSERT_TRUE(found);
  const Parameters expected{{"a", "1"}, {"b", "2"}, {"a", "3"}, {"c", ""}, {"", "d"}, {"e", "f=g"}};
  EXPECT_EQ(*found, expected);
  EXPECT_EQ(decode_query("")->size(), 0U);
  EXPECT_EQ(decode_query("&&")->size(), 0U);
}

TEST(Query, IsDecoded) {
  const Parameters expected{{"a b", "c d"}, {"\xC3\xA9&", "=+%"}};
  EXPECT_EQ(decode_query("a+b=c%20d&%C3%a9%26=%3d%2B%25"), expected);
}

TEST(Query, WithABadEscapeNulOrOtherBytesThanUtf8IsNone) {
  for (const char* query : {"a=%", "a=%2", "a=%zz", "%g0=1", "a=1&b=%1", "a=%00", "%00=a", "a=%ff",
                            "a=%C3", "a=%ED%A0%80", "a=%C0%AF", "a=\xFF"}) {
    EXPECT_FALSE(decode_query(query)) << query;
  }
}

}  // namespace
}  // namespace sallyport::policy
