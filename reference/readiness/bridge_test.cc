#include "reference/readiness/bridge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/readiness/testing/stage.h"

namespace sallyport::readiness {
namespace {

using testing::exited;
using testing::not_run;
using testing::timed_out;

TEST(BridgeWords, AreDockersRunOfAPinnedBusybox) {
  Request request = testing::request();
  request.setup.gateway = "172.18.0.1";
  EXPECT_EQ(command_line(bridge_words(request)),
            "docker run --rm --pull=missing --network openshell-docker --add-host "
            "host.openshell.internal:172.18.0.1 busybox@sha256:"
            "73aaf090f3d85aa34ee199857f03fa3a95c8ede2ffd4cc2cdb5b94e566b11662 sh -c "
            "'nc -zw5 host.openshell.internal 8080'");
}

TEST(BridgeWords, LeaveTheAddressToDockerWhereItIsNotKnownOrNotTheWay) {
  Request request = testing::request();
  EXPECT_EQ(bridge_words(request).at(7), "host.openshell.internal:host-gateway");
  request.setup.gateway = "172.18.0.1";
  request.setup.host_gateway = true;
  EXPECT_EQ(bridge_words(request).at(7), "host.openshell.internal:host-gateway");
}

TEST(BridgeWords, FollowACommandOfTheCallers) {
  Request request = testing::request();
  request.bridge_command = {"enter", "agent", "--"};
  request.bridge_host = "10.200.0.1";
  request.setup.port = 11434;
  request.limits.bridge_connect = ms(200);
  EXPECT_EQ(command_line(bridge_words(request)), "enter agent -- sh -c 'nc -zw1 10.200.0.1 11434'");
}

TEST(BridgeReason, IsOkOnlyForAProbeThatEndedWell) {
  EXPECT_EQ(bridge_reason(exited("", 0)), "ok");
  EXPECT_EQ(bridge_reason(exited("", 0, "warning: veth pair: operation not supported")), "ok");
}

TEST(BridgeReason, IsAClosedPortForNcsExitEvenAfterItWaited) {
  EXPECT_EQ(bridge_reason(exited("", 1)), "tcp_failed");
  EXPECT_EQ(bridge_reason(exited("", 1, "nc: host.openshell.internal: Operation timed out")),
            "tcp_failed");
}

TEST(BridgeReason, IsUnavailableForWhateverIsNoFindingOfTheProbes) {
  EXPECT_EQ(bridge_reason(exited("", 125, "network openshell-docker not found")),
            "probe_unavailable");
  EXPECT_EQ(bridge_reason(exited("", 127)), "probe_unavailable");
  EXPECT_EQ(bridge_reason(exited("", 1, "nc: bad address 'host.openshell.internal'")),
            "probe_unavailable");
  EXPECT_EQ(bridge_reason(exited("", 1, "Temporary failure in name resolution")),
            "probe_unavailable");
  EXPECT_EQ(bridge_reason(not_run()), "probe_unavailable");
}

TEST(BridgeReason, IsATimeoutOnlyForACommandThatHadToBeEnded) {
  EXPECT_EQ(bridge_reason(timed_out()), "probe_timeout");
}

TEST(BridgeReason, KnowsAKernelThatMakesNoPairsByBothItsWords) {
  EXPECT_EQ(bridge_reason(exited("", 125,
                                 "failed to add the host (vethA) <=> sandbox (vethB) veth pair "
                                 "interfaces: Operation not supported.")),
            "veth_unsupported");
  EXPECT_EQ(bridge_reason(exited("", 125, "veth pair made. Later: operation not supported")),
            "probe_unavailable");
  EXPECT_EQ(bridge_reason(exited("", 125, "operation not supported")), "probe_unavailable");
}

TEST(BridgeReason, KnowsThatDockerIsNotThere) {
  EXPECT_EQ(bridge_reason(exited("", 1,
                                 "Cannot connect to the Docker daemon at unix:///run/docker.sock. "
                                 "Is the docker daemon running?")),
            "docker_daemon_unreachable");
  EXPECT_EQ(bridge_reason(exited("", 125, "error during connect: ...")),
            "docker_daemon_unreachable");
}

TEST(BridgeReason, IsFatalButWhenGoodOrUnknown) {
  EXPECT_FALSE(is_fatal("ok"));
  EXPECT_FALSE(is_fatal("probe_unavailable"));
  for (const char* reason :
       {"tcp_failed", "probe_timeout", "veth_unsupported", "docker_daemon_unreachable"})
    EXPECT_TRUE(is_fatal(reason)) << reason;
}

}  // namespace
}  // namespace sallyport::readiness
