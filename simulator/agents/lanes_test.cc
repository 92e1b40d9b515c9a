#include "simulator/agents/lanes.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>
#include <set>
#include <vector>

#include "reference/net/event.h"
#include "reference/net/task_group.h"
#include "reference/net/testing/run.h"
#include "simulator/journal/journal.h"

namespace sallyport::sim::agents {
namespace {

using std::chrono::milliseconds;

class LanesTest : public ::testing::Test {
 protected:
  void perform(Repetition how) {
    loop_.run(repeat(
        std::move(how), [this](std::uint64_t lane) { return once(lane); }, journal_, loop_.clock,
        group_));
  }

  // One turn of the loop, so that lanes take turns.
  net::Task<void> once(std::uint64_t lane) {
    begins_.push_back(loop_.clock.now());
    lanes_.insert(lane);
    most_at_once_ = std::max(most_at_once_, ++at_once_);
    co_await loop_.clock.sleep_until(loop_.clock.now());
    --at_once_;
    if (++ended_ == tells_after_) tell();
  }

  void tell() {
    journal::Event event;
    event.source = "rotate";
    event.kind = "done";
    journal_.append(std::move(event));
  }

  static journal::Selector told() {
    journal::Selector selector;
    selector.source = "rotate";
    selector.kind = "done";
    return selector;
  }

  net::testing::TestLoop loop_;
  base::StderrLog log_{base::LogLevel::error};
  journal::Journal journal_{loop_.clock};
  net::TaskGroup group_{loop_.executor(), log_};
  std::vector<base::TimePoint> begins_;
  std::set<std::uint64_t> lanes_;
  std::uint64_t at_once_ = 0;
  std::uint64_t most_at_once_ = 0;
  std::uint64_t ended_ = 0;
  std::uint64_t tells_after_ = 0;
};

TEST_F(LanesTest, DoesItSoManyTimesOneAfterAnother) {
  Repetition how;
  how.times = 7;
  perform(how);
  EXPECT_EQ(ended_, 7U);
  EXPECT_EQ(most_at_once_, 1U);
}

TEST_F(LanesTest, SharesTheTimesAmongItsLanes) {
  Repetition how;
  how.times = 10;
  how.lanes = 3;
  perform(how);
  EXPECT_EQ(ended_, 10U);
  EXPECT_EQ(most_at_once_, 3U);
  EXPECT_EQ(lanes_, (std::set<std::uint64_t>{0, 1, 2}));
}

TEST_F(LanesTest, HasNoMoreLanesThanTimes) {
  Repetition how;
  how.times = 2;
  how.lanes = 9;
  perform(how);
  EXPECT_EQ(ended_, 2U);
  EXPECT_EQ(lanes_.size(), 2U);
}

TEST_F(LanesTest, KeepsThePaceAcrossItsLanes) {
  Repetition how;
  how.times = 6;
  how.lanes = 2;
  how.interval = milliseconds(4);
  perform(how);
  ASSERT_EQ(begins_.size(), 6U);
  EXPECT_GE(begins_.back() - begins_.front(), milliseconds(16));
}

TEST_F(LanesTest, EndsEarlyByAnEventAndFinishesWhatIsUnderWay) {
  Repetition how;
  how.times = 1000;
  how.lanes = 4;
  how.until = told();
  tells_after_ = 20;
  perform(how);
  EXPECT_GE(ended_, 20U);
  EXPECT_LT(ended_, 28U);
  EXPECT_EQ(ended_, begins_.size());
}

TEST_F(LanesTest, DoesItOnceThoughTheEventHasHappened) {
  tell();
  Repetition how;
  how.times = 5;
  how.lanes = 2;
  how.until = told();
  perform(how);
  EXPECT_EQ(ended_, 1U);
}

net::Task<void> note_end(net::Task<void> of, bool* ended) {
  co_await std::move(of);
  *ended = true;
}

TEST_F(LanesTest, DoesNotEndAsIfAllWereDoneWhenItIsCancelled) {
  Repetition how;
  how.times = 10;
  how.lanes = 2;
  how.interval = std::chrono::hours(1);
  const OneTime one = [this](std::uint64_t lane) { return once(lane); };
  bool ended = false;
  group_.spawn(note_end(repeat(how, one, journal_, loop_.clock, group_), &ended));
  loop_.poll();
  group_.force();
  loop_.poll();
  EXPECT_EQ(group_.size(), 0U);
  EXPECT_FALSE(ended);
}

TEST_F(LanesTest, DoesNotWaitForItsPaceWhenTheEventHappens) {
  Repetition how;
  how.times = 3;
  how.interval = std::chrono::hours(1);
  how.until = told();
  tells_after_ = 1;
  perform(how);
  EXPECT_EQ(ended_, 1U);
}

}  // namespace
}  // namespace sallyport::sim::agents
