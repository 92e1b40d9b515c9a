#include "reference/supervisor/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace sallyport::supervisor {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// A folder with a policy in it, for the paths that a config names.
class ConfigTest : public ::testing::Test {
 protected:
  ConfigTest() {
    std::string pattern = ::testing::TempDir() + "config.XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    put("policy.yaml", "version: 1\n");
    put("routes.yaml", "routes: []\n");
    put("ca.pem", "");
    put("hosts", "");
  }
  ~ConfigTest() override { std::filesystem::remove_all(folder_); }

  void put(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name) << text;
  }
  std::optional<Config> read(const std::string& text) {
    return parse_config(text, folder_ + "/supervisor.yaml", complaints_);
  }
  // The one complaint about `text`, without the folder.
  std::string complaint(const std::string& text) {
    EXPECT_FALSE(read(text));
    EXPECT_EQ(complaints_.all().size(), 1U) << complaints_.to_string();
    const std::string all = complaints_.to_string();
    return all.starts_with(folder_ + "/") ? all.substr(folder_.size() + 1) : all;
  }

  std::string folder_;
  base::Diagnostics complaints_;
};

TEST_F(ConfigTest, ReadsEveryKey) {
  const auto config = read(
      "listen: [10.200.0.1:3128, '[::1]:0']\n"
      "policy: policy.yaml\n"
      "routes: routes.yaml\n"
      "resolver: {servers: [10.0.0.53, 10.0.0.54:5353], hosts_file: hosts, timeout: 500ms}\n"
      "upstream_ca: ca.pem\n"
      "forward: private\n"
      "limits: {head_read: 5s, proxy_head_bytes: 4KiB, connections: 10}\n"
      "audit: {file: audit.jsonl}\n"
      "ca_output: tls\n"
      "log_level: debug\n");
  ASSERT_TRUE(config) << complaints_.to_string();
  EXPECT_EQ(config->listen.size(), 2U);
  EXPECT_EQ(config->listen[0].to_string(), "10.200.0.1:3128");
  EXPECT_EQ(config->policy_file, folder_ + "/policy.yaml");
  EXPECT_EQ(config->routes_file, folder_ + "/routes.yaml");
  ASSERT_EQ(config->resolver.servers.size(), 2U);
  EXPECT_EQ(config->resolver.servers[0].port, 53);
  EXPECT_EQ(config->resolver.servers[1].port, 5353);
  EXPECT_EQ(config->limits.resolve, std::chrono::milliseconds(500));
  EXPECT_EQ(config->upstream_ca, folder_ + "/ca.pem");
  EXPECT_EQ(config->forward, egress::ForwardRule::private_only);
  EXPECT_EQ(config->limits.head_read, std::chrono::seconds(5));
  EXPECT_EQ(config->limits.proxy_head_bytes_max, 4096U);
  EXPECT_EQ(config->limits.connections_max, 10U);
  EXPECT_EQ(config->audit_file, folder_ + "/audit.jsonl");
  EXPECT_EQ(config->ca_output, folder_ + "/tls");
  EXPECT_EQ(config->log_level, base::LogLevel::debug);
}

TEST_F(ConfigTest, NeedsOnlyAPolicy) {
  const auto config = read("policy: {version: 1}\n");
  ASSERT_TRUE(config) << complaints_.to_string();
  EXPECT_EQ(config->listen[0].to_string(), "127.0.0.1:3128");
  ASSERT_NE(config->policy_inline, nullptr);
  EXPECT_NE(config->policy_inline->find("version"), nullptr);
  EXPECT_FALSE(config->routes_file);
  EXPECT_EQ(config->forward, egress::ForwardRule::private_only);
  EXPECT_TRUE(config->forward_keep_alive);
  EXPECT_FALSE(config->credentials_file);
}

TEST_F(ConfigTest, ReadsTheForwardRuleAsAWordOrAMap) {
  EXPECT_EQ(read("policy: {version: 1}\nforward: shared\n")->forward, egress::ForwardRule::shared);
  const auto both = read("policy: {version: 1}\nforward: {rule: shared, keep_alive: false}\n");
  EXPECT_EQ(both->forward, egress::ForwardRule::shared);
  EXPECT_FALSE(both->forward_keep_alive);
  const auto one = read("policy: {version: 1}\nforward: {keep_alive: false}\n");
  EXPECT_EQ(one->forward, egress::ForwardRule::private_only);
  EXPECT_THAT(complaint("policy: policy.yaml\nforward: {rules: shared}\n"),
              HasSubstr("did you mean \"rule\"?"));
}

