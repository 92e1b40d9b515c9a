// A poller beside a sandbox that runs: what it was made from isn't taken again, what can't change
// is refused, what is in force is reported back; and what becomes of a policy that isn't sound.
#include <gtest/gtest.h>

#include <algorithm>

#include "reference/sync/poller_fixture.h"

namespace sallyport::sync {
namespace {

class PollerLive : public PollerFixture {
 protected:
  PollerLive() {
    // A sandbox whose baseline is /usr, and which can't do without what it was made with.
    options.settle = [this](policy::Policy& policy) -> std::string {
      if (!refusal.empty()) return refusal;
      auto& files = policy.fixed.filesystem;
      if (!files) files.emplace();
      auto& paths = files->read_only;
      if (std::find(paths.begin(), paths.end(), "/usr") == paths.end()) paths.emplace_back("/usr");
      return {};
    };
    make(t.deadlines);
  }
  ~PollerLive() override {
    group.force();
    t.poll();
    poller.reset();
  }
  [[nodiscard]] FirstAnswers answers() const {
    return {source.config_answer.SerializeAsString(), source.bundle_answer.SerializeAsString(),
            source.environment_answer.SerializeAsString()};
  }
  void poll_when_told() {
    options.poll = std::chrono::hours(1);
    make(t.deadlines);
  }
  void poll_again() {
    poller->poll_now();
    polls(1);
  }
  void set_bad_policy(std::uint64_t revision) { set_policy(revision, "not a host"); }

