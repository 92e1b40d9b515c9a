#include "reference/policy/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "openshell/sandbox/v1/sandbox.pb.h"
#include "reference/policy/loader.h"

namespace sallyport::policy {
namespace {

using openshell::sandbox::v1::SandboxPolicy;
using testing::HasSubstr;

constexpr std::string_view kEveryKey = R"(
version: 1
network_policies:
  web:
    name: The web
    endpoints:
      - host: "*.example.com"
        ports: [443, 8443]
        tls: auto
        protocol: rest
        path: "/v1/**"
        rules:
          - allow: {method: GET, path: "/v1/*", query: {a: x*, b: {any: ["1", w]}, c: {glob: ""}}}
        deny_rules: [{method: "*", path: "/v1/admin", query: {force: "true"}}]
        enforcement: enforce
        allow_encoded_slash: true
        allow_uninspected_credentials: true
        credential_binding: {provider: github}
      - {host: raw.example.com, port: 22, tls: skip}
      - {allowed_ips: [10.1.0.0/16, "fd00::/32"], port: 80}
    binaries: [{path: "/usr/bin/*"}, {path: /bin/sh}]
  empty:
    endpoints: []
    binaries: [{path: "/**"}]
)";

constexpr std::string_view kStatic = R"(
version: 1
filesystem_policy: {read_only: [/usr], read_write: [/tmp, /work]}
landlock: {compatibility: hard_requirement}
process: {run_as_user: "1000", run_as_group: sandbox}
)";

constexpr std::string_view kMiddleware = R"(
version: 1
network_middlewares:
  guard:
    name: The guard
    middleware: acme/guard
    order: -5
    on_error: fail_open
    config:
      terms: [secret, "007", 7, 1.5, true, null]
      deep: {a: {b: "yes"}}
    endpoints:
      include: ["*.example.com", example.com]
      exclude: [plain.example.com]
  redact:
    middleware: openshell/secrets
    endpoints: {include: ["**"]}
)";

Policy load(std::string_view text) {
  base::Diagnostics complaints;
  auto policy = load_policy_text(text, "policy", complaints);
  EXPECT_TRUE(policy) << text << "\n" << complaints.to_string();
  return policy.value_or(Policy{});
}

SandboxPolicy message_of(std::string_view text) {
  base::Diagnostics complaints;
  const auto root = base::yaml::parse(text, "policy", complaints);
  EXPECT_NE(root, nullptr) << complaints.to_string();
  return policy_message(*root);
}

std::string complaints_of(const SandboxPolicy& message) {
  base::Diagnostics complaints;
  EXPECT_FALSE(load_policy_text(policy_document(message), "policy", complaints));
  return complaints.to_string();
}

void expect_same(const std::vector<RequestRule>& one, const std::vector<RequestRule>& two) {
  ASSERT_EQ(one.size(), two.size());
  for (std::size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i].method, two[i].method);
    EXPECT_EQ(one[i].path.text(), two[i].path.text());
    ASSERT_EQ(one[i].query.size(), two[i].query.size());
    for (std::size_t k = 0; k < one[i].query.size(); ++k) {
      EXPECT_EQ(one[i].query[k].key, two[i].query[k].key);
      ASSERT_EQ(one[i].query[k].any.size(), two[i].query[k].any.size());
      EXPECT_EQ(one[i].query[k].any.front().text(), two[i].query[k].any.front().text());
    }
  }
}

void expect_same(const Endpoint& one, const Endpoint& two) {
  expect_same(one.allow, two.allow);
  expect_same(one.deny, two.deny);
  EXPECT_EQ(one.path.has_value(), two.path.has_value());
  EXPECT_EQ(one.allow_uninspected_credentials, two.allow_uninspected_credentials);
  EXPECT_EQ(one.credential_provider, two.credential_provider);

  EXPECT_EQ(one.host.has_value(), two.host.has_value());
  if (one.host && two.host) {
    EXPECT_EQ(one.host->text(), two.host->text());
  }
  EXPECT_EQ(one.ports, two.ports);
  EXPECT_EQ(one.tls, two.tls);
  EXPECT_EQ(one.protocol, two.protocol);
  EXPECT_EQ(one.enforcement, two.enforcement);
  ASSERT_EQ(one.allowed_ips.size(), two.allowed_ips.size());
  for (std::size_t i = 0; i < one.allowed_ips.size(); ++i) {
    EXPECT_EQ(one.allowed_ips[i].to_string(), two.allowed_ips[i].to_string());
  }
  EXPECT_EQ(one.allow_encoded_slash, two.allow_encoded_slash);
}

TEST(Wire, CarriesEveryKeyOfARuleThereAndBack) {
  const Policy before = load(kEveryKey);
  const Policy after = load(policy_document(message_of(kEveryKey)));
  ASSERT_EQ(after.network_policies.size(), before.network_policies.size());
  for (const auto& [key, rule] : before.network_policies) {
    ASSERT_TRUE(after.network_policies.contains(key));
    const Rule& other = after.network_policies.find(key)->second;
    EXPECT_EQ(other.name, rule.name);
    ASSERT_EQ(other.binaries.size(), rule.binaries.size());
    for (std::size_t i = 0; i < rule.binaries.size(); ++i) {
      EXPECT_EQ(other.binaries[i].path, rule.binaries[i].path);
    }
    ASSERT_EQ(other.endpoints.size(), rule.endpoints.size());
    for (std::size_t i = 0; i < rule.endpoints.size(); ++i) {
      expect_same(rule.endpoints[i], other.endpoints[i]);
    }
  }
}

