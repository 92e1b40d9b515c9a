#include "simulator/runner/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::sim::runner {
namespace {

using journal::Selector;
using scenario::Expectation;
using testing::HasSubstr;

// A journal that is written by hand, and one cell to be judged over it.
class Judge : public testing::Test {
 protected:
  void happened(const std::string& source, const std::string& kind, journal::Fields fields = {}) {
    journal::Event event;
    event.source = source;
    event.source_type = "provider";
    event.kind = kind;
    event.fields = std::move(fields);
    journal_.append(std::move(event));
  }

  // A step's event, or an actor's, so long after the beginning.
  void at(const std::string& source, const std::string& kind, base::Duration after,
          bool late = false) {
    journal::Event event;
    event.source = source;
    event.source_type = source == "api" ? "provider" : "step";
    event.kind = kind;
    event.at = began_ + after;
    event.late = late;
    journal_.append(std::move(event));
  }

  static Selector selector(const std::string& source, const std::string& kind) {
    Selector one;
    one.source = source;
    one.kind = kind;
    return one;
  }

  static journal::Matcher equals(const std::string& text) {
    journal::Matcher matcher;
    matcher.has_equals = true;
    matcher.equals_any = {text};
    return matcher;
  }

  std::vector<Failure> judged(Expectation item) {
    cell_.expect = {std::move(item)};
    return judge(
        {scenario_, cell_, journal_, steps_, [](std::string_view) { return std::nullopt; }});
  }

  Verdict verdict(Expectation item) { return verdict_of(judged(std::move(item)), false); }

