#include "reference/gateway/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "reference/gateway/config_parts.h"
#include "reference/gateway/testing_tls.h"

namespace sallyport::gateway {
namespace {

using testing::HasSubstr;

constexpr std::string_view kWhole = R"(
listen: [127.0.0.1:0, "[::1]:0"]
allow_unauthenticated: true
log_level: debug
providers:
  main:
    type: openai
    credentials:
      OPENAI_API_KEY: {env: KEY}
      OTHER: plain
    config: {OPENAI_BASE_URL: "http://10.0.0.1:80/v1"}
    endpoints: [{host: api.test, port: 443, path: /v1/**}]
inference: {provider: main, model: m-1, timeout: 60s}
policy: {version: 1, network_policies: {}}
middleware:
  - {name: acme/b, grpc_endpoint: "http://10.0.0.2:1", max_payload_bytes: 64KiB, timeout: 1s}
  - {name: acme/a, grpc_endpoint: "http://10.0.0.2:2", max_body_bytes: 1024}
sandboxes:
  - {id: sb-1, name: one, providers: [main]}
  - {id: sb-2, policy: {version: 1}}
)";

std::optional<std::string> environment(std::string_view name) {
  if (name == "KEY") return "sk-from-env";
  return std::nullopt;
}

std::optional<Config> parse(std::string_view text, base::Diagnostics& complaints) {
  return parse_config(text, testing::TempDir() + "gateway.yaml", 7, environment, complaints);
}

std::string complaints_of(std::string_view text) {
  base::Diagnostics complaints;
  EXPECT_FALSE(parse(text, complaints)) << text;
  return complaints.to_string();
}

TEST(GatewayConfig, ReadsTheWholeInitialState) {
  base::Diagnostics complaints;
  const auto config = parse(kWhole, complaints);
  ASSERT_TRUE(config) << complaints.to_string();
  EXPECT_EQ(config->listen.size(), 2U);
  EXPECT_TRUE(config->allow_unauthenticated);
  const State& state = config->initial;
  const Provider& provider = state.providers.at("main");
  EXPECT_EQ(provider.credentials.at("OPENAI_API_KEY"), base::Secret("sk-from-env"));
  EXPECT_EQ(provider.endpoints[0].path, "/v1/**");
  EXPECT_EQ(provider.created_at_ms, 7);
  EXPECT_EQ(state.routes.at("inference.local").timeout_s, 60U);
  EXPECT_EQ(state.policy->version, 1U);
  ASSERT_EQ(state.registrations.size(), 2U);
  EXPECT_EQ(state.registrations[0].name, "acme/a");
  EXPECT_EQ(state.registrations[1].payload_bytes_max, 65536U);
  EXPECT_EQ(state.sandboxes.at("sb-1").name, "one");
  EXPECT_EQ(state.sandboxes.at("sb-2").name, "sb-2");
  EXPECT_TRUE(state.sandboxes.at("sb-2").policy);
}

TEST(GatewayConfig, GivesAProviderOneIdAtEveryStart) {
  base::Diagnostics complaints;
  const std::string id = parse(kWhole, complaints)->initial.providers.at("main").id;
  EXPECT_EQ(parse(kWhole, complaints)->initial.providers.at("main").id, id);
  EXPECT_EQ(id.size(), 36U);
}

TEST(GatewayConfig, ListensOnLoopbackUnlessToldOtherwise) {
  base::Diagnostics complaints;
  EXPECT_EQ(parse("", complaints)->listen[0].to_string(), "127.0.0.1:8090");
}

TEST(GatewayConfig, ComplainsOfEachMistakeInItsPlace) {
  const std::string said = complaints_of(R"(
listen: nowhere
providers:
  a: {type: openai, credentials: {K: {env: MISSING}}}
  b: {type: openai, credentials: {K: {}}, secret: x}
  c: {credentials: {K: v}}
inference: {provider: z, model: m}
sandboxes: [{name: x}, {id: s, providers: [z]}]
unknown: 1
)");
  for (const std::string_view text :
       {":2:", "nowhere", ":4:", "MISSING is not set", ":5:", "{env: VARIABLE}", "secret",
        ":6:", "type", "no provider 'z'", ":8:", "unknown"}) {
    EXPECT_THAT(said, HasSubstr(std::string(text)));
  }
}

TEST(GatewayConfig, RefusesARouteThatCanNotBeResolved) {
  EXPECT_THAT(complaints_of("providers: {a: {type: github, credentials: {K: v}}}\n"
                            "inference: {provider: a, model: m}"),
              HasSubstr("supported types"));
  EXPECT_THAT(complaints_of("providers: {a: {type: openai, credentials: {K: v}}}\n"
                            "inference: {provider: a, model: m, timeout: 1500ms}"),
              HasSubstr("whole seconds"));
}

TEST(GatewayConfig, RefusesPoliciesThatTheLoaderRefuses) {
  EXPECT_THAT(complaints_of("policy: {version: 2}"), HasSubstr("version"));
  EXPECT_THAT(complaints_of("sandboxes: [{id: a, policy: {version: 1, unknown: 1}}]"),
              HasSubstr("unknown"));
  EXPECT_THAT(complaints_of("policy: nowhere.yaml"), HasSubstr("nowhere.yaml"));
  EXPECT_THAT(complaints_of("policy: {version: 1, network_middlewares: {g: {middleware: acme/x, "
                            "endpoints: {include: [a.test]}}}}"),
              HasSubstr("not registered"));
}

TEST(GatewayConfig, RefusesSandboxesThatCanNotBeToldApart) {
  EXPECT_THAT(complaints_of("sandboxes: [{id: a}, {id: b, name: a}]"), HasSubstr("another"));
}

TEST(GatewayConfig, RefusesRegistrationsThatCanNotBeServed) {
  EXPECT_THAT(complaints_of("middleware: [{name: a, grpc_endpoint: 'http://h:1', "
                            "max_payload_bytes: 1, max_body_bytes: 1}]"),
              HasSubstr("one setting"));
  EXPECT_THAT(complaints_of("middleware: [{name: a, grpc_endpoint: 'ftp://h:1', "
                            "max_payload_bytes: 1}]"),
              HasSubstr("begins with http:// or https://"));
  EXPECT_THAT(complaints_of("middleware: [{name: a, grpc_endpoint: 'https://h:1', "
                            "max_payload_bytes: 1, tls_ca_cert_path: none.pem}]"),
              HasSubstr("none.pem"));
}

TEST(GatewayConfig, TakesCertificatesAloneForTheCaOfARegistration) {
  const TestIdentity identity = TestIdentity::make("guard.test");
  const auto with = [](const std::string& text) {
    std::ofstream(testing::TempDir() + "guard-ca.pem") << text;
    return std::string(
        "middleware: [{name: a, grpc_endpoint: 'https://h:1', max_payload_bytes: 1, "
        "tls_ca_cert_path: guard-ca.pem}]");
  };
  EXPECT_THAT(complaints_of(with(identity.ca_pem + identity.key_pem)),
              HasSubstr("something else than certificates"));
  EXPECT_THAT(complaints_of(with(identity.ca_pem + "-----BEGIN X509 CRL-----\nAAAA\n"
                                                   "-----END X509 CRL-----\n")),
              HasSubstr("something else than certificates"));
  base::Diagnostics complaints;
  const auto config = parse(with("password: alpha\n" + identity.ca_pem), complaints);
  ASSERT_TRUE(config) << complaints.to_string();
  EXPECT_EQ(config->initial.registrations[0].ca_pem, identity.ca_pem);
}

TEST(GatewayConfig, ShowsNoSecretInAComplaint) {
  EXPECT_THAT(complaints_of("providers: {a: {type: '', credentials: {K: sk-secret}}}"),
              testing::Not(HasSubstr("sk-secret")));
}

TEST(GatewayConfig, ReadsACredentialFromAFileWithoutItsLineEnd) {
  const std::string path = testing::TempDir() + "gateway-key";
  std::ofstream(path) << "sk-file\n";
  base::Diagnostics complaints;
  const auto config =
      parse("providers: {a: {type: openai, credentials: {K: {file: gateway-key}}}}", complaints);
  ASSERT_TRUE(config) << complaints.to_string();
  EXPECT_EQ(config->initial.providers.at("a").credentials.at("K"), base::Secret("sk-file"));
  std::ofstream(path) << std::string(9000, 'x');
  EXPECT_THAT(
      complaints_of("providers: {a: {type: openai, credentials: {K: {file: gateway-key}}}}"),
      HasSubstr("octets"));
  std::filesystem::remove(path);
}

TEST(GatewayConfig, ReadsRegistrationsFromAFileOfTheirOwn) {
  const std::string path = testing::TempDir() + "gateway-registrations.yaml";
  std::ofstream(path)
      << "middleware: [{name: a, grpc_endpoint: 'http://h:1', max_payload_bytes: 1}]";
  base::Diagnostics complaints;
  EXPECT_EQ(read_registrations_file(path, complaints).size(), 1U);
  EXPECT_TRUE(complaints.empty());
  std::ofstream(path) << "policy: x";
  EXPECT_TRUE(read_registrations_file(path, complaints).empty());
  EXPECT_FALSE(complaints.empty());
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace sallyport::gateway
