// The program with a gateway that can't be reached, and with middleware services that aren't there.
#include <fmt/format.h>
#include <signal.h>

#include <chrono>

#include "reference/app/program_fixture.h"

namespace sallyport::app {
namespace {

constexpr std::string_view kModels =
    "GET /v1/models HTTP/1.1\r\nHost: inference.local\r\nConnection: close\r\n\r\n";

std::string gateway_at(std::uint16_t port, std::string_view more = "poll: 20ms") {
  return fmt::format("gateway: {{endpoint: 'http://127.0.0.1:{}', sandbox: sb-1, {}}}\n", port,
                     more);
}

// A port of loopback that nobody listens on.
std::uint16_t closed_port() { return Upstream().port(); }

TEST_F(SupervisorProgram, IsReadyAndDeniesAllWithoutItsGateway) {
  start(gateway_at(closed_port()));
  event({"stale", "UNAVAILABLE", "\"generation\":1"});
  EXPECT_EQ(ask("CONNECT listed.test:443 HTTP/1.1\r\nHost: listed.test:443\r\n\r\n").substr(0, 12),
            "HTTP/1.1 403");
  const auto client = inference();
  client->send(kModels);
  EXPECT_EQ(client->read_message().substr(0, 12), "HTTP/1.1 503");
}

TEST_F(SupervisorProgram, EndsPromptlyWhileItsGatewayIsSilent) {
  const Upstream silent;
  start(gateway_at(silent.port(), "timeout: 30s"));
  const auto begin = std::chrono::steady_clock::now();
  signal(SIGTERM);
  EXPECT_EQ(wait(), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST_F(SupervisorProgram, PollsItsGatewayAtOnceWhenItIsToldToReload) {
  const Upstream silent;
  start(gateway_at(silent.port(), "poll: 60min, timeout: 50ms"));
  event({"stale", "DEADLINE_EXCEEDED"});
  signal(SIGHUP);
  event({"loaded", "\"generation\":2"});
  signal(SIGTERM);
  EXPECT_EQ(wait(), 0);
}

TEST_F(SupervisorProgram, AGatewayComesOnlyWithARestart) {
  start("");
  write("supervisor.yaml", gateway_at(closed_port()) + "listen: 127.0.0.1:0\n");
  signal(SIGHUP);
  event({"failed", "comes or goes with a restart"});
}

TEST_F(SupervisorProgram, IsReadyWithoutAMiddlewareService) {
  start(
      fmt::format("middleware:\n  - {{name: guard, grpc_endpoint: 'http://127.0.0.1:{}', "
                  "max_payload_bytes: 1KiB, timeout: 100ms}}\n",
                  closed_port()));
  event({"degraded", "\"service_count\":1"});
  signal(SIGTERM);
  EXPECT_EQ(wait(), 0);
}

constexpr std::string_view kWrongBuiltIn =
    "version: 1\nnetwork_middlewares:\n"
    "  hide: {middleware: openshell/regex, config: {mode: deny}, endpoints: {include: ['**']}}\n";

TEST_F(SupervisorProgram, RefusesAPolicyWithAWrongConfigOfABuiltIn) {
  write("policy.yaml", std::string(kWrongBuiltIn));
  launch("");
  EXPECT_EQ(wait(), 2);
  EXPECT_NE(said().find("policy.yaml:3:47: middleware config 'hide' is invalid"),
            std::string::npos);
}

TEST_F(SupervisorProgram, KeepsItsPolicyWhenANewOneHasAWrongConfigOfABuiltIn) {
  start("");
  write("policy.yaml", std::string(kWrongBuiltIn));
  signal(SIGHUP);
  event({"failed", "middleware config 'hide' is invalid"});
  signal(SIGTERM);
  EXPECT_EQ(wait(), 0);
}

TEST_F(SupervisorProgram, RefusesAGatewayBesideAPolicy) {
  launch(gateway_at(closed_port()) + "policy: policy.yaml\n");
  EXPECT_EQ(wait(), 2);
  EXPECT_NE(said().find("with a gateway, policy is the gateway's"), std::string::npos);
}

}  // namespace
}  // namespace sallyport::app
