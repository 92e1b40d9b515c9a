#include "simulator/journal/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::sim::journal {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;

class StepClock final : public base::Clock {
 public:
  [[nodiscard]] base::TimePoint now() const override { return now_; }
  [[nodiscard]] std::int64_t wall_ms() const override { return 0; }
  void advance() { now_ += milliseconds(1); }

 private:
  base::TimePoint now_{milliseconds(1)};
};

class JournalTest : public ::testing::Test {
 protected:
  const Event& add(std::string source, std::string kind, std::string connection = {}) {
    clock_.advance();
    Event event;
    event.source = std::move(source);
    event.kind = std::move(kind);
    event.connection = std::move(connection);
    return journal_.append(std::move(event));
  }

  static Selector selector(std::string source, std::string kind) {
    Selector out;
    out.source = std::move(source);
    out.kind = std::move(kind);
    return out;
  }

  std::vector<std::uint64_t> numbers(const Selector& selector) {
    std::vector<std::uint64_t> out;
    for (const Event* event : journal_.select(selector)) out.push_back(event->sequence);
    return out;
  }

  StepClock clock_;
  Journal journal_{clock_};
};

TEST_F(JournalTest, NumbersByKindAndConnection) {
  EXPECT_EQ(add("api", "request", "api#1").index, 1U);
  EXPECT_EQ(add("api", "request", "api#1").index, 2U);
  EXPECT_EQ(add("api", "request", "api#2").index, 1U);
  EXPECT_EQ(add("api", "sse", "api#1").index, 1U);
}

TEST_F(JournalTest, SelectsInOrderOfTimeThenArrival) {
  Event late;
  late.source = "api";
  late.kind = "request";
  late.at = base::TimePoint(milliseconds(500));
  journal_.append(late);
  add("api", "request");
  EXPECT_THAT(numbers(selector("api", "request")), ElementsAre(2U, 1U));
}

TEST_F(JournalTest, SinceCountsOnlyWhatFollowsTheStepsEnd) {
  add("api", "request");
  Selector since = selector("api", "request");
  since.since = "call";
  EXPECT_FALSE(journal_.happened(since));
  add("call", "done");
  EXPECT_FALSE(journal_.happened(since));
  add("api", "request");
  EXPECT_THAT(numbers(since), ElementsAre(3U));
}

TEST_F(JournalTest, BeforeCountsOnlyWhatPrecedesTheStepsStart) {
  add("api", "request");
  Selector before = selector("api", "request");
  before.before = "call";
  EXPECT_THAT(numbers(before), ElementsAre(1U));
  add("call", "start");
  add("api", "request");
  EXPECT_THAT(numbers(before), ElementsAre(1U));
}

TEST_F(JournalTest, NthPicksOneOfThoseThatFit) {
  Selector third = selector("api", "request");
  third.nth = 3;
  add("api", "request");
  add("api", "request");
  EXPECT_FALSE(journal_.happened(third));
  add("api", "request");
  EXPECT_THAT(numbers(third), ElementsAre(3U));
}

TEST_F(JournalTest, TellsSubscribersEvenWhenOneLeavesOrAppends) {
  std::vector<std::string> heard;
  std::uint64_t first = 0;
  first = journal_.subscribe([&](const Event& event) {
    heard.push_back("first " + event.kind);
    journal_.unsubscribe(first);
    add("api", "closed");
  });
  journal_.subscribe([&](const Event& event) { heard.push_back("second " + event.kind); });
  add("api", "request");
  EXPECT_THAT(heard, ElementsAre("first request", "second closed", "second request"));
}

TEST_F(JournalTest, GivesTheLastEventsOfTheSourcesAsked) {
  add("api", "request");
  add("dns", "query");
  add("api", "response");
  add("call", "done");
  const auto last = journal_.last_of({"api", "call"}, 2);
  ASSERT_EQ(last.size(), 2U);
  EXPECT_EQ(last[0]->kind, "response");
  EXPECT_EQ(last[1]->kind, "done");
}

TEST(Event, LendsItsOwnMembersAsFields) {
  Event event;
  event.step = "call";
  event.index = 2;
  event.fields["status"] = std::int64_t{200};
  EXPECT_EQ(*event.find("step"), Value(std::string("call")));
  EXPECT_EQ(*event.find("index"), Value(std::int64_t{2}));
  EXPECT_EQ(*event.find("status"), Value(std::int64_t{200}));
  EXPECT_EQ(event.find("from"), nullptr);
  EXPECT_EQ(event.find("body"), nullptr);
}

}  // namespace
}  // namespace sallyport::sim::journal
