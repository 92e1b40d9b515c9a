#include "simulator/journal/waiter.h"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

namespace sallyport::sim::journal {
namespace {

namespace asio = net::asio;
using std::chrono::milliseconds;

class WaiterTest : public ::testing::Test {
 protected:
  void add(const std::string& kind) {
    Event event;
    event.source = kind == "done" ? "call" : "api";
    event.kind = kind;
    journal_.append(std::move(event));
  }

  // The answer of the wait, -1 when it never ended.
  void start(Selector selector, base::Duration bound) {
    const base::TimePoint deadline = clock_.now() + bound;
    auto handler = [this](const std::exception_ptr&, bool happened) { answer_ = happened ? 1 : 0; };
    asio::co_spawn(loop_.executor(), wait_for(journal_, std::move(selector), deadline, clock_),
                   asio::bind_cancellation_slot(stop_.slot(), std::move(handler)));
  }

  static Selector selector() {
    Selector out;
    out.source = "api";
    out.kind = "request";
    return out;
  }

  base::SystemClock clock_;
  Journal journal_{clock_};
  net::Loop loop_;
  asio::cancellation_signal stop_;
  int answer_ = -1;
};

TEST_F(WaiterTest, EndsAtOnceForWhatHasHappened) {
  add("request");
  start(selector(), milliseconds(0));
  loop_.context().run();
  EXPECT_EQ(answer_, 1);
}

TEST_F(WaiterTest, EndsWithTheEvent) {
  start(selector(), std::chrono::seconds(30));
  asio::post(loop_.executor(), [this] { add("response"); });
  asio::post(loop_.executor(), [this] { add("request"); });
  loop_.context().run();
  EXPECT_EQ(answer_, 1);
}

TEST_F(WaiterTest, EndsAtTheDeadline) {
  start(selector(), milliseconds(5));
  loop_.context().run();
  EXPECT_EQ(answer_, 0);
}

TEST_F(WaiterTest, CountsOnlyWhatFollowsSince) {
  Selector since = selector();
  since.since = "call";
  add("request");
  start(since, std::chrono::seconds(30));
  asio::post(loop_.executor(), [this] { add("done"); });
  asio::post(loop_.executor(), [this] { EXPECT_EQ(answer_, -1); });
  asio::post(loop_.executor(), [this] { add("request"); });
  loop_.context().run();
  EXPECT_EQ(answer_, 1);
}

TEST_F(WaiterTest, EndsWhenCancelled) {
  start(selector(), std::chrono::seconds(30));
  asio::post(loop_.executor(), [this] { stop_.emit(asio::cancellation_type::terminal); });
  loop_.context().run();
  EXPECT_NE(answer_, 1);
}

}  // namespace
}  // namespace sallyport::sim::journal
