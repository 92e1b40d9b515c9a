#include "simulator/runner/stability.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::sim::runner {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

CellResult run(Verdict verdict, std::vector<std::string> trace, const std::string& claim = {}) {
  CellResult result;
  result.verdict = verdict;
  result.trace = std::move(trace);
  if (!claim.empty()) {
    Failure failure;
    failure.claim = claim;
    result.failures.push_back(failure);
  }
  return result;
}

Stability of(const std::vector<CellResult>& runs) {
  std::vector<const CellResult*> pointers;
  for (const CellResult& one : runs) pointers.push_back(&one);
  return stability_of(pointers);
}

TEST(Stability, OfRunsThatCameToTheSameIsGiven) {
  const Stability found = of({run(Verdict::pass, {"a", "b"}), run(Verdict::pass, {"a", "b"})});
  EXPECT_TRUE(found.stable);
  EXPECT_EQ(found.runs, 2U);
  EXPECT_EQ(found.first_difference, "");
  EXPECT_THAT(found.outcomes, ElementsAre(Pair("pass", 2)));
}

TEST(Stability, IsGivenAlsoWhereTheOrderVaries) {
  const Stability found = of({run(Verdict::pass, {"a", "b"}), run(Verdict::pass, {"b", "a"})});
  EXPECT_TRUE(found.stable);
  EXPECT_EQ(found.first_difference, "at the beginning: a in run 1, b in run 2");
}

TEST(Stability, TellsTheFirstDifferenceOfTheRunThatCameToSomethingElse) {
  const Stability found =
      of({run(Verdict::pass, {"a", "b", "c"}), run(Verdict::pass, {"a", "x", "c"}),
          run(Verdict::fail, {"a", "b"}, "call: status"), run(Verdict::pass, {"a", "b", "c"})});
  EXPECT_FALSE(found.stable);
  EXPECT_THAT(found.outcomes, ElementsAre(Pair("pass", 3), Pair("fail: call: status", 1)));
  EXPECT_EQ(found.first_difference, "after b: c in run 1, nothing more in run 3");
}

TEST(Stability, TellsTwoBrokenClaimsApart) {
  const Stability found =
      of({run(Verdict::fail, {"a"}, "one: status"), run(Verdict::fail, {"a"}, "two: status")});
  EXPECT_FALSE(found.stable);
}

TEST(Trace, LeavesOutWhatIsMintedAnew) {
  base::SystemClock clock;
  journal::Journal journal(clock);
  journal::Event event;
  event.source = "api";
  event.kind = "request";
  event.step = "call";
  event.from = "box";
  event.connection = "api#1";
  event.fields = {{"path", std::string("/v1/spn0123456789abcdef/models")},
                  {"nonce", std::string("spn0123456789abcdef")},
                  {"status", std::int64_t{200}}};
  journal.append(event);
  event.kind = "bytes";
  journal.append(event);
  const auto lines = trace_of(journal);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], HasSubstr("api.request from=box step=call"));
  EXPECT_THAT(lines[0], HasSubstr("/v1/spn*/models"));
  EXPECT_THAT(lines[0], HasSubstr("status=200"));
}

}  // namespace
}  // namespace sallyport::sim::runner
