#include "simulator/runner/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::sim::runner {
namespace {

using testing::ElementsAre;

CellResult cell(const std::string& path, const std::string& subject, Verdict verdict) {
  CellResult result;
  result.path = path;
  result.subject = subject;
  result.verdict = verdict;
  return result;
}

Failure failure(const std::string& claim, int line) {
  Failure one;
  one.claim = claim;
  one.file = "a.yaml";
  one.mark = {line, 3};
  one.observed = "403\nmore";
  return one;
}

TEST(Compare, AgreesWhereVerdictsAreTheSame) {
  RunResult run;
  run.cells = {cell("a.yaml", "one", Verdict::pass), cell("a.yaml", "two", Verdict::pass),
               cell("b.yaml", "one", Verdict::fail), cell("b.yaml", "two", Verdict::fail)};
  EXPECT_TRUE(differences(run).empty());
  EXPECT_THAT(subjects_of(run), ElementsAre("one", "two"));
}

TEST(Compare, TakesASkipForNoVerdict) {
  RunResult run;
  run.cells = {cell("a.yaml", "one", Verdict::pass), cell("a.yaml", "two", Verdict::skip)};
  EXPECT_TRUE(differences(run).empty());
  const std::vector<Tally> all = tallies(run);
  EXPECT_EQ(all[0].passed, 1U);
  EXPECT_EQ(all[1].skipped, 1U);
}

TEST(Compare, TellsTheFirstFailureThatNotAllShare) {
  RunResult run;
  run.cells = {cell("a.yaml", "one", Verdict::fail), cell("a.yaml", "two", Verdict::timeout),
               cell("a.yaml", "three", Verdict::pass)};
  run.cells[0].failures = {failure("call: status", 3), failure("swap: class", 5)};
  run.cells[1].reason = "not done in time";
  const std::vector<Difference> all = differences(run);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].judged[0].line, "a.yaml:3:3: fail: call: status (observed 403)");
  EXPECT_EQ(all[0].judged[1].line, "not done in time");
  EXPECT_EQ(all[0].judged[2].line, "");
}

TEST(Compare, LeavesOutWhatEveryoneFailsIn) {
  RunResult run;
  run.cells = {cell("a.yaml", "one", Verdict::fail), cell("a.yaml", "two", Verdict::vacuous)};
  run.cells[0].failures = {failure("both", 3), failure("only one", 4)};
  run.cells[1].failures = {failure("both", 3), failure("only two", 5)};
  const std::vector<Difference> all = differences(run);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].judged[0].line, "a.yaml:4:3: fail: only one (observed 403)");
  EXPECT_EQ(all[0].judged[1].line, "a.yaml:5:3: fail: only two (observed 403)");
}

TEST(Compare, KeepsCellsOfOneScenarioApart) {
  RunResult run;
  run.cells = {cell("a.yaml", "one", Verdict::pass), cell("a.yaml", "two", Verdict::pass)};
  run.cells[0].cell = "x=1";
  run.cells[1].cell = "x=2";
  EXPECT_TRUE(differences(run).empty());
}

}  // namespace
}  // namespace sallyport::sim::runner
