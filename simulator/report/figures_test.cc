#include "simulator/report/figures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::sim::report {
namespace {

using runner::CellResult;
using runner::RunResult;
using runner::Verdict;
using std::chrono::milliseconds;

CellResult cell(int world_ms, int own_ms, const std::string& subject = {}) {
  CellResult result;
  result.path = "a.yaml";
  result.subject = subject;
  result.verdict = Verdict::pass;
  result.phases.world = milliseconds(world_ms);
  result.phases.judge = milliseconds(1);
  result.phases.total = milliseconds(10 * world_ms);
  result.phases.own[0] = milliseconds(own_ms);
  return result;
}

TEST(Figures, AreMediansOverTheCellsThatRan) {
  RunResult run;
  run.cells = {cell(2, 1), cell(30, 9), cell(4, 2), cell(500, 500)};
  run.cells[3].verdict = Verdict::skip;
  const Medians all = medians(run);
  EXPECT_EQ(all.cells, 3U);
  EXPECT_EQ(all.phases[0], milliseconds(4));
  EXPECT_EQ(all.phases[5], milliseconds(1));
  EXPECT_EQ(all.total, milliseconds(40));
  EXPECT_EQ(all.own_total, milliseconds(2));
}

TEST(Figures, TellTheHarnesssOwnShareByPhase) {
  RunResult run;
  run.cells = {cell(4, 2)};
  EXPECT_EQ(describe_medians(run),
            "medians of 1 cell: world 4.0 ms, actors 0.0 ms, subject 0.0 ms, steps 0.0 ms, "
            "teardown 0.0 ms, judge 1.0 ms; total 40.0 ms\n"
            "  of that the harness itself: world 2.0 ms, actors 0.0 ms, subject 0.0 ms, steps 0.0 "
            "ms, teardown 0.0 ms, judge 0.0 ms; total 2.0 ms (5%)\n");
  EXPECT_EQ(describe_medians(RunResult{}), "");
}

TEST(Differences, AreNothingForARunOnOneSubject) {
  RunResult run;
  run.cells = {cell(1, 1)};
  EXPECT_EQ(describe_differences(run), "");
}

TEST(Differences, NameTheCellAndEachVerdict) {
  RunResult run;
  run.cells = {cell(1, 1, "reference"), cell(1, 1, "theirs")};
  EXPECT_EQ(describe_differences(run),
            "\n2 subjects:\n"
            "  reference  1 passed, 0 failed, 0 skipped\n"
            "  theirs     1 passed, 0 failed, 0 skipped\n"
            "their verdicts are the same wherever two of them ran\n");
  run.cells[1].verdict = Verdict::fail;
  run.cells[1].cell = run.cells[0].cell = "x=1";
  runner::Failure failure;
  failure.claim = "call: status";
  run.cells[1].failures.push_back(failure);
  EXPECT_EQ(describe_differences(run),
            "\n2 subjects:\n"
            "  reference  1 passed, 0 failed, 0 skipped\n"
            "  theirs     0 passed, 1 failed, 0 skipped\n"
            "verdicts differ in 1 cell:\n"
            "  a.yaml [x=1]\n"
            "    reference  pass   \n"
            "    theirs     fail     fail: call: status\n");
}

}  // namespace
}  // namespace sallyport::sim::report