  std::string refusal;
};

TEST_F(PollerLive, ReportsWhatTheBaselineAddedOnce) {
  start();
  polls(4);
  ASSERT_EQ(source.reported.size(), 1U);
  const auto& effective = source.reported[0];
  ASSERT_EQ(effective.filesystem().read_only_size(), 1);
  EXPECT_EQ(effective.filesystem().read_only(0), "/usr");
  EXPECT_TRUE(effective.network_policies().contains("web"));
}

TEST_F(PollerLive, ReportsNothingWhereTheGatewaySaysAllThatIsInForce) {
  auto* files = source.config_answer.mutable_policy()->mutable_filesystem();
  files->set_include_workdir(true);
  files->add_read_only("/usr");
  start();
  polls(2);
  EXPECT_TRUE(source.reported.empty());
}

TEST_F(PollerLive, ReportsAgainUntilTheGatewayHasHeardIt) {
  source.report_status_answer = kDown;
  start();
  polls(3);
  EXPECT_GE(source.reported.size(), 2U);
  source.report_status_answer = {};
  polls(2);
  const std::size_t heard = source.reported.size();
  polls(3);
  EXPECT_EQ(source.reported.size(), heard);
  EXPECT_EQ(audit.count("failed"), 0);
}

TEST_F(PollerLive, ReportsNothingWhileTheGatewayIsAway) {
  source.report_status_answer = kDown;
  start();
  source.config_status = kDown;
  polls(1);
  const std::size_t before = source.reported.size();
  polls(3);
  EXPECT_EQ(source.reported.size(), before);
}

TEST_F(PollerLive, ARefusedReportIsToldAndLeftAtThat) {
  source.report_status_answer = rpc::Status{rpc::Code::permission_denied, "not yours"};
  start();
  polls(3);
  EXPECT_EQ(source.reported.size(), 1U);
  ASSERT_EQ(audit.count("failed"), 1);
  EXPECT_EQ(member(audit.last("failed"), "part"), "report");
  EXPECT_EQ(member(audit.last("failed"), "error"), "PERMISSION_DENIED");
  EXPECT_TRUE(allows("listed.test"));
}

TEST_F(PollerLive, DoesntReportAgainBecauseTheReportBroughtAnotherRevision) {
  poll_when_told();
  start();
  source.config_answer.set_config_revision(2);
  poll_again();
  poll_again();
  EXPECT_EQ(source.reported.size(), 1U);
}

TEST_F(PollerLive, ReportsAgainToAGatewayThatWasAway) {
  poll_when_told();
  start();
  source.config_status = kDown;
  poll_again();
  source.config_status = {};
  source.config_answer.set_config_revision(2);
  poll_again();
  EXPECT_EQ(source.reported.size(), 2U);
}

TEST_F(PollerLive, ReportsAgainToAGatewayThatBeginsAnew) {
  poll_when_told();
  start();
  poll_again();
  source.config_answer.set_config_revision(2);
  poll_again();
  EXPECT_EQ(source.reported.size(), 2U);
}

TEST_F(PollerLive, TellsWhatBecameOfEachVersion) {
  start();
  set_bad_policy(2);
  polls(2);
  ASSERT_EQ(source.statuses.size(), 2U);
  EXPECT_EQ(source.statuses[0], "1 loaded");
  EXPECT_TRUE(source.statuses[1].starts_with("2 failed: ")) << source.statuses[1];
}

TEST_F(PollerLive, TellsNoStatusToAGatewayThatDoesntServeIt) {
  source.loading_answer = rpc::Status{rpc::Code::unimplemented, ""};
  start();
  set_policy(2, "other.test");
  polls(2);
  EXPECT_EQ(source.statuses.size(), 1U);
  EXPECT_EQ(audit.count("failed"), 0);
}

TEST_F(PollerLive, TakesNothingAgainThatTheSandboxWasMadeFrom) {
  auto first = std::make_shared<egress::Generation>();
  FirstAnswers given = answers();
  ASSERT_EQ(take_first(given, *first), "");
  first->policy.fixed.filesystem.emplace().read_only.emplace_back("/usr");
  target.install(std::move(first));
  const std::size_t before = target.all.size();
  poller->begin_from(given);
  start();
  polls(2);
  EXPECT_EQ(target.all.size(), before);
  EXPECT_EQ(source.environment_calls, 0);
  EXPECT_EQ(key(), "key-one");
  EXPECT_EQ(credentials(), 1U);
  ASSERT_EQ(source.reported.size(), 1U);
  EXPECT_EQ(source.reported[0].filesystem().read_only(0), "/usr");
  EXPECT_EQ(source.statuses, std::vector<std::string>{"1 loaded"});
}

TEST_F(PollerLive, AnAnswerThatWasntHadAtTheStartIsFetched) {
  auto first = std::make_shared<egress::Generation>();
  FirstAnswers given = answers();
  given.environment.reset();
  ASSERT_EQ(take_first(given, *first), "");
  target.install(std::move(first));
  poller->begin_from(given);
  start();
  EXPECT_EQ(credentials(), 1U);
}

TEST_F(PollerLive, AStaticChangeLeavesTheLastGoodPolicyAndIsTold) {
  start();
  refusal = "landlock can't change while the sandbox runs";
  set_policy(2, "other.test");
  set_route("r2", "http://10.0.0.1:1/v1", "key-two");
  polls(3);
  EXPECT_TRUE(allows("listed.test"));
  EXPECT_EQ(key(), "key-two");
  ASSERT_EQ(audit.count("failed"), 1);
  const audit::Event& event = audit.last("failed");
  EXPECT_EQ(member(event, "error"), "static_change");
  EXPECT_EQ(member(event, "previous_policy_active"), "true");
  EXPECT_EQ(event.status_detail, refusal);
  EXPECT_EQ(source.statuses.back(), "2 failed: " + refusal);
  refusal.clear();
  set_policy(3, "other.test");
  polls(2);
  EXPECT_TRUE(allows("other.test"));
}

TEST_F(PollerLive, AStaticChangeIsNoReasonForAQuarantine) {
  start();
  refusal = "landlock can't change while the sandbox runs";
  set_policy(2, "other.test");
  source.config_answer.set_policy_validation_failure_mode("fail_closed");
  polls(2);
  EXPECT_EQ(now().quarantine, "");
  EXPECT_FALSE(poller->quarantines());
}

TEST_F(PollerLive, AnUnsoundPolicyQuarantinesWhereTheGatewaySaysSo) {
  start();
  set_bad_policy(2);
  source.config_answer.set_policy_validation_failure_mode("fail_closed");
  polls(3);
  EXPECT_TRUE(now().quarantine.starts_with("policy validation failed: ")) << now().quarantine;
  EXPECT_TRUE(poller->quarantines());
  EXPECT_EQ(audit.count("quarantined"), 1);
  EXPECT_EQ(member(audit.last("failed"), "previous_policy_active"), "false");
  EXPECT_EQ(key(), "key-one");
}

TEST_F(PollerLive, AQuarantineEndsAtTheNextSoundPolicy) {
  start();
  set_bad_policy(2);
  source.config_answer.set_policy_validation_failure_mode("fail_closed");
  polls(2);
  set_policy(3, "other.test");
  polls(2);
  EXPECT_EQ(now().quarantine, "");
  EXPECT_FALSE(poller->quarantines());
  EXPECT_TRUE(allows("other.test"));
}

TEST_F(PollerLive, TheGatewaysWordOnTheModeIsAboveOurs) {
  start();
  auto ours = std::make_shared<egress::Generation>(now());
  ours->fail_closed = true;
  target.install(std::move(ours));
  set_bad_policy(2);
  source.config_answer.set_policy_validation_failure_mode("retain_last_valid");
  polls(2);
  EXPECT_EQ(now().quarantine, "");
  source.config_answer.clear_policy_validation_failure_mode();
  set_bad_policy(3);
  polls(2);
  EXPECT_NE(now().quarantine, "");
}

TEST_F(PollerLive, AModeThatNobodyKnowsIsTheStricterOne) {
  start();
  set_bad_policy(2);
  source.config_answer.set_policy_validation_failure_mode("lenient");
  polls(2);
  EXPECT_NE(now().quarantine, "");
}

}  // namespace
}  // namespace sallyport::sync
