// The program as whoever runs it meets it: readiness, mistakes, events, signals and exit codes.
#include <gmock/gmock.h>
#include <signal.h>

#include <filesystem>
#include <string>

#include "reference/app/program_fixture.h"

namespace sallyport::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kConnectLoopback =
    "CONNECT 127.0.0.1:443 HTTP/1.1\r\nHost: 127.0.0.1:443\r\n\r\n";

TEST_F(SupervisorProgram, IsReadyWhenTheAgentsFilesAreThere) {
  start();
  const std::string proxy = "127.0.0.1:" + std::to_string(port_);
  EXPECT_EQ(ready_line_, "{\"ready\":true,\"listen\":[\"" + proxy +
                             "\"],\"pid\":" + std::to_string(pid_) + "}\n");
  const std::string ca = read_file(path("tls/openshell-ca.pem"));
  EXPECT_THAT(ca, StartsWith("-----BEGIN CERTIFICATE-----"));
  EXPECT_THAT(read_file(path("tls/ca-bundle.pem")), HasSubstr(ca));
  EXPECT_THAT(read_file(path("tls/agent.env")),
              AllOf(HasSubstr("HTTPS_PROXY=http://" + proxy + "\n"),
                    HasSubstr("DENO_CERT=" + path("tls/openshell-ca.pem") + "\n"),
                    HasSubstr("SSL_CERT_FILE=" + path("tls/ca-bundle.pem") + "\n")));
  EXPECT_EQ(::kill(pid_, 0), 0);
  EXPECT_FALSE(ready_.speaks_within(0)) << "one line, and the descriptor stays open";
}

TEST_F(SupervisorProgram, ChecksItsFilesAndStartsNothing) {
  launch("", {"--check"});
  EXPECT_EQ(wait(), 0) << said();
  write("policy.yaml", "version: 1\nnetwork_policies:\n  web:\n    endpoints: 5\n");
  launch("", {"--check"});
  EXPECT_EQ(wait(), 2);
  EXPECT_THAT(said(), HasSubstr(path("policy.yaml") + ":4:"));
  EXPECT_EQ(ready_.read_to_end(), "");
  EXPECT_FALSE(std::filesystem::exists(path("tls")));
}

TEST_F(SupervisorProgram, TellsEveryMistakeOfItsConfigurationAtOnce) {
  launch("forwrad: shared\nlimits: {drain: 0s}\nlog_level: loud\n");
  EXPECT_EQ(wait(), 2);
  const std::string file = path("supervisor.yaml");
  EXPECT_THAT(said(), AllOf(HasSubstr(file + ":2:1: "), HasSubstr("did you mean \"forward\"?"),
                            HasSubstr(file + ":3:"), HasSubstr("drain is at least 1ms"),
                            HasSubstr(file + ":4:")));
  EXPECT_EQ(ready_.read_to_end(), "");
}

TEST_F(SupervisorProgram, DoesNotStartOnAPortThatIsTaken) {
  const Upstream owner;
  const std::string at = "127.0.0.1:" + std::to_string(owner.port());
  launch("listen: " + at + "\n");
  EXPECT_EQ(wait(), 1);
  EXPECT_THAT(said(), HasSubstr("can't listen on " + at));
  EXPECT_EQ(ready_.read_to_end(), "");
}

TEST_F(SupervisorProgram, DoesNotStartWithoutAPlaceForItsCa) {
  launch("ca_output: policy.yaml/tls\n");
  EXPECT_EQ(wait(), 1);
  EXPECT_THAT(said(), HasSubstr(path("policy.yaml/tls") + ": "));
  EXPECT_EQ(ready_.read_to_end(), "");
}

TEST_F(SupervisorProgram, DeniesWhatNoPolicyNamesAndReportsIt) {
  start();
  const std::string answer = ask("CONNECT other.test:443 HTTP/1.1\r\nHost: other.test:443\r\n\r\n");
  EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 403 "), HasSubstr("\"error\":\"policy_denied\""),
                            HasSubstr("\"reason\":")));
  const std::string denied = event({"\"message\":\"CONNECT denied other.test:443\""});
  EXPECT_THAT(denied, AllOf(HasSubstr("\"disposition\":\"Blocked\""),
                            HasSubstr("\"unmapped\":{\"generation\":1}")));
}

TEST_F(SupervisorProgram, DecidesByWhatItReadsAtSighup) {
  start();
  EXPECT_THAT(ask(kConnectLoopback), HasSubstr("\"error\":\"policy_denied\""));
  allow("127.0.0.1");
  signal(SIGHUP);
  event({"\"state\":\"loaded\"", "\"generation\":2"});
  EXPECT_THAT(ask(kConnectLoopback), HasSubstr("\"error\":\"ssrf_denied\""));
  event({"\"message\":\"CONNECT ", "\"generation\":2"});
}

TEST_F(SupervisorProgram, KeepsWhatItHasWhenTheNewPolicyIsBroken) {
  allow("127.0.0.1");
  start();
  write("policy.yaml", "version: 1\nnetwork_polices: {}\n");
  signal(SIGHUP);
  const std::string failed = event({"\"state\":\"failed\""});
  EXPECT_THAT(failed,
              AllOf(HasSubstr("generation 1 stays"), HasSubstr(path("policy.yaml") + ":2:1: "),
                    HasSubstr("\"status\":\"Failure\"")));
  EXPECT_THAT(ask(kConnectLoopback), HasSubstr("\"error\":\"ssrf_denied\""));
  allow("listed.test");
  signal(SIGHUP);
  event({"\"state\":\"loaded\"", "\"generation\":2"});
  EXPECT_THAT(ask(kConnectLoopback), HasSubstr("\"error\":\"policy_denied\""));
}

TEST_F(SupervisorProgram, EndsAtOnceWhenNothingIsOpen) {
  start("limits: {drain: 10min}\n");
  signal(SIGTERM);
  EXPECT_EQ(wait(), 0) << said();
  event({"\"message\":\"supervisor stopped\""});
}

TEST_F(SupervisorProgram, LetsARequestUnderWayEndWhenItIsTold) {
  Upstream upstream;
  start_with_route(upstream, "limits: {drain: 10min}\n");
  const auto busy = inference();
  busy->send(chat("any"));
  Connection call = upstream.accept();
  call.read_message();
  const auto idle = inference();
  signal(SIGTERM);
  EXPECT_EQ(idle->read_to_end(), "");
  call.send(json_answer("{}"));
  EXPECT_THAT(busy->read_to_end(), AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("{}")));
  EXPECT_EQ(wait(), 0) << said();
}

TEST_F(SupervisorProgram, CutsWhatIsOpenWhenTheDrainIsOver) {
  Upstream upstream;
  start_with_route(upstream, "limits: {drain: 100ms}\n");
  const auto busy = inference();
  busy->send(chat("any"));
  Connection call = upstream.accept();
  call.read_message();
  signal(SIGTERM);
  EXPECT_EQ(wait(), 0) << said();
  EXPECT_THAT(busy->read_to_end(), Not(HasSubstr("200")));
}

TEST_F(SupervisorProgram, CutsWhatIsOpenWhenItIsToldTwice) {
  Upstream upstream;
  start_with_route(upstream, "limits: {drain: 10min}\n");
  const auto busy = inference();
  busy->send(chat("any"));
  Connection call = upstream.accept();
  call.read_message();
  const auto idle = inference();
  signal(SIGTERM);
  EXPECT_EQ(idle->read_to_end(), "");  // so the first signal has been heard
  signal(SIGTERM);
  EXPECT_EQ(wait(), 0) << said();
}

}  // namespace
}  // namespace sallyport::app
