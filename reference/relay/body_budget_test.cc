#include "reference/relay/body_budget.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace sallyport::relay {
namespace {

TEST(BodyBudget, CountsWhatIsHeldUntilItIsGivenBack) {
  BodyBudget budget(100, 100);
  auto one = budget.take("a:80", 40);
  const auto two = budget.take("a:80", 60);
  ASSERT_TRUE(one && two);
  EXPECT_EQ(budget.held(), 100U);
  one.reset();
  EXPECT_EQ(budget.held(), 60U);
  EXPECT_NE(budget.take("a:80", 40), nullptr);
}

TEST(BodyBudget, TurnsAwayWhatIsOverTheWhole) {
  BodyBudget budget(100, 100);
  const auto one = budget.take("a:80", 60);
  EXPECT_EQ(budget.take("b:80", 41), nullptr);
  EXPECT_NE(budget.take("b:80", 40), nullptr);
}

TEST(BodyBudget, LeavesTheOthersTheirRoomHoweverMuchOneUpstreamHolds) {
  BodyBudget budget(100, 50);
  const auto slow = budget.take("slow:80", 50);
  EXPECT_EQ(budget.take("slow:80", 1), nullptr);
  EXPECT_NE(budget.take("other:80", 50), nullptr);
}

TEST(BodyBudget, TurnsAnEmptyBodyAwayOnlyWhereNothingIsLeft) {
  BodyBudget budget(100, 50);
  const auto one = budget.take("a:80", 49);
  EXPECT_NE(budget.take("a:80", 0), nullptr);
  const auto two = budget.take("a:80", 1);
  EXPECT_EQ(budget.take("a:80", 0), nullptr);
}

TEST(BodyBudget, CountsABodyAsItIsAfterItsStages) {
  BodyBudget budget(100, 100);
  const auto hold = budget.take("a:80", 90);
  hold->resize(10);
  EXPECT_EQ(budget.held(), 10U);
  hold->resize(120);
  EXPECT_EQ(budget.held(), 120U);
  EXPECT_EQ(budget.take("b:80", 0), nullptr);
}

TEST(BodyBudget, IsNotDeceivedByALengthThatWraps) {
  BodyBudget budget(100, 100);
  const auto one = budget.take("a:80", 1);
  EXPECT_EQ(budget.take("a:80", UINT64_MAX), nullptr);
}

TEST(BodyBudget, MayEndBeforeItsHolds) {
  std::shared_ptr<BodyBudget::Hold> hold;
  {
    BodyBudget budget(100, 100);
    hold = budget.take("a:80", 1);
  }
  hold->resize(2);
}

}  // namespace
}  // namespace sallyport::relay