TEST(Wire, CarriesTheStaticSectionsThereAndBack) {
  const StaticSections before = load(kStatic).fixed;
  const StaticSections after = load(policy_document(message_of(kStatic))).fixed;
  ASSERT_TRUE(before.filesystem && after.filesystem);
  EXPECT_TRUE(after.filesystem->include_workdir);
  EXPECT_EQ(after.filesystem->read_only, before.filesystem->read_only);
  EXPECT_EQ(after.filesystem->read_write, before.filesystem->read_write);
  EXPECT_EQ(after.landlock, LandlockCompatibility::hard_requirement);
  EXPECT_EQ(after.run_as_user, "1000");
  EXPECT_EQ(after.run_as_group, "sandbox");
}

TEST(Wire, TakesTheWorkFolderForLeftOutWhereAMessageDoesNotIncludeIt) {
  SandboxPolicy message;
  message.set_version(1);
  message.mutable_filesystem()->add_read_only("/usr");
  EXPECT_FALSE(load(policy_document(message)).fixed.filesystem->include_workdir);
}

TEST(Wire, TakesPortsWhereAMessageHasOneBesideThem) {
  SandboxPolicy message = message_of(kEveryKey);
  message.mutable_network_policies()->at("web").mutable_endpoints(0)->set_port(443);
  const Policy policy = load(policy_document(message));
  EXPECT_EQ(policy.network_policies.at("web").endpoints.at(0).ports.size(), 2U);
}

TEST(Wire, CarriesEveryKeyOfAMiddlewareThereAndBack) {
  const Policy before = load(kMiddleware);
  const Policy after = load(policy_document(message_of(kMiddleware)));
  ASSERT_EQ(before.network_middlewares.size(), 2U);
  ASSERT_EQ(after.network_middlewares.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    const Middleware& one = before.network_middlewares[i];
    const Middleware& two = after.network_middlewares[i];
    EXPECT_EQ(one.key, two.key);
    EXPECT_EQ(one.name, two.name);
    EXPECT_EQ(one.implementation, two.implementation);
    EXPECT_EQ(one.order, two.order);
    EXPECT_EQ(one.on_error, two.on_error);
    for (const std::string_view host : {"example.com", "a.example.com", "plain.example.com"}) {
      EXPECT_EQ(one.endpoints.matches(host), two.endpoints.matches(host)) << host;
    }
  }
}

TEST(Wire, CarriesAConfigurationWithItsTypes) {
  const SandboxPolicy message = message_of(kMiddleware);
  EXPECT_THAT(policy_document(message), HasSubstr(R"("config":{"deep":{"a":{"b":"yes"}},)"
                                                  R"("terms":["secret","007",7,1.5,true,null]})"));
}

TEST(Wire, GivesTheSameDocumentInWhateverOrderThingsWereSaid) {
  EXPECT_EQ(policy_document(message_of("version: 1\nnetwork_policies: {a: {name: x}, b: {}}")),
            policy_document(message_of("network_policies: {b: {}, a: {name: x}}\nversion: 1")));
}

TEST(Wire, KeepsHostileTextsAsTexts) {
  SandboxPolicy message;
  message.set_version(1);
  const std::string name = "\"}\n- a: *b\t\x01 \xC3\xA9 \xF0\x9F\x98\x80 yes: ~";
  (*message.mutable_network_policies())[name].add_binaries()->set_path("/**");
  const Policy policy = load(policy_document(message));
  ASSERT_EQ(policy.network_policies.size(), 1U);
  EXPECT_EQ(policy.network_policies.begin()->first, name);
}

TEST(Wire, HidesNothingFromTheLoaderThatIsNotEnforced) {
  SandboxPolicy message;
  message.set_version(1);
  message.mutable_process()->set_run_as_user("agent");
  auto& rule = (*message.mutable_network_policies())["web"];
  rule.add_binaries()->set_path("/usr/bin/curl");
  auto& endpoint = *rule.add_endpoints();
  endpoint.set_advisor_proposed(true);
  endpoint.set_host("a.test");
  endpoint.set_port(443);
  endpoint.set_json_rpc_max_body_bytes(5);
  endpoint.add_deny_rules()->set_method("DELETE");
  endpoint.mutable_mcp()->set_strict_tool_names(false);
  const std::string said = complaints_of(message);
  for (const std::string_view key : {"run_as_user", "json_rpc", "deny_rules", "mcp", "advisor"}) {
    EXPECT_THAT(said, HasSubstr(std::string(key)));
  }
}

TEST(Wire, LetsTheLoaderRefuseAFieldThatNobodyKnows) {
  SandboxPolicy message = message_of(kEveryKey);
  auto& endpoint = *(*message.mutable_network_policies())["web"].mutable_endpoints(0);
  endpoint.GetReflection()->MutableUnknownFields(&endpoint)->AddVarint(99, 1);
  EXPECT_THAT(complaints_of(message), HasSubstr("unknown_field_99"));
}

TEST(Wire, OfAnEmptyMessageIsNoPolicy) {
  EXPECT_EQ(policy_document(SandboxPolicy{}), "{}");
  EXPECT_THAT(complaints_of(SandboxPolicy{}), HasSubstr("version"));
}

TEST(Wire, CarriesLaterContractsNamesBothWays) {
  const SandboxPolicy message = message_of(
      "version: 1\nfilesystem_policy: {include_workdir: true, read_write: /tmp}\n"
      "network_policies: {a: {endpoints: [{host: h, json_rpc: {max_body_bytes: 7}}]}}");
  EXPECT_TRUE(message.filesystem().include_workdir());
  EXPECT_EQ(message.filesystem().read_write(0), "/tmp");
  EXPECT_EQ(message.network_policies().at("a").endpoints(0).json_rpc_max_body_bytes(), 7U);
  EXPECT_EQ(message_of(policy_document(message)).SerializeAsString().size(),
            message.SerializeAsString().size());
}

}  // namespace
}  // namespace sallyport::policy
