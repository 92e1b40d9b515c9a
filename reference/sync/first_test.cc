#include "reference/sync/first.h"

#include <gtest/gtest.h>

#include "reference/sync/poller_fixture.h"

namespace sallyport::sync {
namespace {

// Time passes only where somebody waits for it, and then at once.
class WaitingClock final : public net::Clock {
 public:
  [[nodiscard]] base::TimePoint now() const override { return now_; }
  [[nodiscard]] std::int64_t wall_ms() const override { return 0; }
  [[nodiscard]] net::Task<void> sleep_until(base::TimePoint at) override {
    now_ = std::max(now_, at);
    if (slept) slept(now_ - base::TimePoint{});
    co_return;
  }
  std::function<void(base::Duration since_the_start)> slept;

 private:
  base::TimePoint now_{};
};

class FetchFirst : public PollerFixture {
 protected:
  std::string fetch() {
    const std::function<void(const std::string&)> tell = [this](const std::string& text) {
      told_.push_back(text);
    };
    return t.run(fetch_first(source, clock_, options_, tell, answers_));
  }

  WaitingClock clock_;
  FirstOptions options_;
  FirstAnswers answers_;
  std::vector<std::string> told_;
};

TEST_F(FetchFirst, TakesWhatTheGatewaySays) {
  EXPECT_EQ(fetch(), "");
  EXPECT_EQ(answers_.config, source.config_answer.SerializeAsString());
  EXPECT_EQ(answers_.bundle, source.bundle_answer.SerializeAsString());
  EXPECT_EQ(answers_.environment, source.environment_answer.SerializeAsString());
  EXPECT_TRUE(told_.empty());
}

TEST_F(FetchFirst, WaitsForAGatewayThatIsAwayAndSaysSo) {
  source.config_status = kDown;
  clock_.slept = [this](base::Duration since) {
    if (since >= std::chrono::seconds(7)) source.config_status = {};
  };
  EXPECT_EQ(fetch(), "");
  ASSERT_EQ(told_.size(), 2U);  // at once, and after five seconds
  EXPECT_EQ(told_[0],
            "waiting for the gateway http://gateway.test:1: UNAVAILABLE: connection refused (for "
            "30 s at most)");
  EXPECT_NE(told_[1].find("for 25 s at most"), std::string::npos) << told_[1];
}

TEST_F(FetchFirst, LosesItsPatience) {
  source.config_status = kDown;
  EXPECT_EQ(fetch(),
            "the gateway http://gateway.test:1 doesn't answer (UNAVAILABLE: connection refused), "
            "30 s long");
}

TEST_F(FetchFirst, TakesTheGatewaysRefusalAtOnce) {
  source.config_status = rpc::Status{rpc::Code::not_found, "sandbox 'sb-1' was not found"};
  EXPECT_EQ(fetch(),
            "the gateway http://gateway.test:1 refuses: NOT_FOUND: sandbox 'sb-1' was not found");
  EXPECT_TRUE(told_.empty());
}

TEST_F(FetchFirst, WaitsForCredentialsToo) {
  source.environment_status = kDown;
  clock_.slept = [this](base::Duration since) {
    if (since >= std::chrono::seconds(2)) source.environment_status = {};
  };
  EXPECT_EQ(fetch(), "");
  EXPECT_TRUE(answers_.environment);
}

TEST_F(FetchFirst, DoesWithoutCredentialsThatAreRefusedOrDontCome) {
  source.environment_status = kGone;
  EXPECT_EQ(fetch(), "");
  EXPECT_FALSE(answers_.environment);
  source.environment_status = kDown;
  EXPECT_EQ(fetch(), "");
  EXPECT_FALSE(answers_.environment);
}

TEST_F(FetchFirst, DoesWithoutRoutesAndWaitsForNone) {
  source.bundle_status = kDown;
  EXPECT_EQ(fetch(), "");
  EXPECT_FALSE(answers_.bundle);
  EXPECT_EQ(source.bundle_calls, 1);
}

TEST_F(FetchFirst, IsTakenIntoAGeneration) {
  ASSERT_EQ(fetch(), "");
  egress::Generation into;
  EXPECT_EQ(take_first(answers_, into), "");
  EXPECT_EQ(into.policy.revision, "hash-1");
  EXPECT_TRUE(into.policy.network_policies.contains("web"));
  EXPECT_EQ(into.routes->all().size(), 1U);
  EXPECT_TRUE(into.credentials->environment().contains("API_TOKEN"));
  EXPECT_EQ(into.revisions.config, "1");
  EXPECT_EQ(into.revisions.bundle, "r1");
  EXPECT_EQ(into.revisions.environment, "7");
}

TEST_F(FetchFirst, LeavesRoutesAndCredentialsThatArentSoundToThePoller) {
  set_route("r1", "mock://nowhere", "key");
  (*source.environment_answer.mutable_environment())["UNBOUND"] = "gamma";
  ASSERT_EQ(fetch(), "");
  egress::Generation into;
  EXPECT_EQ(take_first(answers_, into), "");
  EXPECT_FALSE(answers_.bundle);
  EXPECT_FALSE(answers_.environment);
  EXPECT_EQ(into.routes, nullptr);
  EXPECT_EQ(into.credentials, nullptr);
}

TEST_F(FetchFirst, APolicyThatIsntSoundMakesNoSandbox) {
  set_policy(1, "not a host");
  ASSERT_EQ(fetch(), "");
  egress::Generation into;
  EXPECT_TRUE(take_first(answers_, into).starts_with("the gateway's policy can't be taken: "));
}

TEST(FirstAnswers, AreTheSameAfterTheirWayAsAText) {
  const FirstAnswers all{std::string("con\0fig 7 ", 10), std::string("bundle"), std::string()};
  EXPECT_EQ(read_first(write_first(all)), all);
  const FirstAnswers few{"", std::nullopt, std::nullopt};
  EXPECT_EQ(read_first(write_first(few)), few);
}

TEST(FirstAnswers, ArentReadFromATextThatIsCutOrGoesOn) {
  const std::string whole = write_first({"config", std::string("bundle"), std::string("env")});
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(read_first(whole.substr(0, size))) << size;
  EXPECT_FALSE(read_first(whole + "x"));
  EXPECT_FALSE(read_first("99999999999999999999 x"));
  EXPECT_FALSE(read_first("6 config1 21 x1 00 "));
}

}  // namespace
}  // namespace sallyport::sync
