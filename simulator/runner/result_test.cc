#include "simulator/runner/result.h"

#include <gtest/gtest.h>

namespace sallyport::sim::runner {
namespace {

CellResult with(Verdict verdict) {
  CellResult result;
  result.verdict = verdict;
  return result;
}

TEST(CellResult, SurvivesTheChannel) {
  CellResult result = with(Verdict::fail);
  result.path = "scenarios/a.yaml";
  result.cell = "bind=loopback";
  result.axes = {{"bind", "loopback"}};
  Failure failure;
  failure.claim = "call: status";
  failure.observed = std::string("a\0\n\"b", 5);
  failure.mark = {7, 3};
  failure.record_mark = base::Mark{2, 1};
  failure.notes = {"one", "two"};
  result.failures.push_back(failure);
  result.facts = {{"call.class", "ok"}};
  result.rules_off = {"escape: no packet filter"};
  result.phases.steps = std::chrono::milliseconds(3);
  const auto again = decode(encode(result));
  ASSERT_TRUE(again);
  EXPECT_EQ(encode(*again), encode(result));
  EXPECT_EQ(again->rules_off, result.rules_off);
  EXPECT_EQ(again->failures.at(0).observed, failure.observed);
  EXPECT_EQ(again->phases.steps, std::chrono::milliseconds(3));
}

TEST(CellResult, IsRefusedWhenItsWorldDiedWhileWriting) {
  const std::string whole = encode(with(Verdict::pass));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(decode(std::string_view(whole).substr(0, length))) << length;
  }
}

TEST(ExitCode, IsTheWorstOfSeveral) {
  EXPECT_EQ(exit_code({{with(Verdict::pass), with(Verdict::xfail)}, {}, {}, false, false}), 0);
  EXPECT_EQ(exit_code({{with(Verdict::skip)}, {}, {}, false, false}), 3);
  EXPECT_EQ(exit_code({{with(Verdict::skip), with(Verdict::pass)}, {}, {}, false, false}), 0);
  EXPECT_EQ(exit_code({{with(Verdict::vacuous), with(Verdict::skip)}, {}, {}, false, false}), 1);
  EXPECT_EQ(exit_code({{with(Verdict::fail), with(Verdict::error)}, {}, {}, false, false}), 4);
  EXPECT_EQ(exit_code({{with(Verdict::pass)}, {}, {}, false, true}), 1);
  EXPECT_EQ(exit_code({}), 3);
}

TEST(Verdicts, HaveOneWordEach) {
  for (int value = 0; value <= static_cast<int>(Verdict::pass); ++value) {
    const auto verdict = static_cast<Verdict>(value);
    EXPECT_EQ(verdict_from(to_string(verdict)), verdict);
  }
}

CellResult with_failure(Verdict verdict, const std::string& claim) {
  CellResult result;
  result.verdict = verdict;
  Failure failure;
  failure.verdict = verdict;
  failure.claim = claim;
  result.failures.push_back(failure);
  return result;
}

TEST(Yields, AreAPassOfACellThatHasJustThatVerdict) {
  CellResult result = with_failure(Verdict::escape, "escape: no packet leaves");
  hold_against(Verdict::escape, "no packet", result);
  EXPECT_EQ(result.verdict, Verdict::pass);
  EXPECT_TRUE(result.failures.empty());
  EXPECT_EQ(result.reason, "it is made to be escape");
}

TEST(Yields, AreAFailureOfACellThatPasses) {
  CellResult result;
  result.verdict = Verdict::pass;
  hold_against(Verdict::vacuous, "", result);
  EXPECT_EQ(result.verdict, Verdict::fail);
  ASSERT_EQ(result.failures.size(), 1U);
  EXPECT_EQ(result.failures[0].observed, "pass");
}

TEST(Yields, AreAFailureOfACellThatFailsForAnotherReason) {
  CellResult result = with_failure(Verdict::fail, "crash: no process ends");
  hold_against(Verdict::fail, "secret", result);
  EXPECT_EQ(result.verdict, Verdict::fail);
  EXPECT_EQ(result.failures.size(), 2U);
}

TEST(Yields, LeaveASkipAndAnErrorOfOurs) {
  for (const Verdict verdict : {Verdict::skip, Verdict::error}) {
    CellResult result;
    result.verdict = verdict;
    hold_against(Verdict::fail, "", result);
    EXPECT_EQ(result.verdict, verdict);
  }
}

}  // namespace
}  // namespace sallyport::sim::runner