  base::SystemClock clock_;
  base::TimePoint began_ = clock_.now();
  journal::Journal journal_{clock_};
  scenario::Scenario scenario_;
  scenario::Cell cell_;
  StepRecords steps_;
};

Expectation item(auto value, std::optional<scenario::Witness> witness = std::nullopt) {
  Expectation expectation;
  expectation.item = std::move(value);
  expectation.witness = std::move(witness);
  return expectation;
}

TEST_F(Judge, CountsWhatASelectorPicks) {
  happened("api", "request");
  happened("api", "request");
  EXPECT_EQ(verdict(item(scenario::Count{selector("api", "request"), 2, 2})), Verdict::pass);
  EXPECT_EQ(verdict(item(scenario::Count{selector("api", "request"), 3, {}})), Verdict::fail);
  EXPECT_EQ(verdict(item(scenario::Count{selector("api", "request"), {}, 1})), Verdict::fail);
}

TEST_F(Judge, CallsANeverWithoutItsWitnessVacuous) {
  const scenario::Never never{selector("api", "connection")};
  EXPECT_EQ(verdict(item(never, scenario::Witness{selector("api", "request"), 1})),
            Verdict::vacuous);
  happened("api", "request");
  EXPECT_EQ(verdict(item(never, scenario::Witness{selector("api", "request"), 1})), Verdict::pass);
  happened("api", "connection");
  EXPECT_EQ(verdict(item(never, scenario::Witness{selector("api", "request"), 1})), Verdict::fail);
}

TEST_F(Judge, CallsAnAlwaysOverNothingVacuous) {
  const scenario::Always always{selector("api", "request"), {{"key", equals("k2")}}, 1};
  EXPECT_EQ(verdict(item(always)), Verdict::vacuous);
  happened("api", "request", {{"key", std::string("k2")}});
  EXPECT_EQ(verdict(item(always)), Verdict::pass);
  happened("api", "request", {{"key", std::string("k1")}});
  const auto failures = judged(item(always));
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_THAT(failures[0].observed, HasSubstr("k1"));
}

TEST_F(Judge, WantsEventsInTheirOrder) {
  happened("b", "request");
  happened("a", "request");
  EXPECT_EQ(verdict(item(scenario::Ordered{{selector("b", "request"), selector("a", "request")}})),
            Verdict::pass);
  EXPECT_EQ(verdict(item(scenario::Ordered{{selector("a", "request"), selector("b", "request")}})),
            Verdict::fail);
}

TEST_F(Judge, NamesTheNearestEventOfAMissingOne) {
  happened("api", "request", {{"path", std::string("/v1/models")}});
  Selector wanted = selector("api", "request");
  wanted.where["path"] = equals("/v1/chat");
  const auto failures = judged(item(scenario::Count{wanted, 1, {}}));
  ASSERT_EQ(failures.size(), 1U);
  ASSERT_FALSE(failures[0].notes.empty());
  EXPECT_THAT(failures[0].notes[0], HasSubstr("/v1/models"));
}

TEST_F(Judge, ComparesFactsOfTwoSteps) {
  steps_["one"] = {true, true, {{{{"class", std::string("ok")}}, {}}}};
  steps_["two"] = {true, true, {{{{"class", std::string("refused")}}, {}}}};
  const scenario::Compare same{false, "class", {"one", "two"}, ""};
  const scenario::Compare differs{true, "class", {"one", "two"}, ""};
  const scenario::Compare absent{false, "rcode", {"one", "two"}, ""};
  EXPECT_EQ(verdict(item(same)), Verdict::fail);
  EXPECT_EQ(verdict(item(differs)), Verdict::pass);
  EXPECT_EQ(verdict(item(absent)), Verdict::vacuous);
}

TEST_F(Judge, CallsAStepThatNeverEndedATimeout) {
  scenario::Step step;
  step.name = "call";
  cell_.steps.push_back(step);
  EXPECT_EQ(verdict(item(scenario::Count{selector("api", "request"), 0, {}})), Verdict::timeout);
}

TEST_F(Judge, HoldsEveryRepetitionToItsExpectation) {
  scenario::Step step;
  step.name = "call";
  cell_.steps.push_back(step);
  const Outcome good{{{"status", std::int64_t{200}}}, {{"status", equals("200")}}};
  const Outcome bad{{{"status", std::int64_t{403}}}, {{"status", equals("200")}}};
  steps_["call"] = {true, true, {good, bad, good}};
  const auto failures = judged(item(scenario::Count{selector("api", "request"), 0, {}}));
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_EQ(failures[0].expected, "200");
  EXPECT_EQ(failures[0].observed, "403");
}

TEST_F(Judge, TellsOfManyRepetitionsTheFirstThatBrokeAndHowMany) {
  scenario::Step step;
  step.name = "call";
  cell_.steps.push_back(step);
  StepRecord& record = steps_["call"];
  record.started = record.done = true;
  for (int i = 0; i < 100; ++i) {
    record.add({{{"status", std::int64_t{i < 50 ? 200 : 503}}}, {{"status", equals("200")}}});
  }
  const auto failures = judged(item(scenario::Count{selector("api", "request"), 0, {}}));
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_THAT(failures[0].notes, testing::Contains("50 of 100 exchanges broke this"));
}

TEST_F(Judge, HoldsControlStepsToTheirExpectationAndTellsWhyTheyWereRejected) {
  scenario::Step step;
  step.name = "rotate";
  step.verb = scenario::KeyChange{};
  cell_.steps.push_back(step);
  const Outcome rejected{{{"class", std::string("rejected")},
                          {"code", std::int64_t{9}},
                          {"detail", std::string("in use")}},
                         {{"class", equals("ok")}}};
  steps_["rotate"] = {true, true, {rejected}};
  const auto failures = judged(item(scenario::Count{selector("api", "request"), 0, {}}));
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_EQ(failures[0].observed, "rejected");
  EXPECT_THAT(failures[0].notes, testing::Contains("code: 9"));
  EXPECT_THAT(failures[0].notes, testing::Contains(HasSubstr("in use")));
}

TEST_F(Judge, CountsTheBoundOfAnEventuallyFromItsSinceOrTheLastStepsEnd) {
  at("first", "done", std::chrono::milliseconds(10));
  at("api", "early", std::chrono::milliseconds(15));
  at("second", "done", std::chrono::milliseconds(50));
  at("api", "request", std::chrono::milliseconds(70));
  const auto within = [](std::string kind, const std::string& since, int ms) {
    scenario::Eventually eventually{selector("api", kind), std::chrono::milliseconds(ms)};
    eventually.selector.since = since;
    return eventually;
  };
  EXPECT_EQ(verdict(item(within("request", "", 20))), Verdict::pass);
  EXPECT_EQ(verdict(item(within("request", "", 19))), Verdict::fail);
  EXPECT_EQ(verdict(item(within("request", "first", 60))), Verdict::pass);
  EXPECT_EQ(verdict(item(within("request", "first", 59))), Verdict::fail);
  // Without a `since` the whole run counts; with one, what happened before it doesn't.
  EXPECT_EQ(verdict(item(within("early", "", 1))), Verdict::pass);
  EXPECT_EQ(verdict(item(within("early", "second", 100))), Verdict::fail);
  EXPECT_EQ(verdict(item(within("request", "third", 100))), Verdict::fail);
}

TEST_F(Judge, CountsFromTheSinceOrTheLastStepThatIsDone) {
  EXPECT_EQ(counted_from(journal_, selector("api", "request")), base::TimePoint{});
  at("first", "done", std::chrono::milliseconds(10));
  at("second", "done", std::chrono::milliseconds(50));
  at("api", "done", std::chrono::milliseconds(90));
  Selector later = selector("api", "request");
  const base::TimePoint last = counted_from(journal_, later);
  later.since = "first";
  EXPECT_EQ(last - counted_from(journal_, later), std::chrono::milliseconds(40));
  later.since = "third";
  EXPECT_EQ(counted_from(journal_, later), base::TimePoint{});
}

TEST_F(Judge, MeasuresASpanFromTheFirstStartToTheFirstEndAfterIt) {
  at("api", "end", std::chrono::milliseconds(5));
  at("api", "begin", std::chrono::milliseconds(10));
  at("api", "begin", std::chrono::milliseconds(20));
  at("api", "end", std::chrono::milliseconds(40));
  at("api", "end", std::chrono::milliseconds(90));
  const auto span = [](std::optional<base::Duration> least, std::optional<base::Duration> most) {
    return scenario::Span{selector("api", "begin"), selector("api", "end"), least, most};
  };
  using std::chrono::milliseconds;
  EXPECT_EQ(verdict(item(span({}, milliseconds(30)))), Verdict::pass);
  EXPECT_EQ(verdict(item(span({}, milliseconds(29)))), Verdict::fail);
  EXPECT_EQ(verdict(item(span(milliseconds(30), {}))), Verdict::pass);
  EXPECT_EQ(verdict(item(span(milliseconds(31), {}))), Verdict::fail);
  scenario::Span second = span({}, milliseconds(20));
  second.from.nth = 2;
  EXPECT_EQ(verdict(item(second)), Verdict::pass);
  scenario::Span never = span({}, milliseconds(20));
  never.to = selector("api", "never");
  EXPECT_EQ(verdict(item(never)), Verdict::fail);
}

TEST_F(Judge, NeitherOrdersNorMeasuresWhatWasStampedLate) {
  at("api", "begin", std::chrono::milliseconds(10));
  at("api", "end", std::chrono::milliseconds(20), true);
  EXPECT_EQ(verdict(item(scenario::Span{
                selector("api", "begin"), selector("api", "end"), {}, std::chrono::seconds(1)})),
            Verdict::fail);
  EXPECT_EQ(verdict(item(scenario::Ordered{{selector("api", "begin"), selector("api", "end")}})),
            Verdict::fail);
}

TEST_F(Judge, AsksACheckerAndTellsWhereItWasAsked) {
  scenario::Checker checker;
  checker.name = "forwarded_once";
  checker.provider = "api";
  Expectation asked = item(checker);
  asked.place.file = "a.yaml";
  asked.place.mark.line = 7;
  const auto failures = judged(asked);
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_EQ(failures[0].verdict, Verdict::vacuous);
  EXPECT_EQ(failures[0].claim, "checker forwarded_once");
  EXPECT_EQ(failures[0].file, "a.yaml");
  EXPECT_EQ(failures[0].mark.line, 7);
}

TEST(VerdictOf, TurnsWithAKnownIssue) {
  EXPECT_EQ(verdict_of({}, true), Verdict::xpass);
  EXPECT_EQ(verdict_of({Failure{}}, true), Verdict::xfail);
  Failure leak;
  leak.verdict = Verdict::leak;
  EXPECT_EQ(verdict_of({Failure{}, leak}, true), Verdict::leak);
}

TEST(JudgeAcross, FailsTheGroupsLastCell) {
  scenario::Scenario scenario;
  scenario.cells.resize(2);
  scenario::AcrossItem across;
  across.expectation.item = scenario::Compare{false, "class", {"call"}, "adapter"};
  across.groups = {{0, 1}};
  scenario.across.push_back(across);
  CellResult a;
  CellResult b;
  a.verdict = b.verdict = Verdict::pass;
  a.facts = {{"call.class", "ok"}};
  b.facts = {{"call.class", "denied"}};
  judge_across(scenario, {&a, &b});
  EXPECT_EQ(a.verdict, Verdict::pass);
  EXPECT_EQ(b.verdict, Verdict::fail);
}

}  // namespace
}  // namespace sallyport::sim::runner
