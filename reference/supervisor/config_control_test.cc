#include "reference/supervisor/config_control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace sallyport::supervisor {
namespace {

using ::testing::HasSubstr;

class ConfigControlTest : public ::testing::Test {
 protected:
  ConfigControlTest() {
    std::string pattern = ::testing::TempDir() + "control.XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    std::ofstream(folder_ + "/policy.yaml") << "version: 1\n";
    std::ofstream(folder_ + "/not-a.pem") << "nothing\n";
  }
  ~ConfigControlTest() override { std::filesystem::remove_all(folder_); }

  void write_token(const std::string& name, ::mode_t mode) {
    std::ofstream(folder_ + "/" + name) << kToken << "\n";
    ::chmod((folder_ + "/" + name).c_str(), mode);
  }
  std::optional<Config> read(const std::string& text) {
    complaints_ = {};
    return parse_config(text, folder_ + "/supervisor.yaml", complaints_);
  }
  std::string complaint(const std::string& text) {
    complaints_ = {};
    EXPECT_FALSE(read(text));
    return complaints_.to_string();
  }

  static constexpr std::string_view kToken = "supervisor-token-0123456789abcdef";
  std::string folder_;
  base::Diagnostics complaints_;
};

TEST_F(ConfigControlTest, ReadsAGatewayWhichStandsForPolicyAndRoutes) {
  const auto config = read(
      "gateway: {endpoint: 'http://10.0.0.9:50051', sandbox: sb-1, poll: 100ms, timeout: 1s}\n"
      "sandbox: {name: box, workspace: team}\n");
  ASSERT_TRUE(config) << complaints_.to_string();
  ASSERT_TRUE(config->gateway);
  EXPECT_EQ(config->gateway->endpoint, "http://10.0.0.9:50051");
  EXPECT_EQ(config->gateway->sandbox, "sb-1");
  EXPECT_EQ(config->gateway->poll, std::chrono::milliseconds(100));
  EXPECT_EQ(config->gateway->timeout, std::chrono::seconds(1));
  EXPECT_EQ(config->sandbox.id, "sb-1");
  EXPECT_EQ(config->sandbox.name, "box");
  EXPECT_EQ(config->sandbox.workspace, "team");
}

TEST_F(ConfigControlTest, PollsEveryFiveSecondsUnlessItIsTold) {
  const auto config = read("gateway: {endpoint: 'http://10.0.0.9:50051', sandbox: sb-1}\n");
  ASSERT_TRUE(config) << complaints_.to_string();
  EXPECT_EQ(config->gateway->poll, std::chrono::seconds(5));
  EXPECT_EQ(config->gateway->timeout, std::chrono::seconds(2));
  EXPECT_EQ(config->gateway->start_wait, std::chrono::seconds(30));
  EXPECT_FALSE(config->gateway->max_stale);
}

TEST_F(ConfigControlTest, ReadsHowLongToWaitForAGatewayAndToDoWithout) {
  const auto config = read(
      "gateway: {endpoint: 'http://10.0.0.9:50051', sandbox: sb-1, start_wait: 1min, "
      "max_stale: 10min}\n");
  ASSERT_TRUE(config) << complaints_.to_string();
  EXPECT_EQ(config->gateway->start_wait, std::chrono::minutes(1));
  EXPECT_EQ(config->gateway->max_stale, std::chrono::minutes(10));
  EXPECT_THAT(complaint("gateway: {endpoint: 'http://g:1', sandbox: s, max_stale: 0s}\n"),
              HasSubstr("max_stale is at least 1ms"));
}

TEST_F(ConfigControlTest, RunHasItsPolicyFromAFileOrFromAGateway) {
  const auto run = [this](const std::string& text, const std::string& policy) {
    complaints_ = {};
    std::ofstream(folder_ + "/run.yaml") << text;
    return load_run_config(folder_ + "/run.yaml", policy, complaints_);
  };
  const std::string gateway = "gateway: {endpoint: 'http://10.0.0.9:50051', sandbox: sb-1}\n";
  EXPECT_TRUE(run(gateway, "")) << complaints_.to_string();
  EXPECT_TRUE(run("log_level: info\n", folder_ + "/policy.yaml")) << complaints_.to_string();
  EXPECT_FALSE(run(gateway, folder_ + "/policy.yaml"));
  EXPECT_THAT(complaints_.to_string(), HasSubstr("the policy is the gateway's: remove --policy"));
  EXPECT_FALSE(run("log_level: info\n", ""));
  EXPECT_THAT(complaints_.to_string(), HasSubstr("run needs --policy FILE, or a gateway here"));
}

TEST_F(ConfigControlTest, AGatewayRulesOutFiles) {
  const std::string gateway = "gateway: {endpoint: 'http://10.0.0.9:50051', sandbox: sb-1}\n";
  EXPECT_THAT(complaint(gateway + "policy: policy.yaml\n"),
              HasSubstr("with a gateway, policy is the gateway's"));
  EXPECT_THAT(complaint(gateway + "routes: routes.yaml\n"),
              HasSubstr("with a gateway, routes is the gateway's"));
  EXPECT_THAT(complaint(gateway + "middleware: []\n"),
              HasSubstr("with a gateway, middleware is the gateway's"));
}

TEST_F(ConfigControlTest, RefusesAGatewayThatCannotBeReachedAsWritten) {
  EXPECT_THAT(complaint("gateway: {sandbox: sb-1}\n"), HasSubstr("endpoint"));
  EXPECT_THAT(complaint("gateway: {endpoint: 'http://g:1'}\n"), HasSubstr("sandbox"));
  EXPECT_THAT(complaint("gateway: {endpoint: 'g:1', sandbox: s}\n"),
              HasSubstr("is not http://HOST:PORT"));
  EXPECT_THAT(complaint("gateway: {endpoint: 'http://g:1', sandbox: s, poll: 0ms}\n"),
              HasSubstr("poll is at least 1ms"));
  EXPECT_THAT(complaint("gateway: {endpoint: 'https://g:1', sandbox: s, ca: not-a.pem}\n"),
              HasSubstr("no certificates in PEM form"));
  EXPECT_THAT(complaint("gateway: {endpoint: 'http://g:1', sandbox: s, token: x}\n"),
              HasSubstr("token"));
}

TEST_F(ConfigControlTest, ReadsATokenForTheGateway) {
  write_token("token", 0600);
  const auto config =
      read("gateway: {endpoint: 'https://gateway.test:1', sandbox: s, token_file: token}\n");
  ASSERT_TRUE(config) << complaints_.to_string();
  ASSERT_NE(config->gateway->token, nullptr);
  EXPECT_EQ(config->gateway->token->current().reveal(), kToken);
  EXPECT_FALSE(config->gateway->insecure);
}

TEST_F(ConfigControlTest, RefusesATokenFileThatIsNotItsOwnersAloneInItsPlace) {
  write_token("open", 0644);
  const std::string said =
      complaint("gateway:\n  endpoint: https://g:1\n  sandbox: s\n  token_file: open\n");
  EXPECT_THAT(said, HasSubstr(":4:15: "));
  EXPECT_THAT(said, HasSubstr("chmod 600"));
  EXPECT_THAT(complaint("gateway: {endpoint: 'https://g:1', sandbox: s, token_file: none}\n"),
              HasSubstr("No such file"));
}

TEST_F(ConfigControlTest, SendsNoTokenInClearUnlessThatIsWritten) {
  write_token("token", 0600);
  const auto to = [](const std::string& endpoint, const std::string& more) {
    return "gateway: {endpoint: '" + endpoint + "', sandbox: s, token_file: token" + more + "}\n";
  };
  EXPECT_THAT(complaint(to("http://10.0.0.9:1", "")), HasSubstr("in clear"));
  EXPECT_THAT(complaint(to("http://gateway.test:1", "")), HasSubstr("insecure: true"));
  const auto config = read(to("http://10.0.0.9:1", ", insecure: true"));
  ASSERT_TRUE(config) << complaints_.to_string();
  EXPECT_TRUE(config->gateway->insecure);
  EXPECT_TRUE(read(to("http://127.0.0.1:1", "")));
  EXPECT_TRUE(read(to("https://10.0.0.9:1", "")));
}

TEST_F(ConfigControlTest, ReadsMiddlewareRegistrationsBesideFiles) {
  const auto config = read(
      "policy: policy.yaml\n"
      "middleware:\n"
      "  - {name: guard, grpc_endpoint: 'http://10.0.0.5:50052', max_payload_bytes: 256KiB,\n"
      "     timeout: 750ms, audience: 'urn:guard', allow_insecure_transport: true}\n"
      "  - {name: second, grpc_endpoint: 'https://guard.test:443', max_payload_bytes: 1}\n"
      "sandbox: {id: sb-1, name: box}\n");
  ASSERT_TRUE(config) << complaints_.to_string();
  ASSERT_EQ(config->middleware.size(), 2U);
  EXPECT_EQ(config->middleware[0].name, "guard");
  EXPECT_EQ(config->middleware[0].endpoint, "http://10.0.0.5:50052");
  EXPECT_EQ(config->middleware[0].payload_bytes_max, 256U * 1024);
  EXPECT_EQ(config->middleware[0].timeout, "750ms");
  EXPECT_EQ(config->middleware[0].audience, "urn:guard");
  EXPECT_TRUE(config->middleware[0].allow_insecure_transport);
  EXPECT_EQ(config->middleware[1].timeout, "");
  EXPECT_EQ(config->middleware[1].audience, "urn:openshell:extension:middleware:second");
  EXPECT_EQ(config->sandbox.id, "sb-1");
}

TEST_F(ConfigControlTest, RefusesRegistrationsThatCannotBe) {
  const auto with = [this](const std::string& entry) {
    return complaint("policy: policy.yaml\nmiddleware:\n  - " + entry + "\n");
  };
  const std::string sound = "name: guard, grpc_endpoint: 'http://g:1', max_payload_bytes: 1KiB";
  EXPECT_THAT(with("text"), HasSubstr("is a map"));
  EXPECT_THAT(with("{grpc_endpoint: 'http://g:1', max_payload_bytes: 1}"), HasSubstr("name"));
  EXPECT_THAT(with("{name: guard, grpc_endpoint: 'http://g:1'}"), HasSubstr("max_payload_bytes"));
  EXPECT_THAT(with("{name: guard, grpc_endpoint: 'http://g:1', max_payload_bytes: 5MiB}"),
              HasSubstr("from 1 to 4194304"));
  EXPECT_THAT(with("{" + sound + ", timeout: 31s}"), HasSubstr("from 10ms to 30s"));
  EXPECT_THAT(with("{" + sound + "}\n  - {" + sound + "}"), HasSubstr("registered twice"));
  EXPECT_THAT(with("{" + sound + ", tls_ca_cert_path: missing.pem}"), HasSubstr("can't be read"));
  EXPECT_THAT(with("{name: openshell/x, grpc_endpoint: 'http://g:1', max_payload_bytes: 1}"),
              HasSubstr("openshell/"));
}

}  // namespace
}  // namespace sallyport::supervisor
