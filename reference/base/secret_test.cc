#include "reference/base/secret.h"

#include <gtest/gtest.h>

#include <sstream>

namespace sallyport::base {
namespace {

TEST(Secret, PrintsAsThreeStars) {
  std::ostringstream out;
  out << Secret("sk-live-1");
  EXPECT_EQ(out.str(), "***");
}

TEST(Secret, IsEmptyAfterItWasMovedFrom) {
  Secret first("sk-live-1");
  const Secret second = std::move(first);
  EXPECT_TRUE(first.empty());  // NOLINT: the state after the move is the claim
  EXPECT_EQ(second.reveal(), "sk-live-1");
}

TEST(Secret, ComparesByValue) {
  EXPECT_TRUE(Secret("a") == Secret("a"));
  EXPECT_FALSE(Secret("a") == Secret("b"));
  EXPECT_FALSE(Secret("a") == Secret("ab"));
}

}  // namespace
}  // namespace sallyport::base
