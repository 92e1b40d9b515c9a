#include "reference/base/limits.h"

#include <gtest/gtest.h>

#include <set>

namespace sallyport::base {
namespace {

TEST(Limits, ScalesEveryTimeAndNoCount) {
  const Limits plain;
  const Limits slow = plain.scaled(4);
  for (const LimitField& field : limit_fields()) {
    if (field.time != nullptr) {
      EXPECT_EQ((slow.*field.time).count(), 4 * (plain.*field.time).count()) << field.name;
    } else {
      EXPECT_EQ(slow.*field.count, plain.*field.count) << field.name;
    }
  }
}

TEST(Limits, NameEveryMemberOnce) {
  std::set<std::string_view> names;
  for (const LimitField& field : limit_fields()) {
    EXPECT_TRUE(names.insert(field.name).second) << field.name;
    EXPECT_NE(field.count == nullptr, field.time == nullptr) << field.name;
  }
  // Every member is eight octets, so a member without a name shows here.
  EXPECT_EQ(limit_fields().size() * 8, sizeof(Limits));
}

}  // namespace
}  // namespace sallyport::base
