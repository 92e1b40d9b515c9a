#include "reference/sync/poller.h"

#include <gtest/gtest.h>

#include "reference/sync/poller_fixture.h"

namespace sallyport::sync {
namespace {

class PollerTest : public PollerFixture {};

TEST_F(PollerTest, BuildsOneGenerationOfAllParts) {
  start();
  ASSERT_EQ(target.all.size(), 2U);
  EXPECT_TRUE(allows("listed.test"));
  EXPECT_EQ(key(), "key-one");
  EXPECT_EQ(credentials(), 1U);
  EXPECT_EQ(now().policy.revision, "hash-1");
  const audit::Event& event = audit.last("loaded");
  EXPECT_EQ(member(event, "generation"), "2");
  EXPECT_EQ(member(event, "policy_hash"), "hash-1");
  EXPECT_EQ(member(event, "source"), "http://gateway.test:1");
  EXPECT_EQ(member(event, "config_revision"), "1");
  EXPECT_EQ(member(event, "bundle_revision"), "r1");
  EXPECT_EQ(member(event, "environment_revision"), "7");
}

TEST_F(PollerTest, InstallsNothingWhileNothingChanges) {
  start();
  polls(5);
  EXPECT_EQ(target.all.size(), 2U);
  EXPECT_EQ(audit.count("loaded"), 1);
  EXPECT_EQ(source.environment_calls, 1);
}

TEST_F(PollerTest, ARotatedKeyIsTheNextGeneration) {
  start();
  const auto pinned = target.current();
  set_route("r2", "http://10.0.0.1:1/v1", "key-two");
  polls(2);
  EXPECT_EQ(key(), "key-two");
  EXPECT_EQ(pinned->routes->all()[0].api_key.reveal(), "key-one");
  const audit::Event& event = audit.last("loaded");
  EXPECT_EQ(member(event, "config_revision"), "1");
  EXPECT_EQ(member(event, "bundle_revision"), "r2");
}

TEST_F(PollerTest, AChangedPolicyIsTheNextGeneration) {
  start();
  set_policy(2, "other.test");
  polls(2);
  EXPECT_TRUE(allows("other.test"));
  EXPECT_EQ(key(), "key-one");
}

TEST_F(PollerTest, AGatewayThatIsDownAtStartLeavesTheFirstGenerationAndIsAskedForEver) {
  source.config_status = source.bundle_status = kDown;
  start();
  polls(4);
  EXPECT_EQ(target.all.size(), 1U);
  EXPECT_TRUE(now().policy.network_policies.empty());
  EXPECT_EQ(audit.count("stale"), 2);  // once for each part, not for each poll
  EXPECT_EQ(member(audit.last("stale"), "error"), "UNAVAILABLE");
  source.config_status = source.bundle_status = {};
  polls(2);
  EXPECT_TRUE(allows("listed.test"));
  EXPECT_EQ(key(), "key-one");
  EXPECT_EQ(audit.count("loaded"), 1);
}

TEST_F(PollerTest, AGatewayThatIsLostLaterLeavesTheLastGoodGeneration) {
  start();
  source.config_status = source.bundle_status = kDown;
  polls(3);
  EXPECT_EQ(target.all.size(), 2U);
  EXPECT_EQ(audit.count("stale"), 2);
  source.bundle_status = rpc::Status{rpc::Code::deadline_exceeded, ""};
  polls(3);
  EXPECT_EQ(audit.count("stale"), 3);
  source.config_status = source.bundle_status = {};
  polls(2);
  EXPECT_EQ(target.all.size(), 2U);
  EXPECT_EQ(audit.count("loaded"), 2);
  EXPECT_EQ(member(audit.last("loaded"), "generation"), "2");
}

TEST_F(PollerTest, WhatCouldBeFetchedIsApplied) {
  source.config_status = kDown;
  start();
  EXPECT_EQ(key(), "key-one");
  EXPECT_TRUE(now().policy.network_policies.empty());
  EXPECT_EQ(credentials(), 0U);
}

TEST_F(PollerTest, AProviderThatIsGoneWithdrawsTheRoutes) {
  start();
  source.bundle_status = kGone;
  polls(3);
  EXPECT_EQ(key(), "");
  EXPECT_TRUE(allows("listed.test"));
  EXPECT_EQ(now().revisions.bundle, "");
  EXPECT_EQ(target.all.size(), 3U);
  EXPECT_EQ(audit.count("failed"), 1);
  EXPECT_EQ(member(audit.last("failed"), "error"), "FAILED_PRECONDITION");
  source.bundle_status = {};
  polls(2);
  EXPECT_EQ(key(), "key-one");  // of the same revision as before
}

TEST_F(PollerTest, ABadRouteLeavesTheLastGoodOne) {
  start();
  set_route("r2", "mock://nowhere", "key-two");
  polls(3);
  EXPECT_EQ(key(), "key-one");
  EXPECT_EQ(audit.count("failed"), 1);
  EXPECT_EQ(member(audit.last("failed"), "error"), "invalid_route");
  EXPECT_EQ(audit.last("failed").status_detail.find("key-two"), std::string::npos);
}

TEST_F(PollerTest, ABadPolicyLeavesTheLastGoodOneAndHoldsNothingElseUp) {
  start();
  set_policy(2, "not a host");
  set_route("r2", "http://10.0.0.1:1/v1", "key-two");
  polls(3);
  EXPECT_TRUE(allows("listed.test"));
  EXPECT_EQ(key(), "key-two");
  EXPECT_EQ(audit.count("failed"), 1);
  const audit::Event& event = audit.last("failed");
  EXPECT_EQ(member(event, "version"), "2");
  EXPECT_EQ(member(event, "error"), "invalid_policy");
  EXPECT_EQ(member(event, "previous_policy_active"), "true");
  set_policy(3, "other.test");
  polls(2);
  EXPECT_TRUE(allows("other.test"));
}

TEST_F(PollerTest, AnAnswerWithoutAPolicyDeniesAll) {
  start();
  source.config_answer.clear_policy();
  source.config_answer.set_config_revision(2);
  polls(2);
  EXPECT_TRUE(now().policy.network_policies.empty());
}

TEST_F(PollerTest, TheGatewaysRefusalOfTheConfigurationLeavesTheLastGoodOne) {
  start();
  source.config_status = rpc::Status{rpc::Code::not_found, "no such sandbox"};
  polls(3);
  EXPECT_TRUE(allows("listed.test"));
  EXPECT_EQ(audit.count("failed"), 1);
}

TEST_F(PollerTest, CredentialsAreFetchedWhenTheirRevisionChanges) {
  start();
  set_credential(8, "beta");
  polls(2);
  EXPECT_EQ(source.environment_calls, 2);
  EXPECT_EQ(now().credentials->revision(), 8U);
  EXPECT_EQ(now().revisions.environment, "8");
}

TEST_F(PollerTest, ARefusedConfigurationHoldsUpNoRevocation) {
  start();
  source.config_status = kGone;
  source.environment_status = kGone;
  polls(2);
  EXPECT_EQ(credentials(), 0U);
}

TEST_F(PollerTest, ARefusalRevokesTheCredentialsAndAnOutageDoesnt) {
  start();
  set_credential(8, "beta");
  source.environment_status = kDown;
  polls(3);
  EXPECT_EQ(credentials(), 1U);
  EXPECT_EQ(audit.count("stale"), 1);
  source.environment_status = rpc::Status{rpc::Code::not_found, "no such sandbox"};
  polls(3);
  EXPECT_EQ(credentials(), 0U);
  EXPECT_EQ(audit.count("failed"), 1);
  source.environment_status = {};
  polls(2);
  EXPECT_EQ(credentials(), 1U);
}

TEST_F(PollerTest, AnUnsoundEnvironmentRevokesAllCredentials) {
  start();
  set_credential(8, "beta");
  (*source.environment_answer.mutable_environment())["UNBOUND"] = "gamma";
  polls(3);
  EXPECT_EQ(credentials(), 0U);
  EXPECT_EQ(audit.count("failed"), 1);
  EXPECT_EQ(member(audit.last("failed"), "error"), "invalid_environment");
  EXPECT_EQ(audit.last("failed").status_detail.find("gamma"), std::string::npos);
}

TEST_F(PollerTest, PolicyAndServicesAreOneGeneration) {
  start();
  set_service("guard");
  set_policy(2, "other.test");
  polls(2);
  ASSERT_EQ(target.all.size(), 3U);
  EXPECT_TRUE(allows("other.test"));
  ASSERT_NE(now().middleware, nullptr);
  EXPECT_NE(now().middleware->find("guard"), nullptr);
}

TEST_F(PollerTest, AServiceThatIsntThereHoldsNoPolicyUpAndIsAskedAgain) {
  services.absent["guard"] = "unreachable";
  set_service("guard");
  set_service("second");
  start();
  EXPECT_TRUE(allows("listed.test"));
  EXPECT_NE(now().middleware->find("second"), nullptr);
  EXPECT_EQ(audit.count("degraded"), 1);
  EXPECT_EQ(member(audit.last("degraded"), "service_count"), "1");
  set_policy(2, "other.test");
  polls(2);
  EXPECT_TRUE(allows("other.test"));
  EXPECT_EQ(audit.count("degraded"), 1);
  services.absent.clear();
  while (now().middleware->find("guard") == nullptr) t.loop.context().run_one();
  EXPECT_TRUE(allows("other.test"));
}

TEST_F(PollerTest, ARotationDoesntWaitForAServiceThatIsAskedAgain) {
  services.absent["guard"] = "unreachable";
  set_service("guard");
  start();
  services.held = true;
  while (services.builds < 2) t.loop.context().run_one();
  set_route("r2", "http://10.0.0.1:1/v1", "key-two");
  polls(2);
  EXPECT_EQ(key(), "key-two");
}

TEST_F(PollerTest, CanBeToldToPollNow) {
  PollerOptions rare;
  rare.poll = std::chrono::hours(1);
  Poller patient({t.executor(), t.deadlines, audit, log, target, &source, services.builder()},
                 rare);
  group.spawn(patient.run_gateway());
  polls(1);
  set_policy(2, "other.test");
  patient.poll_now();
  polls(1);
  EXPECT_TRUE(allows("other.test"));
  group.force();
  t.poll();
}

TEST_F(PollerTest, EndsAtOnceWithoutAGateway) {
  Poller none({t.executor(), t.deadlines, audit, log, target, nullptr, services.builder()}, {});
  t.run(none.run_gateway());
}

TEST_F(PollerTest, AReloadWithTheSameServicesIsAtOnce) {
  auto next = std::make_shared<egress::Generation>();
  next->policy.revision = "reloaded";
  t.run(poller->replace(std::move(next), {}));
  EXPECT_EQ(services.builds, 0);
  EXPECT_EQ(now().policy.revision, "reloaded");
}

TEST_F(PollerTest, AReloadWithOtherServicesIsOneGenerationWithThem) {
  middleware::Registration guard;
  guard.name = "guard";
  guard.endpoint = "http://guard.test:1";
  guard.payload_bytes_max = 1024;
  auto next = std::make_shared<egress::Generation>();
  next->policy.revision = "reloaded";
  t.run(poller->replace(std::move(next), {guard}));
  EXPECT_EQ(target.all.size(), 2U);
  EXPECT_EQ(now().policy.revision, "reloaded");
  EXPECT_NE(now().middleware->find("guard"), nullptr);
}

}  // namespace
}  // namespace sallyport::sync
