#include "reference/net/task_group.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

#include "reference/net/event.h"
#include "reference/net/testing/fake_stream.h"
#include "reference/net/testing/run.h"

namespace sallyport::net {
namespace {

using testing::make_fake_pair;
using testing::TestLoop;

class ListLog final : public base::Log {
 public:
  void write(base::LogLevel, std::string_view, std::string_view message) override {
    lines.emplace_back(message);
  }
  std::vector<std::string> lines;
};

struct Notes {
  bool cancelled = false;
  bool unwound = false;
};

struct Unwind {
  Notes& notes;
  ~Unwind() { notes.unwound = true; }
};

Task<void> wait_forever(ByteStream& stream, Notes& notes) {
  const Unwind unwind{notes};
  const Ready ready = co_await stream.readable();
  notes.cancelled = ready == Ready::cancelled;
  const Ready again = co_await stream.readable();
  ADD_FAILURE() << "a cancelled task went on waiting: " << static_cast<int>(again);
}

Task<void> wait_once(Event& event) { [[maybe_unused]] const bool woken = co_await event.wait(); }

Task<void> fail() {
  throw std::runtime_error("oops");
  co_return;
}

TEST(TaskGroup, DrainsAtOnceWhenEmpty) {
  TestLoop t;
  ListLog log;
  TaskGroup group(t.executor(), log);
  EXPECT_TRUE(t.run(group.drain(t.in(10'000))));
}

TEST(TaskGroup, DrainWaitsForTheLastRoot) {
  TestLoop t;
  ListLog log;
  Event event(t.executor());
  TaskGroup group(t.executor(), log);
  group.spawn(wait_once(event));
  group.spawn(wait_once(event));
  Deadline later(t.deadlines, [&] { event.notify(); });
  later.set(t.in(10));
  EXPECT_TRUE(t.run(group.drain(t.in(10'000))));
  EXPECT_EQ(group.size(), 0U);
}

TEST(TaskGroup, ForceCancelsWhatTheDrainLeft) {
  TestLoop t;
  ListLog log;
  auto [a, b] = make_fake_pair(t.executor(), t.deadlines);
  Notes notes;
  TaskGroup group(t.executor(), log);
  group.spawn(wait_forever(*a, notes));
  EXPECT_FALSE(t.run(group.drain(t.in(10))));
  EXPECT_EQ(group.size(), 1U);
  group.force();
  EXPECT_TRUE(t.run(group.drain(t.in(10'000))));
  EXPECT_TRUE(notes.cancelled);
  EXPECT_TRUE(notes.unwound);
  EXPECT_EQ(group.bugs(), 0U);
}

TEST(TaskGroup, ARootAfterForceIsNeverStarted) {
  TestLoop t;
  ListLog log;
  auto [a, b] = make_fake_pair(t.executor(), t.deadlines);
  Notes notes;
  TaskGroup group(t.executor(), log);
  group.force();
  group.spawn(wait_forever(*a, notes));
  EXPECT_TRUE(t.run(group.drain(t.in(10'000))));
  EXPECT_FALSE(notes.cancelled);
  EXPECT_EQ(group.bugs(), 0U);
}

TEST(TaskGroup, CountsAnExceptionAsABugAndGoesOn) {
  TestLoop t;
  ListLog log;
  TaskGroup group(t.executor(), log);
  group.spawn(fail());
  EXPECT_TRUE(t.run(group.drain(t.in(10'000))));
  EXPECT_EQ(group.bugs(), 1U);
  ASSERT_EQ(log.lines.size(), 1U);
  EXPECT_EQ(log.lines[0], "a task ended by an exception: oops");
}

TEST(TaskGroup, TellsThoseWhoIdleThatItDrains) {
  TestLoop t;
  ListLog log;
  Event event(t.executor());
  TaskGroup group(t.executor(), log);
  group.spawn(wait_once(event));
  const TaskGroup::OnDrain hook(group, [&] { event.notify(); });
  {
    const TaskGroup::OnDrain gone(group, [] { FAIL(); });
  }
  t.poll();
  EXPECT_FALSE(group.draining());
  EXPECT_TRUE(t.run(group.drain(t.in(10'000))));
  bool told = false;
  const TaskGroup::OnDrain late(group, [&] { told = true; });
  EXPECT_TRUE(told);
}

TEST(TaskGroup, ItsRootsMayOutliveIt) {
  TestLoop t;
  auto [a, b] = make_fake_pair(t.executor(), t.deadlines);
  Notes notes;
  {
    ListLog log;
    TaskGroup group(t.executor(), log);
    group.spawn(wait_forever(*a, notes));
    t.poll();
  }
  t.poll();
  EXPECT_TRUE(notes.unwound);
}

TEST(TaskGroup, TheLoopMayBeTornDownUnderIt) {
  Notes notes;
  ListLog log;
  {
    TestLoop t;
    auto [a, b] = make_fake_pair(t.executor(), t.deadlines);
    TaskGroup group(t.executor(), log);
    group.spawn(wait_forever(*a, notes));
    t.poll();
  }
  EXPECT_TRUE(notes.unwound);
  EXPECT_TRUE(log.lines.empty());
}

}  // namespace
}  // namespace sallyport::net
