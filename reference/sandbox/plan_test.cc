#include "reference/sandbox/plan.h"

#include <gtest/gtest.h>

namespace sallyport::sandbox {
namespace {

TEST(Report, IsReadAsItWasWritten) {
  const Report report{4026532000ULL, true, 7, 12, {"/a path", "/b"}, {"what: couldn't be"}};
  EXPECT_EQ(read_report(write_report(report)), report);
  EXPECT_EQ(read_report(write_report({})), Report{});
}

TEST(Report, OfNonsenseIsEmpty) { EXPECT_EQ(read_report("netns x\n\nproc"), Report{}); }

}  // namespace
}  // namespace sallyport::sandbox
