#include "simulator/journal/watch.h"

#include <gtest/gtest.h>

namespace sallyport::sim::journal {
namespace {

class WatchTest : public ::testing::Test {
 protected:
  void add(const std::string& source, const std::string& kind, base::Duration at = {}) {
    Event event;
    event.source = source;
    event.kind = kind;
    if (at > base::Duration{0}) event.at = began_ + at;
    journal_.append(std::move(event));
  }

  static Selector requests() {
    Selector out;
    out.source = "api";
    out.kind = "request";
    return out;
  }

  base::SystemClock clock_;
  base::TimePoint began_ = clock_.now();
  Journal journal_{clock_};
};

TEST_F(WatchTest, SeesWhatWasThereBeforeAndWhatCame) {
  add("api", "request");
  EXPECT_TRUE(Watch(journal_, requests()).happened());
  Selector third = requests();
  third.nth = 3;
  Watch watch(journal_, third);
  EXPECT_FALSE(watch.happened());
  add("api", "request");
  add("other", "request");
  EXPECT_FALSE(watch.happened());
  add("api", "request");
  EXPECT_TRUE(watch.happened());
  EXPECT_TRUE(watch.happened());
}

TEST_F(WatchTest, CountsOnlyWhatFollowsSince) {
  Selector since = requests();
  since.since = "call";
  Watch watch(journal_, since);
  add("api", "request", std::chrono::seconds(1));
  EXPECT_FALSE(watch.happened());
  add("call", "done", std::chrono::seconds(2));
  EXPECT_FALSE(watch.happened());
  add("api", "request", std::chrono::seconds(3));
  EXPECT_TRUE(watch.happened());
}

TEST_F(WatchTest, CountsWhatHappenedAfterSinceAndArrivedBefore) {
  Selector since = requests();
  since.since = "call";
  Watch watch(journal_, since);
  add("api", "request", std::chrono::seconds(3));
  EXPECT_FALSE(watch.happened());
  add("call", "done", std::chrono::seconds(2));
  EXPECT_TRUE(watch.happened());
}

TEST_F(WatchTest, CountsOnlyWhatStandsBeforeAStep) {
  Selector before = requests();
  before.before = "call";
  add("call", "start", std::chrono::seconds(1));
  Watch watch(journal_, before);
  add("api", "request", std::chrono::seconds(2));
  EXPECT_FALSE(watch.happened());
}

}  // namespace
}  // namespace sallyport::sim::journal
