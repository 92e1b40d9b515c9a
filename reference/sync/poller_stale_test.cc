// gateway.max_stale: how long keys count without word of the gateway, by a clock that stands still
// until it is told to move.
#include <gtest/gtest.h>

#include "reference/sync/poller_fixture.h"

namespace sallyport::sync {
namespace {

class ManualClock final : public base::Clock {
 public:
  [[nodiscard]] base::TimePoint now() const override { return now_; }
  [[nodiscard]] std::int64_t wall_ms() const override { return 0; }
  void pass(base::Duration time) { now_ += time; }

 private:
  base::TimePoint now_ = base::TimePoint(std::chrono::hours(1000));
};

class PollerStale : public PollerFixture {
 protected:
  PollerStale() {
    options.poll = std::chrono::hours(100);
    options.max_stale = std::chrono::minutes(10);
    make(deadlines_);
  }
  ~PollerStale() override {
    group.force();
    t.poll();
    poller.reset();
  }
  void poll_after(base::Duration time) {
    clock_.pass(time);
    poller->poll_now();
    polls(1);
  }
  void lose_gateway() {
    source.config_status = source.bundle_status = source.environment_status = kDown;
  }
  void find_gateway() {
    source.config_status = source.bundle_status = source.environment_status = {};
  }

  ManualClock clock_;
  net::Deadlines deadlines_{t.executor(), clock_};
};

TEST_F(PollerStale, KeepsRoutesAndCredentialsUpToTheAge) {
  start();
  lose_gateway();
  poll_after(std::chrono::minutes(5));
  poll_after(std::chrono::minutes(4) + std::chrono::seconds(59));
  EXPECT_EQ(key(), "key-one");
  EXPECT_EQ(credentials(), 1U);
  EXPECT_EQ(audit.count("withdrawn"), 0);
}

TEST_F(PollerStale, WithdrawsThemAtTheAgeAndSaysSoOnce) {
  start();
  lose_gateway();
  poll_after(std::chrono::minutes(5));
  poll_after(std::chrono::minutes(5));
  EXPECT_EQ(key(), "");
  EXPECT_EQ(credentials(), 0U);
  EXPECT_TRUE(allows("listed.test"));
  poll_after(std::chrono::minutes(5));
  EXPECT_EQ(audit.count("withdrawn"), 2);
  const audit::Event& event = audit.last("withdrawn");
  EXPECT_EQ(member(event, "part"), "environment");
  EXPECT_EQ(member(event, "max_stale_ms"), "600000");
  EXPECT_EQ(now().revisions.bundle, "");
  EXPECT_EQ(now().revisions.environment, "");
}

TEST_F(PollerStale, APlaceholderOfWithdrawnCredentialsIsRefused) {
  start();
  const std::string placeholder = now().credentials->environment().at("API_TOKEN");
  lose_gateway();
  poll_after(std::chrono::minutes(10));
  const credentials::Endpoint there{"api.test", 443, "/"};
  const auto refused = now().credentials->resolve_field(placeholder, there, 0);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->refusal, credentials::Refusal::unavailable);
  find_gateway();
  poll_after(std::chrono::seconds(1));
  EXPECT_EQ(now().credentials->resolve_field(placeholder, there, 0)->value, "alpha");
}

TEST_F(PollerStale, BringsThemBackAtTheNextGoodPollOfTheSameRevisions) {
  start();
  lose_gateway();
  poll_after(std::chrono::minutes(11));
  find_gateway();
  poll_after(std::chrono::seconds(1));
  EXPECT_EQ(key(), "key-one");
  EXPECT_EQ(credentials(), 1U);
  EXPECT_EQ(now().revisions.bundle, "r1");
}

TEST_F(PollerStale, CountsFromTheLastWordOfTheGateway) {
  start();
  poll_after(std::chrono::minutes(9));
  lose_gateway();
  poll_after(std::chrono::minutes(9));
  EXPECT_EQ(key(), "key-one");
  poll_after(std::chrono::minutes(1));
  EXPECT_EQ(key(), "");
}

TEST_F(PollerStale, WithdrawsNoMoreThanWhatIsntHeardOf) {
  start();
  source.bundle_status = kDown;
  poll_after(std::chrono::minutes(10));
  EXPECT_EQ(key(), "");
  EXPECT_EQ(credentials(), 1U);
  EXPECT_EQ(audit.count("withdrawn"), 1);
  EXPECT_EQ(member(audit.last("withdrawn"), "part"), "routes");
}

TEST_F(PollerStale, HasNothingToWithdrawWhereThereWasNothing) {
  lose_gateway();
  start();
  poll_after(std::chrono::minutes(20));
  EXPECT_EQ(audit.count("withdrawn"), 0);
  EXPECT_EQ(target.all.size(), 1U);
}

TEST_F(PollerStale, KeepsThemForEverUnlessAnAgeIsSaid) {
  options.max_stale.reset();
  make(deadlines_);
  start();
  lose_gateway();
  poll_after(std::chrono::hours(1000));
  EXPECT_EQ(key(), "key-one");
  EXPECT_EQ(credentials(), 1U);
}

}  // namespace
}  // namespace sallyport::sync