TEST_F(ConfigTest, SuggestsTheKeyThatWasMeant) {
  EXPECT_THAT(complaint("policy: policy.yaml\nlisten_on: 127.0.0.1:0\n"),
              AllOf(StartsWith("supervisor.yaml:2:1: "), HasSubstr("listen_on")));
}

TEST_F(ConfigTest, ComplainsAboutAMissingPolicy) {
  EXPECT_THAT(complaint("listen: 127.0.0.1:0\n"), HasSubstr("policy"));
}

TEST_F(ConfigTest, ComplainsAboutAListenAddressWithoutPort) {
  EXPECT_THAT(complaint("policy: policy.yaml\nlisten: 127.0.0.1\n"),
              AllOf(StartsWith("supervisor.yaml:2:9: "), HasSubstr("not an address and a port")));
}

TEST_F(ConfigTest, ComplainsAboutAnEmptyListOfListenAddresses) {
  EXPECT_THAT(complaint("policy: policy.yaml\nlisten: []\n"), HasSubstr("at least one"));
}

TEST_F(ConfigTest, ComplainsAboutAPolicyFileThatIsNotThere) {
  EXPECT_THAT(complaint("policy: nowhere.yaml\n"),
              AllOf(StartsWith("supervisor.yaml:1:9: "), HasSubstr("nowhere.yaml can't be read")));
}

TEST_F(ConfigTest, ComplainsAboutAPolicyThatIsAList) {
  EXPECT_THAT(complaint("policy: [1]\n"), HasSubstr("the policy itself as a map"));
}

TEST_F(ConfigTest, ComplainsAboutARoutesFileThatIsNotThere) {
  EXPECT_THAT(complaint("policy: policy.yaml\nroutes: r.yaml\n"), HasSubstr("can't be read"));
}

TEST_F(ConfigTest, SuggestsTheForwardRuleThatWasMeant) {
  EXPECT_THAT(complaint("policy: policy.yaml\nforward: privat\n"),
              AllOf(StartsWith("supervisor.yaml:2:10: "), HasSubstr("private")));
}

TEST_F(ConfigTest, SuggestsTheLimitThatWasMeant) {
  EXPECT_THAT(complaint("policy: policy.yaml\nlimits:\n  head_raed: 1s\n"),
              AllOf(StartsWith("supervisor.yaml:3:3: "), HasSubstr("head_read")));
}

TEST_F(ConfigTest, ComplainsAboutATimeLimitWithoutUnit) {
  EXPECT_THAT(complaint("policy: policy.yaml\nlimits: {connect: 30}\n"), HasSubstr("duration"));
}

TEST_F(ConfigTest, ComplainsAboutALimitOfZero) {
  EXPECT_THAT(complaint("policy: policy.yaml\nlimits: {connections: 0}\n"),
              HasSubstr("at least 1"));
  EXPECT_FALSE(read("policy: policy.yaml\nlimits: {drain: 0ms}\n"));
}

TEST_F(ConfigTest, ComplainsAboutAByteLimitThatIsNotASize) {
  EXPECT_THAT(complaint("policy: policy.yaml\nlimits: {proxy_head_bytes: 8192}\n"),
              HasSubstr("size"));
}

TEST_F(ConfigTest, ComplainsAboutAResolverServerThatIsAName) {
  EXPECT_THAT(complaint("policy: policy.yaml\nresolver: {servers: [dns.example]}\n"),
              HasSubstr("not an address"));
}

TEST_F(ConfigTest, ComplainsAboutAnAuditWithoutFile) {
  EXPECT_THAT(complaint("policy: policy.yaml\naudit: {}\n"), HasSubstr("file"));
}

TEST_F(ConfigTest, ComplainsAboutAnUnknownLogLevel) {
  EXPECT_THAT(complaint("policy: policy.yaml\nlog_level: verbose\n"), HasSubstr("info"));
}

TEST_F(ConfigTest, ComplainsAboutADocumentThatIsNotAMap) {
  EXPECT_THAT(complaint("- a\n"), HasSubstr("is a map"));
}

TEST_F(ConfigTest, ReportsAllMistakesAtOnceInTheOrderOfTheFile) {
  EXPECT_FALSE(read("policy: nowhere.yaml\nlisten: here\nforward: maybe\n"));
  EXPECT_EQ(complaints_.all().size(), 3U);
  const std::string all = complaints_.to_string();
  EXPECT_LT(all.find(":1:"), all.find(":2:"));
  EXPECT_LT(all.find(":2:"), all.find(":3:"));
}

}  // namespace
}  // namespace sallyport::supervisor
