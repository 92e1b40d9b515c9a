#include "reference/middleware/admission.h"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <memory>
#include <string>
#include <vector>

#include "reference/net/testing/run.h"

namespace sallyport::middleware {
namespace {

using net::testing::TestLoop;
using Permit = Admission::Permit;

// Asks, notes its name and whether it was admitted, and keeps what it got.
net::Task<void> ask(Admission* admission, std::string name, std::vector<std::string>* log,
                    std::vector<Permit>* permits) {
  Permit permit = co_await admission->acquire();
  log->push_back(name + (permit.held() ? "+" : "-"));
  if (permit.held()) permits->push_back(std::move(permit));
}

struct AdmissionTest : ::testing::Test {
  void ask_for(const std::string& name) {
    loop.spawn(ask(&admission, name, &log, &permits));
    loop.poll();
  }

  TestLoop loop;
  Admission admission{loop.executor(), 2, 2};
  std::vector<std::string> log;
  std::vector<Permit> permits;
  using Log = std::vector<std::string>;
};

TEST_F(AdmissionTest, GivesPermitsThenPlacesThenNothing) {
  for (const char* name : {"a", "b", "c", "d", "e"}) ask_for(name);
  EXPECT_EQ(log, (Log{"a+", "b+", "e-"}));
  EXPECT_EQ(admission.held(), 2U);
  EXPECT_EQ(admission.waiting(), 2U);
}

TEST_F(AdmissionTest, HandsAPermitToWhoWaitsLongest) {
  for (const char* name : {"a", "b", "c", "d"}) ask_for(name);
  permits[0].release();
  EXPECT_EQ(admission.held(), 2U);  // who comes now can't overtake
  ask_for("late");
  loop.poll();
  EXPECT_EQ(log, (Log{"a+", "b+", "c+"}));
  permits[1].release();
  loop.poll();
  EXPECT_EQ(log, (Log{"a+", "b+", "c+", "d+"}));
  EXPECT_EQ(admission.waiting(), 1U);
}

TEST_F(AdmissionTest, TakesBackWhatIsReleasedOnceOnly) {
  ask_for("a");
  permits[0].release();
  permits[0].release();
  EXPECT_FALSE(permits[0].held());
  EXPECT_EQ(admission.held(), 0U);
  ask_for("b");
  Permit moved = std::move(permits.back());
  permits.clear();
  EXPECT_EQ(admission.held(), 1U);
  moved = Permit();
  EXPECT_EQ(admission.held(), 0U);
}

TEST_F(AdmissionTest, LetsACancelledWaiterLeaveTheQueue) {
  ask_for("a");
  ask_for("b");
  boost::asio::cancellation_signal cancel;
  bool ended = false;
  boost::asio::co_spawn(loop.executor(), ask(&admission, "c", &log, &permits),
                        boost::asio::bind_cancellation_slot(
                            cancel.slot(), [&](std::exception_ptr) { ended = true; }));
  loop.poll();
  EXPECT_EQ(admission.waiting(), 1U);
  boost::asio::post(loop.executor(),
                    [&] { cancel.emit(boost::asio::cancellation_type::terminal); });
  loop.poll();
  EXPECT_TRUE(ended);
  EXPECT_EQ(admission.waiting(), 0U);
  permits.clear();
  EXPECT_EQ(admission.held(), 0U);
}

TEST_F(AdmissionTest, LosesNoPermitWhenTheNextIsCancelledAtTheSameMoment) {
  ask_for("a");
  ask_for("b");
  boost::asio::cancellation_signal cancel;
  boost::asio::co_spawn(
      loop.executor(), ask(&admission, "c", &log, &permits),
      boost::asio::bind_cancellation_slot(cancel.slot(), [](std::exception_ptr) {}));
  loop.poll();
  boost::asio::post(loop.executor(), [&] {
    permits[0].release();
    cancel.emit(boost::asio::cancellation_type::terminal);
  });
  loop.poll();
  permits.clear();
  EXPECT_EQ(admission.held(), 0U);
  EXPECT_EQ(admission.waiting(), 0U);
}

TEST(Admission, EndsWithoutAPermitForWhoWaitsAndMayBeOutlived) {
  TestLoop loop;
  std::vector<std::string> log;
  std::vector<Permit> permits;
  auto admission = std::make_unique<Admission>(loop.executor(), 1, 1);
  loop.spawn(ask(admission.get(), "a", &log, &permits));
  loop.poll();
  loop.spawn(ask(admission.get(), "b", &log, &permits));
  loop.poll();
  admission.reset();
  loop.poll();
  EXPECT_EQ(log, (std::vector<std::string>{"a+", "b-"}));
  permits.clear();
}

}  // namespace
}  // namespace sallyport::middleware
