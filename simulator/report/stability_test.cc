#include "simulator/report/stability.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::sim::report {
namespace {

using testing::HasSubstr;

runner::CellResult run(const std::string& path, runner::Verdict verdict,
                       std::vector<std::string> trace) {
  runner::CellResult result;
  result.path = path;
  result.verdict = verdict;
  result.trace = std::move(trace);
  return result;
}

TEST(DescribeStability, CountsCellsThatAlwaysCameToTheSame) {
  runner::RunResult of;
  of.cells = {run("a.yaml", runner::Verdict::pass, {"x"}),
              run("a.yaml", runner::Verdict::pass, {"x"}),
              run("b.yaml", runner::Verdict::pass, {"x", "y"}),
              run("b.yaml", runner::Verdict::pass, {"y", "x"})};
  EXPECT_EQ(describe_stability(of),
            "2 of 2 cells are stable (1 of them with their events in another order at times)\n");
}

TEST(DescribeStability, TellsWhatDifferedFirstInOneThatDidNot) {
  runner::RunResult of;
  of.cells = {run("a.yaml", runner::Verdict::pass, {"x", "y"}),
              run("a.yaml", runner::Verdict::fail, {"x", "z"})};
  const std::string text = describe_stability(of);
  EXPECT_THAT(text, HasSubstr("unstable  a.yaml\n          1 of 2: pass\n          1 of 2: fail"));
  EXPECT_THAT(text, HasSubstr("first difference after x: y in run 1, z in run 2"));
  EXPECT_THAT(text, HasSubstr("0 of 1 cells are stable"));
}

}  // namespace
}  // namespace sallyport::sim::report
