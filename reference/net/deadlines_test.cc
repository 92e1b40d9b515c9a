#include "reference/net/deadlines.h"

#include <gtest/gtest.h>

#include <vector>

#include "reference/net/testing/run.h"

namespace sallyport::net {
namespace {

using testing::TestLoop;

TEST(Deadlines, CallsInTheOrderOfTimes) {
  TestLoop t;
  std::vector<int> called;
  bool done = false;
  Deadline later(t.deadlines, [&] { called.push_back(2), done = true; });
  Deadline sooner(t.deadlines, [&] { called.push_back(1); });
  later.set(t.in(20));
  sooner.set(t.in(10));
  t.run_until(done);
  EXPECT_EQ(called, (std::vector<int>{1, 2}));
  EXPECT_TRUE(later.passed());
}

TEST(Deadlines, NeverCallsBeforeATimeThatWasMovedForward) {
  TestLoop t;
  bool done = false;
  Deadline deadline(t.deadlines, [&] { done = true; });
  const auto start = t.clock.now();
  deadline.set(start + std::chrono::milliseconds{5});
  deadline.set(start + std::chrono::milliseconds{30});
  t.run_until(done);
  EXPECT_GE(t.clock.now() - start, std::chrono::milliseconds{30});
}

TEST(Deadlines, CanBeMovedBackward) {
  TestLoop t;
  bool done = false;
  Deadline deadline(t.deadlines, [&] { done = true; });
  deadline.set(t.in(60'000));
  deadline.set(t.in(5));
  t.run_until(done);
}

TEST(Deadlines, NoneMeansNever) {
  TestLoop t;
  bool done = false;
  Deadline deadline(t.deadlines, [] { FAIL(); });
  Deadline other(t.deadlines, [&] { done = true; });
  deadline.set(t.in(5));
  deadline.set(base::TimePoint::max());
  other.set(t.in(15));
  t.run_until(done);
  EXPECT_FALSE(deadline.passed());
}

TEST(Deadlines, ATimeInThePastExpiresInTheNextTurn) {
  TestLoop t;
  bool done = false;
  Deadline deadline(t.deadlines, [&] { done = true; });
  deadline.set(t.in(-5));
  EXPECT_FALSE(done);
  EXPECT_TRUE(deadline.passed());
  t.run_until(done);
}

TEST(Deadlines, ACallbackMaySetItselfAgainEvenIntoThePast) {
  TestLoop t;
  int calls = 0;
  bool done = false;
  Deadline* self = nullptr;
  Deadline deadline(t.deadlines, [&] {
    if (++calls < 3) {
      self->set(t.in(-1));
    } else {
      done = true;
    }
  });
  self = &deadline;
  deadline.set(t.in(1));
  t.run_until(done);
  EXPECT_EQ(calls, 3);
}

TEST(Deadlines, IsNotCalledAfterDestruction) {
  TestLoop t;
  bool done = false;
  Deadline other(t.deadlines, [&] { done = true; });
  {
    Deadline deadline(t.deadlines, [] { FAIL(); });
    deadline.set(t.in(2));
  }
  other.set(t.in(10));
  t.run_until(done);
}

TEST(Deadlines, TheLoopEndsWhenNothingIsWatched) {
  TestLoop t;
  {
    Deadline deadline(t.deadlines, [] {});
    deadline.set(t.in(60'000));
  }
  t.loop.context().run();
}

TEST(Deadlines, ADeadlineMayOutliveTheWatcher) {
  Loop loop;
  const base::SystemClock clock;
  auto deadlines = std::make_unique<Deadlines>(loop.executor(), clock);
  Deadline deadline(*deadlines, [] { FAIL(); });
  deadline.set(clock.now());
  deadlines.reset();
  deadline.set(clock.now());
  loop.context().run();
}

TEST(Deadlines, HoldsManyAtOnce) {
  TestLoop t;
  int called = 0;
  bool done = false;
  std::vector<std::unique_ptr<Deadline>> all;
  for (int i = 0; i < 1000; ++i) {
    all.push_back(std::make_unique<Deadline>(t.deadlines, [&] { done = ++called == 1000; }));
    all.back()->set(t.in((i * 7919) % 20));
  }
  t.run_until(done);
  EXPECT_EQ(called, 1000);
}

TEST(LoopClock, SleepsUntilTheTime) {
  TestLoop t;
  const auto at = t.in(10);
  t.run(t.clock.sleep_until(at));
  EXPECT_GE(t.clock.now(), at);
}

}  // namespace
}  // namespace sallyport::net
