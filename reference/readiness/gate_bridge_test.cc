// The gate where host networking was asked for: the downgrade, the bridge, the firewall.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/readiness/testing/stage.h"

namespace sallyport::readiness {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using testing::exited;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::not_run;
using testing::Pass;
using testing::pass;
using ::testing::SizeIs;
using ::testing::StartsWith;
using testing::timed_out;

Request on_host() {
  Request request = testing::request();
  request.setup.network = "host";
  request.bridge_command = {"look"};
  return request;
}

Request fixing() {
  Request request = on_host();
  request.setup.auto_fix = true;
  request.setup.subnet = "172.18.0.0/16";
  request.setup.gateway = "172.18.0.1";
  return request;
}

std::string word(const Report& report) {
  return std::string(name(report.outcome)) + " " + report.network + " " + report.bridge + " " +
         report.fix + " " + report.recheck + " " + std::to_string(report.calls);
}

TEST(HostNetwork, IsTakenBackAndTheBridgeLookedAtOnce) {
  const Pass one = pass(on_host(), {exited(""), exited("HTTP_200")});
  EXPECT_EQ(word(one.report), "ok preserve ok  ok 1");
  EXPECT_TRUE(one.report.downgraded);
  EXPECT_THAT(one.asked, ElementsAre(StartsWith("look sh -c 'nc"), StartsWith("enter")));
  EXPECT_THAT(one.report.notes, ElementsAre(HasSubstr("taken back")));
}

TEST(HostNetwork, StaysWhereNothingIsWrongWithIt) {
  Request cloud = on_host();
  cloud.kind = "openai";
  const Pass one = pass(cloud, {exited("")});
  EXPECT_EQ(word(one.report), "skipped host    0");
  EXPECT_FALSE(one.report.downgraded);
  EXPECT_THAT(one.asked, IsEmpty());
  Request no_gpu = on_host();
  no_gpu.setup.gpu = false;
  EXPECT_EQ(word(pass(no_gpu, {exited("")}).report), "skipped host    0");
}

TEST(HostNetwork, ThatWasNotAskedForIsNotLookedAt) {
  const Pass one = pass(testing::request(), {exited("HTTP_200")});
  EXPECT_EQ(word(one.report), "ok preserve    1");
  EXPECT_THAT(one.report.notes, IsEmpty());
}

TEST(Bridge, ThatIsClosedEndsTheGateBeforeTheProbe) {
  const Pass one = pass(on_host(), {exited("", 1)});
  EXPECT_EQ(word(one.report), "unreachable preserve tcp_failed not_opted_in tcp_failed 0");
  EXPECT_EQ(one.report.reason, "bridge-unreachable");
  EXPECT_THAT(one.asked, SizeIs(1));
  EXPECT_THAT(one.report.notes, SizeIs(1));  // nobody hears of a fix that wasn't wanted
  EXPECT_THAT(one.report.detail, HasSubstr("8080"));
}

TEST(Bridge, IsFatalForEveryFindingButUnavailable) {
  EXPECT_EQ(word(pass(on_host(), {timed_out()}).report),
            "unreachable preserve probe_timeout  probe_timeout 0");
  EXPECT_EQ(word(pass(on_host(), {exited("", 1, "Cannot connect to the Docker daemon")}).report),
            "unreachable preserve docker_daemon_unreachable  docker_daemon_unreachable 0");
  EXPECT_EQ(word(pass(on_host(), {exited("", 125, "veth pair: operation not supported")}).report),
            "unreachable preserve veth_unsupported  veth_unsupported 0");
}

TEST(Bridge, ThatNobodyCouldLookAtIsAWarning) {
  const Pass one = pass(on_host(), {not_run(), exited("HTTP_200")});
  EXPECT_EQ(word(one.report), "ok preserve probe_unavailable  probe_unavailable 1");
  EXPECT_THAT(one.report.notes.back(),
              AllOf(StartsWith("warning:"), HasSubstr("No such file or directory")));
  EXPECT_EQ(one.report.detail, "");
}

TEST(Bridge, OverAHostGatewayGetsTenAttemptsASecondApart) {
  Request request = on_host();
  request.setup.host_gateway = true;
  request.setup.auto_fix = true;
  const Pass one = pass(request, {exited("", 1)});
  EXPECT_EQ(word(one.report), "unreachable preserve tcp_failed  tcp_failed 0");
  EXPECT_THAT(one.asked, SizeIs(10));
  EXPECT_THAT(one.waits, SizeIs(9));
  EXPECT_THAT(one.waits, Each(ms(1000)));
}

TEST(Bridge, OverAHostGatewayIsBelievedAsSoonAsItAnswers) {
  Request request = on_host();
  request.setup.host_gateway = true;
  const Pass one = pass(request, {exited("", 1), exited("", 1), exited(""), exited("HTTP_200")});
  EXPECT_EQ(word(one.report), "ok preserve ok  ok 1");
  EXPECT_THAT(one.waits, SizeIs(2));
  EXPECT_THAT(pass(request, {timed_out()}).asked, SizeIs(1));
}

TEST(Firewall, IsOpenedOnceAndTheBridgeLookedAtAgain) {
  const Pass one =
      pass(fixing(), {exited("", 1), exited(""), exited("ufw"), exited("Status: active"),
                      exited("Rule added"), exited(""), exited("HTTP_200")});
  EXPECT_EQ(word(one.report), "ok preserve ok applied ok 1");
  EXPECT_THAT(
      one.asked,
      ElementsAre(StartsWith("look"), "sudo -n true", "sudo -n which ufw", "sudo -n ufw status",
                  "sudo -n ufw allow from 172.18.0.0/16 to 172.18.0.1 port 8080 proto tcp",
                  StartsWith("look"), StartsWith("enter")));
}

TEST(Firewall, ThatWasOpenedInVainStillEndsTheGate) {
  const Pass one = pass(fixing(), {exited("", 1), exited(""), exited("ufw"),
                                   exited("Status: active"), exited("Rule added"), exited("", 1)});
  EXPECT_EQ(word(one.report), "unreachable preserve tcp_failed applied tcp_failed 0");
  EXPECT_THAT(one.asked, SizeIs(6));
}

TEST(Firewall, IsNotOpenedForABroadSubnetAndThatIsSaidAloud) {
  Request request = fixing();
  request.setup.subnet = "0.0.0.0/0";
  const Pass one = pass(request, {exited("", 1)});
  EXPECT_EQ(word(one.report),
            "unreachable preserve tcp_failed invalid_rule_operand invalid_rule_operand 0");
  EXPECT_THAT(one.asked, SizeIs(1));
  EXPECT_THAT(one.report.notes.back(), HasSubstr("invalid_rule_operand"));
  EXPECT_THAT(one.report.recovery, Each(::testing::Not(HasSubstr("0.0.0.0/0"))));
}

TEST(Firewall, IsLeftInSilenceWithoutUfw) {
  const Pass one = pass(fixing(), {exited("", 1), exited(""), exited("", 1)});
  EXPECT_EQ(word(one.report), "unreachable preserve tcp_failed ufw_missing tcp_failed 0");
  EXPECT_THAT(one.report.notes, SizeIs(1));
}

TEST(Firewall, IsNotConsideredForOtherFindings) {
  const Pass one = pass(fixing(), {timed_out()});
  EXPECT_EQ(one.report.fix, "");
  EXPECT_THAT(one.asked, SizeIs(1));
}

}  // namespace
}  // namespace sallyport::readiness
