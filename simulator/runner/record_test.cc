#include "simulator/runner/record.h"

#include <gtest/gtest.h>

namespace sallyport::sim::runner {
namespace {

Outcome outcome(const std::string& status) {
  journal::Matcher wanted;
  wanted.has_equals = true;
  wanted.equals_any = {"200"};
  return {{{"status", status}}, {{"status", wanted}}};
}

TEST(StepRecord, KeepsWhatBrokeItsExpectationAndTheLast) {
  StepRecord record;
  for (const std::string status : {"200", "200", "503", "200", "200"}) record.add(outcome(status));
  EXPECT_EQ(record.exchanges(), 5U);
  EXPECT_EQ(record.held, 3U);
  ASSERT_EQ(record.outcomes.size(), 2U);
  EXPECT_FALSE(holds(record.outcomes[0]));
  EXPECT_TRUE(holds(record.outcomes[1]));
}

}  // namespace
}  // namespace sallyport::sim::runner
