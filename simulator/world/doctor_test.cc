#include "simulator/world/doctor.h"

#include <gtest/gtest.h>

namespace sallyport::sim::world {
namespace {

TEST(Doctor, FindsWhatThisMachineHas) {
  const auto findings = probe();
  ASSERT_FALSE(findings.empty());
  for (const auto& one : findings) {
    EXPECT_FALSE(one.name.empty());
    EXPECT_EQ(one.ok, one.detail.empty()) << one.name << ": " << one.detail;
    EXPECT_EQ(one.ok, one.remedy.empty()) << one.name << ": " << one.remedy;
  }
  // The other tests here couldn't have run otherwise.
  EXPECT_TRUE(can_run(findings));
}

TEST(Doctor, RefusesToRunWithoutSomethingRequired) {
  std::vector<Finding> findings(2);
  findings[0].ok = true;
  findings[1].required = false;
  EXPECT_TRUE(can_run(findings));
  findings[1].required = true;
  EXPECT_FALSE(can_run(findings));
}

}  // namespace
}  // namespace sallyport::sim::world
