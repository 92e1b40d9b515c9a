// A poller and the services that its policies name: who isn't there holds nothing up, who changed
// serves as he was, and each cause is told.
#include <gtest/gtest.h>

#include "reference/sync/poller_fixture.h"

namespace sallyport::sync {
namespace {

class PollerServices : public PollerFixture {
 protected:
  ~PollerServices() override {
    group.force();
    t.poll();
    poller.reset();
  }
  void move_service(const std::string& endpoint) {
    source.config_answer.mutable_supervisor_middleware_services(0)->set_grpc_endpoint(endpoint);
  }
  [[nodiscard]] std::string endpoint_of(std::string_view name) const {
    const auto* found = now().middleware ? now().middleware->find(name) : nullptr;
    return found ? found->registration.endpoint : "";
  }
  void until_told(std::string_view state, int times) {
    while (audit.count(state) < times) t.loop.context().run_one();
  }
};

TEST_F(PollerServices, APolicyIsInForceThoughASilentServiceCameJustBeforeIt) {
  services.silent = {"mute"};
  start();
  set_service("mute");
  set_policy(2, "second.test");
  polls(1);
  set_policy(3, "third.test");
  polls(2);  // the first one may have begun before
  EXPECT_TRUE(allows("third.test"));
  EXPECT_EQ(endpoint_of("mute"), "");
  services.let_go();
  while (endpoint_of("mute").empty()) t.loop.context().run_one();
  EXPECT_TRUE(allows("third.test"));
}

TEST_F(PollerServices, RoutesAndKeysDontWaitForASilentService) {
  options.services.patience = std::chrono::hours(1);
  make(t.deadlines);
  services.silent = {"mute"};
  start();
  set_service("mute");
  set_policy(2, "second.test");
  set_route("r2", "http://10.0.0.1:1/v1", "key-two");
  set_credential(8, "beta");
  polls(1);
  while (key() != "key-two") t.loop.context().run_one();
  EXPECT_EQ(now().credentials->revision(), 8U);
  EXPECT_TRUE(allows("listed.test"));
  services.let_go();
  while (!allows("second.test")) t.loop.context().run_one();
}

TEST_F(PollerServices, AChangedServiceThatIsntThereLeavesTheOneBeforeAndHoldsNoPolicyUp) {
  set_service("guard");
  start();
  services.absent["guard"] = "unreachable";
  move_service("http://elsewhere.test:1");
  set_policy(2, "other.test");
  polls(2);
  EXPECT_TRUE(allows("other.test"));
  EXPECT_EQ(endpoint_of("guard"), "http://guard.test:1");
  EXPECT_EQ(audit.count("degraded"), 0);
  ASSERT_EQ(audit.count("failed"), 1);
  EXPECT_EQ(member(audit.last("failed"), "part"), "middleware");
  EXPECT_EQ(audit.last("failed").status_detail, "guard: unreachable");
  services.absent.clear();
  while (endpoint_of("guard") != "http://elsewhere.test:1") t.loop.context().run_one();
  EXPECT_TRUE(allows("other.test"));
}

TEST_F(PollerServices, AnIllegalChangeLeavesTheServiceAsItWas) {
  set_service("guard");
  start();
  move_service("ftp://elsewhere.test:1");
  set_policy(2, "other.test");
  polls(2);
  EXPECT_TRUE(allows("other.test"));
  EXPECT_EQ(endpoint_of("guard"), "http://guard.test:1");
  EXPECT_EQ(audit.count("failed"), 1);
}

TEST_F(PollerServices, ARemovedServiceIsGoneAtOnce) {
  set_service("guard");
  start();
  services.held = true;
  source.config_answer.clear_supervisor_middleware_services();
  source.config_answer.set_config_revision(2);
  polls(2);
  EXPECT_EQ(endpoint_of("guard"), "");
  EXPECT_EQ(member(audit.last("loaded"), "service_count"), "0");
}

TEST_F(PollerServices, TighterBoundsHoldWithoutWordOfTheService) {
  set_service("guard");
  start();
  services.silent = {"guard"};
  auto& service = *source.config_answer.mutable_supervisor_middleware_services(0);
  service.set_max_payload_bytes(512);
  source.config_answer.set_config_revision(2);
  polls(2);
  EXPECT_EQ(now().middleware->find("guard")->bindings.http->payload_bytes_max, 512U);
}

TEST_F(PollerServices, AChangeOfServicesAloneIsTaken) {
  set_service("guard");
  start();
  set_service("second");
  source.config_answer.set_config_revision(2);
  polls(2);
  EXPECT_NE(endpoint_of("second"), "");
  EXPECT_EQ(member(audit.last("loaded"), "service_count"), "2");
}

TEST_F(PollerServices, AnOutageAndThenAnUnsoundPolicyAreTwoEvents) {
  set_service("guard");
  services.absent["guard"] = "unreachable";
  start();
  until_told("degraded", 1);
  set_policy(2, "not a host");
  polls(3);
  EXPECT_EQ(audit.count("degraded"), 1);
  ASSERT_EQ(audit.count("failed"), 1);
  EXPECT_EQ(member(audit.last("failed"), "error"), "invalid_policy");
  EXPECT_TRUE(allows("listed.test"));
}

TEST_F(PollerServices, OneCandidateThatFailsForAnOutageAndThenForItsPolicyIsTwoEvents) {
  set_service("guard");
  start();
  services.absent["guard"] = "unreachable";
  move_service("http://elsewhere.test:1");
  set_policy(2, "other.test");
  polls(2);
  ASSERT_EQ(audit.count("failed"), 1);
  services.absent.clear();
  set_policy(2, "not a host");  // the same revision, of another hash
  source.config_answer.set_policy_hash("hash-2b");
  polls(3);
  ASSERT_EQ(audit.count("failed"), 2);
  EXPECT_EQ(member(audit.last("failed"), "part"), "policy");
  EXPECT_TRUE(allows("other.test"));
}

TEST_F(PollerServices, AServiceThatComesAndIsUnsoundIsTwoEvents) {
  services.absent["guard"] = "unreachable";
  set_service("guard");
  start();
  until_told("degraded", 1);
  services.absent["guard"] = "describes no bindings";
  services.again = middleware::Again::slowly;
  until_told("degraded", 2);
  const std::size_t generations = target.all.size();
  const int builds = services.builds;
  while (services.builds < builds + 4) t.loop.context().run_one();
  EXPECT_EQ(audit.count("degraded"), 2);
  EXPECT_EQ(target.all.size(), generations);  // a reason is no reason for a generation
}

TEST_F(PollerServices, AReloadWithASilentServiceIsInForceSoon) {
  services.silent = {"mute"};
  middleware::Registration mute;
  mute.name = "mute";
  mute.endpoint = "http://mute.test:1";
  mute.payload_bytes_max = 1024;
  auto next = std::make_shared<egress::Generation>();
  next->policy.revision = "reloaded";
  t.run(poller->replace(std::move(next), {mute}));
  EXPECT_EQ(now().policy.revision, "reloaded");
  EXPECT_EQ(endpoint_of("mute"), "");
  EXPECT_EQ(audit.count("degraded"), 1);
}

TEST_F(PollerServices, OfTwoReloadsTheLaterOneWinsAndKeepsWhoCameMeanwhile) {
  options.services.patience = std::chrono::hours(1);
  make(t.deadlines);
  services.silent = {"mute"};
  middleware::Registration mute;
  mute.name = "mute";
  mute.endpoint = "http://mute.test:1";
  mute.payload_bytes_max = 1024;
  auto first = std::make_shared<egress::Generation>();
  first->policy.revision = "first";
  group.spawn(poller->replace(std::move(first), {mute}));
  t.poll();
  auto second = std::make_shared<egress::Generation>();
  second->policy.revision = "second";
  t.run(poller->replace(std::move(second), {mute}));
  EXPECT_EQ(now().policy.revision, "second");
  services.let_go();
  while (endpoint_of("mute").empty()) t.loop.context().run_one();
  EXPECT_EQ(now().policy.revision, "second");
}

}  // namespace
}  // namespace sallyport::sync
