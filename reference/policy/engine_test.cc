#include "reference/policy/engine.h"

#include <gtest/gtest.h>

#include <string>

#include "reference/policy/loader.h"

namespace sallyport::policy {
namespace {

// The rules only: each is given binaries.
Policy policy_of(const std::string& rules) {
  base::Diagnostics complaints;
  const auto policy = load_policy_text("version: 1\n" + rules, "p.yaml", complaints);
  EXPECT_TRUE(complaints.empty()) << complaints.to_string();
  return policy.value_or(Policy());
}

constexpr const char* kTwoRules = R"(network_policies:
  web:
    endpoints:
      - {host: api.example.com, port: 443}
      - {host: "*.cdn.example.com", ports: [80, 443]}
    binaries: [{path: "/**"}]
  lab:
    endpoints: [{host: 10.0.0.5, port: 8080}]
    binaries: [{path: "/**"}]
)";

TEST(Engine, AllowsADeclaredEndpointInAnyCase) {
  const Policy policy = policy_of(kTwoRules);
  for (const char* host : {"api.example.com", "API.Example.COM"}) {
    const Match match = find(policy, nullptr, host, 443);
    EXPECT_TRUE(match.allowed);
    EXPECT_EQ(match.policy, "web");
    EXPECT_TRUE(match.host_is_named);
  }
}

TEST(Engine, DeniesAnotherPortHostOrDepth) {
  const Policy policy = policy_of(kTwoRules);
  EXPECT_EQ(find(policy, nullptr, "api.example.com", 80).reason,
            "endpoint api.example.com:80 is not allowed by any policy");
  EXPECT_FALSE(find(policy, nullptr, "example.com", 443).allowed);
  EXPECT_FALSE(find(policy, nullptr, "cdn.example.com", 443).allowed);
  EXPECT_FALSE(find(policy, nullptr, "a.b.cdn.example.com", 443).allowed);
  EXPECT_FALSE(find(policy, nullptr, "a.cdn.example.com", 8080).allowed);
  EXPECT_FALSE(find(policy, nullptr, "api.example.com", 0).allowed);
  EXPECT_FALSE(find(policy, nullptr, "", 443).allowed);
  EXPECT_EQ(find(policy, nullptr, "::1", 443).reason,
            "endpoint [::1]:443 is not allowed by any policy");
}

TEST(Engine, SaysThatThereAreNoPolicies) {
  const Match match = find(Policy(), nullptr, "api.example.com", 443);
  EXPECT_FALSE(match.allowed);
  EXPECT_EQ(match.reason, "network connections not allowed by policy");
}

TEST(Engine, DoesNotCountAWildcardAsNamingTheHost) {
  const Match match = find(policy_of(kTwoRules), nullptr, "a.cdn.example.com", 80);
  EXPECT_TRUE(match.allowed);
  EXPECT_FALSE(match.host_is_named);
}

TEST(Engine, ReportsTheSmallestNameWhateverTheOrderOfTheFile) {
  const Policy policy = policy_of(R"(network_policies:
  b:
    endpoints: [{host: h.example.com, port: 1}]
    binaries: [{path: "/**"}]
  a:
    name: zebra
    endpoints: [{host: h.example.com, port: 1}]
    binaries: [{path: "/**"}]
  c:
    name: ant
    endpoints: [{host: "*.example.com", port: 1}]
    binaries: [{path: "/**"}]
)");
  EXPECT_EQ(find(policy, nullptr, "h.example.com", 1).policy, "ant");
}

TEST(Engine, TakesTheStrictestOfEndpointsThatDisagree) {
  const Policy policy = policy_of(R"(network_policies:
  a:
    endpoints:
      - {host: h.example.com, port: 1, tls: skip, allowed_ips: ["10.0.0.0/8"],
         allow_encoded_slash: true}
    binaries: [{path: "/**"}]
  b:
    endpoints:
      - {host: "*.example.com", ports: [1, 2], protocol: rest, access: full, enforcement: enforce,
         allowed_ips: ["10.1.0.0/16"]}
    binaries: [{path: "/**"}]
)");
  const Match match = find(policy, nullptr, "h.example.com", 1);
  EXPECT_EQ(match.tls, TlsMode::automatic);
  EXPECT_EQ(match.protocol, Protocol::rest);
  EXPECT_EQ(match.enforcement, Enforcement::enforce);
  EXPECT_FALSE(match.allow_encoded_slash);
  ASSERT_EQ(match.allowed_ips.size(), 2U);
  EXPECT_EQ(match.allowed_ips[1][0].to_string(), "10.1.0.0/16");
}

TEST(Engine, SkipsTlsOnlyIfEveryMatchingEndpointSaysSo) {
  const Policy policy = policy_of(R"(network_policies:
  a:
    endpoints:
      - {host: h.example.com, port: 1, tls: skip}
      - {host: "*.example.com", port: 1, tls: skip, allow_encoded_slash: true}
    binaries: [{path: "/**"}]
)");
  EXPECT_EQ(find(policy, nullptr, "h.example.com", 1).tls, TlsMode::skip);
  EXPECT_FALSE(find(policy, nullptr, "h.example.com", 1).allow_encoded_slash);
  EXPECT_TRUE(find(policy, nullptr, "i.example.com", 1).allow_encoded_slash);
}

TEST(Engine, MatchesAnyHostAtThePortsOfAHostlessEndpoint) {
  const Policy policy = policy_of(R"(network_policies:
  lab:
    endpoints: [{ports: [80, 81], allowed_ips: ["10.0.0.0/8"]}]
    binaries: [{path: "/**"}]
)");
  const Match match = find(policy, nullptr, "anything.example.com", 81);
  EXPECT_TRUE(match.allowed);
  EXPECT_FALSE(match.host_is_named);
  EXPECT_EQ(match.allowed_ips.size(), 1U);
  EXPECT_FALSE(find(policy, nullptr, "anything.example.com", 82).allowed);
}

}  // namespace
}  // namespace sallyport::policy
