#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "reference/gateway/config.h"
#include "reference/gateway/testing_tls.h"

namespace sallyport::gateway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::string kOperator = "operator-token-0123456789abcdefg";
const std::string kOne = "sandbox-one-token-0123456789abcd";

std::optional<std::string> environment(std::string_view) { return std::nullopt; }

class ConfigAccess : public testing::Test {
 protected:
  ConfigAccess() {
    std::string pattern = testing::TempDir() + "access.XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    write("operator", kOperator + "\n");
    write("one", kOne + "\n");
    write("open", kOne, 0644);
    write("short", "canary");
    write("pem", identity_.certificate_pem);
    write("key", identity_.key_pem);
    write("other-key", TestIdentity::make("other.test").key_pem);
    write("open-key", identity_.key_pem, 0640);
  }
  ~ConfigAccess() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& text, ::mode_t mode = 0600) {
    std::ofstream(folder_ + "/" + name) << text;
    ::chmod((folder_ + "/" + name).c_str(), mode);
  }
  std::optional<Config> read(const std::string& text) {
    complaints_ = {};
    return parse_config(text, folder_ + "/gateway.yaml", 7, environment, complaints_);
  }
  std::string complaint(const std::string& text) {
    EXPECT_FALSE(read(text)) << text;
    EXPECT_THAT(complaints_.to_string(), Not(HasSubstr("canary")));
    return complaints_.to_string();
  }

  TestIdentity identity_ = TestIdentity::make("gateway.test");
  std::string folder_;
  base::Diagnostics complaints_;
};

TEST_F(ConfigAccess, ReadsTokensAndCertificateFromTheirFiles) {
  const auto config = read(
      "listen: 10.0.0.1:8090\n"
      "tls: {certificate: pem, key: key}\n"
      "operator_token_file: operator\n"
      "state: records.db\n"
      "sandboxes: [{id: sb-1, token_file: one}, {id: sb-2}]\n");
  ASSERT_TRUE(config) << complaints_.to_string();
  ASSERT_TRUE(config->tls);
  EXPECT_EQ(config->tls->certificate_pem, identity_.certificate_pem);
  EXPECT_EQ(config->tls->key_pem.reveal(), identity_.key_pem);
  EXPECT_EQ(config->token_files.operator_file, folder_ + "/operator");
  EXPECT_THAT(config->tokens.operators, ElementsAre(digest_of(kOperator)));
  EXPECT_THAT(config->tokens.sandboxes.at("sb-1"), ElementsAre(digest_of(kOne)));
  EXPECT_EQ(config->tokens.sandboxes.size(), 1U);
  EXPECT_EQ(config->state_file, folder_ + "/records.db");
}

TEST_F(ConfigAccess, KeepsNothingAndTrustsLoopbackUnlessItIsTold) {
  const auto config = read("");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->state_file, "");
  EXPECT_TRUE(config->tokens.operators.empty());
  EXPECT_FALSE(config->tls);
  EXPECT_EQ(read("state: memory")->state_file, "");
  EXPECT_THAT(complaint("state: ''"), HasSubstr(":1:8: state is a file, or `memory`"));
}

TEST_F(ConfigAccess, ListensBeyondLoopbackOnlyWithTlsOrAWordAboutIt) {
  for (const char* listen : {"10.0.0.1:1", "0.0.0.0:1", "'[::]:1'", "[127.0.0.1:1, 10.0.0.1:1]"}) {
    const std::string text = fmt::format("listen: {}\n", listen);
    EXPECT_THAT(complaint(text), HasSubstr(":1:9: "));
    EXPECT_THAT(complaint(text), HasSubstr("is not loopback"));
    EXPECT_TRUE(read(text + "insecure: true\n"));
    EXPECT_TRUE(read(text + "allow_unauthenticated: true\n"));
    EXPECT_TRUE(read(text + "tls: {certificate: pem, key: key}\n"));
  }
  EXPECT_TRUE(read("listen: [127.0.0.1:1, '[::1]:1', '[::ffff:127.0.0.1]:1']\n"));
}

TEST_F(ConfigAccess, RefusesATokenFileInItsPlace) {
  EXPECT_THAT(complaint("operator_token_file: open"), HasSubstr(":1:22: "));
  EXPECT_THAT(complaint("operator_token_file: open"), HasSubstr("chmod 600"));
  EXPECT_THAT(complaint("operator_token_file: short"), HasSubstr("less than 32"));
  EXPECT_THAT(complaint("operator_token_file: none"), HasSubstr("No such file"));
  EXPECT_THAT(complaint("sandboxes:\n  - {id: a, token_file: open}"), HasSubstr(":2:25: "));
}

TEST_F(ConfigAccess, RefusesATokenThatTwoHave) {
  EXPECT_THAT(complaint("sandboxes:\n"
                        "  - {id: a, token_file: one}\n"
                        "  - {id: b, token_file: one}\n"
                        "  - {id: c}"),
              HasSubstr(":3:25: sandbox 'a' and sandbox 'b' have the same token"));
  EXPECT_THAT(complaint("operator_token_file: one\nsandboxes: [{id: a, token_file: one}]"),
              HasSubstr("the operator and sandbox 'a'"));
}

TEST_F(ConfigAccess, RefusesACertificateAndKeyThatCannotServe) {
  const auto with = [this](const std::string& tls) { return complaint("tls: " + tls); };
  EXPECT_THAT(with("{certificate: pem}"), HasSubstr("key"));
  EXPECT_THAT(with("{certificate: none, key: key}"), HasSubstr(":1:6: "));
  EXPECT_THAT(with("{certificate: key, key: key}"), HasSubstr("no certificates in PEM form"));
  EXPECT_THAT(with("{certificate: pem, key: open-key}"), HasSubstr("(mode 0640): chmod 600"));
  EXPECT_THAT(with("{certificate: pem, key: other-key}"), HasSubstr("is not the key of"));
  EXPECT_THAT(with("{certificate: pem, key: pem}"), HasSubstr("no private key"));
  EXPECT_THAT(with("{certificate: pem, key: .}"), HasSubstr("is no file"));
}

TEST_F(ConfigAccess, RefusesWhatRulesEachOtherOut) {
  EXPECT_THAT(complaint("allow_unauthenticated: true\noperator_token_file: operator"),
              HasSubstr("nobody is believed without one"));
  EXPECT_THAT(complaint("insecure: true\ntls: {certificate: pem, key: key}"),
              HasSubstr("rule each other out"));
}

TEST_F(ConfigAccess, RefusesKeysOfOtherTimesWithWhatToWriteInstead) {
  EXPECT_THAT(complaint("routes: []"), HasSubstr(":1:9: routes is no key of a gateway"));
  EXPECT_THAT(complaint("routes: []"), HasSubstr("inference: {provider: NAME, model: ID}"));
  EXPECT_THAT(complaint("route: x"), HasSubstr("inference: {provider: NAME, model: ID}"));
  EXPECT_THAT(complaint("inference: {routing_hint: local}"), HasSubstr("`inference.local`"));
  EXPECT_THAT(complaint("operator_token: canary"), HasSubstr("operator_token_file"));
}

}  // namespace
}  // namespace sallyport::gateway
