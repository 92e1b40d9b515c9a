#include "reference/policy/loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::policy {
namespace {

using ::testing::HasSubstr;

struct Loaded {
  std::optional<Policy> policy;
  std::string complaints;
  std::string warnings;
};

Loaded load(const std::string& text) {
  base::Diagnostics complaints;
  base::Diagnostics warnings;
  Loaded loaded;
  loaded.policy = load_policy_text(text, "p.yaml", complaints, &warnings);
  loaded.complaints = complaints.to_string();
  loaded.warnings = warnings.to_string();
  EXPECT_EQ(loaded.policy.has_value(), complaints.empty());
  return loaded;
}

// A document with one endpoint, written in flow style; it begins at line 5, column 9.
Loaded load_endpoint(const std::string& endpoint) {
  return load("version: 1\nnetwork_policies:\n  web:\n    endpoints:\n      - " + endpoint +
              "\n    binaries: [{path: \"/**\"}]\n");
}

TEST(Loader, ReadsEveryKeyThatIsEnforced) {
  const Loaded loaded = load_endpoint(
      "{host: \"*.Example.com\", ports: [443, 80, 443], tls: auto, protocol: REST, access: full, "
      "enforcement: enforce, allowed_ips: [10.0.0.0/8, 20.0.0.1], allow_encoded_slash: true}");
  ASSERT_TRUE(loaded.policy) << loaded.complaints;
  const Rule& rule = loaded.policy->network_policies.at("web");
  EXPECT_EQ(rule.name, "web");
  const Endpoint& endpoint = rule.endpoints.at(0);
  EXPECT_EQ(endpoint.host->text(), "*.example.com");
  EXPECT_EQ(endpoint.ports, (std::vector<std::uint16_t>{80, 443}));
  EXPECT_EQ(endpoint.tls, TlsMode::automatic);
  EXPECT_EQ(endpoint.protocol, Protocol::rest);
  EXPECT_EQ(endpoint.enforcement, Enforcement::enforce);
  EXPECT_EQ(endpoint.allowed_ips.size(), 2U);
  EXPECT_TRUE(endpoint.allow_encoded_slash);
}

TEST(Loader, DefaultsToAutomaticTlsAndAudit) {
  const Loaded loaded = load_endpoint("{host: example.com, port: 443}");
  ASSERT_TRUE(loaded.policy) << loaded.complaints;
  const Endpoint& endpoint = loaded.policy->network_policies.at("web").endpoints.at(0);
  EXPECT_EQ(endpoint.tls, TlsMode::automatic);
  EXPECT_EQ(endpoint.protocol, Protocol::unset);
  EXPECT_EQ(endpoint.enforcement, Enforcement::audit);
  EXPECT_TRUE(endpoint.allowed_ips.empty());
}

TEST(Loader, AcceptsAPolicyThatAllowsNothing) {
  EXPECT_TRUE(load("version: 1\n").policy);
  EXPECT_TRUE(load("version: 1\nnetwork_policies: {}\n").policy);
}

TEST(Loader, NeedsVersionOne) {
  EXPECT_THAT(load("network_policies: {}\n").complaints, HasSubstr("needs \"version\""));
  EXPECT_EQ(load("version: 2\n").complaints, "p.yaml:1:10: \"version\" must be 1\n");
  EXPECT_THAT(load("version: [1]\n").complaints, HasSubstr("must be 1"));
  EXPECT_THAT(load("[1]\n").complaints, HasSubstr("a policy is a map"));
}

TEST(Loader, PointsAtAnUnknownKeyAndSuggests) {
  EXPECT_EQ(
      load("version: 1\nnetwork_polices: {}\n").complaints,
      "p.yaml:2:1: a policy has no \"network_polices\"; did you mean \"network_policies\"?\n");
  EXPECT_EQ(load_endpoint("{hots: example.com, host: a.example.com, port: 1}").complaints,
            "p.yaml:5:10: an endpoint has no \"hots\"; did you mean \"host\"?\n");
  EXPECT_THAT(load("version: 1\nnetwork_policies:\n  web:\n    endpoints: []\n    binarys: []\n"
                   "    binaries: [{path: \"/**\"}]\n")
                  .complaints,
              HasSubstr("p.yaml:5:5: a rule of \"network_policies\" has no \"binarys\""));
}

TEST(Loader, CollectsAllMistakes) {
  const std::string complaints =
      load_endpoint("{host: \"*\", port: 0, tls: maybe, enforcement: never}").complaints;
  EXPECT_EQ(std::count(complaints.begin(), complaints.end(), '\n'), 4) << complaints;
}

TEST(Loader, RefusesEndpointKeysThatAreNotEnforcedByName) {
  for (const char* key :
       {"websocket_credential_rewrite: true", "request_body_credential_rewrite: false",
        "credential_signing: sigv4", "signing_service: s3", "signing_region: x",
        "persisted_queries: deny", "graphql_persisted_queries: {}", "graphql_max_body_bytes: 1",
        "json_rpc: {}", "mcp: {}"}) {
    const std::string text = key;
    const Loaded loaded = load_endpoint("{host: a.example.com, port: 1, " + text + "}");
    EXPECT_EQ(loaded.complaints, "p.yaml:5:40: \"" + text.substr(0, text.find(':')) +
                                     "\" isn't enforced yet: remove it\n");
  }
}

TEST(Loader, RefusesProtocolsThatAreNotEnforcedByName) {
  for (const std::string word : {"tcp", "graphql", "sql", "json-rpc", "mcp", "MCP"}) {
    EXPECT_THAT(load_endpoint("{host: a.example.com, port: 1, protocol: " + word + "}").complaints,
                HasSubstr("isn't enforced yet"));
  }
}

TEST(Loader, RefusesWordsThatNobodyKnows) {
  EXPECT_THAT(load_endpoint("{host: a.example.com, port: 1, protocol: rset}").complaints,
              HasSubstr("did you mean \"rest\"?"));
  EXPECT_THAT(load_endpoint("{host: a.example.com, port: 1, access: fulll}").complaints,
              HasSubstr("did you mean \"full\"?"));
  EXPECT_THAT(load_endpoint("{host: a.example.com, port: 1, tls: skp}").complaints,
              HasSubstr("did you mean \"skip\"?"));
}

TEST(Loader, NeedsAccessForRest) {
  EXPECT_THAT(load_endpoint("{host: a.example.com, port: 1, protocol: rest}").complaints,
              HasSubstr("needs \"access\""));
  EXPECT_THAT(load_endpoint("{host: a.example.com, port: 1, access: full, rules: []}").complaints,
              HasSubstr("exclude each other"));
  EXPECT_THAT(
      load_endpoint("{host: a.example.com, port: 1, protocol: rest, access: full, tls: skip}")
          .complaints,
      HasSubstr("leaves nothing"));
}

TEST(Loader, RefusesBadPorts) {
  for (const char* port : {"port: 0", "port: 65536", "port: -1", "port: +80", "port: http",
                           "ports: [80, 0]", "port: [80]", "port: 99999999999999999999"}) {
    EXPECT_THAT(load_endpoint(std::string("{host: a.example.com, ") + port + "}").complaints,
                HasSubstr("from 1 to 65535"))
        << port;
  }
  EXPECT_THAT(load_endpoint("{host: a.example.com}").complaints, HasSubstr("needs \"port\""));
  EXPECT_THAT(load_endpoint("{host: a.example.com, ports: []}").complaints,
              HasSubstr("needs \"port\""));
  EXPECT_THAT(load_endpoint("{host: a.example.com, ports: 80}").complaints,
              HasSubstr("\"ports\" is a list"));
  EXPECT_THAT(load_endpoint("{host: a.example.com, port: 1, ports: [2]}").complaints,
              HasSubstr("exclude each other"));
}

TEST(Loader, NeedsAHostOrAllowedIps) {
  EXPECT_THAT(load_endpoint("{port: 80}").complaints, HasSubstr("needs \"host\""));
  EXPECT_THAT(load_endpoint("{host: \"\", port: 80}").complaints, HasSubstr("needs \"host\""));
  EXPECT_THAT(load_endpoint("{port: 80, allowed_ips: []}").complaints, HasSubstr("needs \"host\""));
  const Loaded hostless = load_endpoint("{port: 80, allowed_ips: [\"10.0.0.0/8\"]}");
  ASSERT_TRUE(hostless.policy) << hostless.complaints;
  EXPECT_FALSE(hostless.policy->network_policies.at("web").endpoints.at(0).host);
}

TEST(Loader, RefusesAllowedIpsThatAreInvalidOrAlwaysBlocked) {
  for (const char* text : {"10.0.0.0/33", "10.0.0", "example.com", "10.0.0.0-10.0.0.9"}) {
    EXPECT_THAT(load_endpoint(std::string("{host: a.example.com, port: 1, allowed_ips: [\"") +
                              text + "\"]}")
                    .complaints,
                HasSubstr("neither an IP address nor a CIDR"))
        << text;
  }
  for (const char* text : {"127.0.0.1", "0.0.0.0/0", "::/0", "169.254.169.254", "::1",
                           "::ffff:127.0.0.1", "64:ff9b::7f00:1"}) {
    EXPECT_THAT(load_endpoint(std::string("{host: a.example.com, port: 1, allowed_ips: "
                                          "[10.0.0.1, \"") +
                              text + "\"]}")
                    .complaints,
                HasSubstr("always blocked"))
        << text;
  }
}

TEST(Loader, WarnsOfWhatIsDeprecatedBroadOrWithoutEffect) {
  EXPECT_THAT(load_endpoint("{host: a.example.com, port: 1, tls: terminate}").warnings,
              HasSubstr("p.yaml:5:45: \"tls: terminate\" is deprecated"));
  EXPECT_THAT(load_endpoint("{host: a.example.com, port: 1, tls: passthrough}").warnings,
              HasSubstr("deprecated"));
  EXPECT_THAT(load_endpoint("{host: a.example.com, port: 1, allowed_ips: [10.0.0.0/8]}").warnings,
              HasSubstr("very broad"));
  EXPECT_THAT(load_endpoint("{host: inference.local, port: 443}").warnings, HasSubstr("no effect"));
  EXPECT_EQ(load_endpoint("{host: a.example.com, port: 1, allowed_ips: [10.0.0.0/16]}").warnings,
            "");
}

TEST(Loader, NeedsBinaries) {
  const std::string rule = "version: 1\nnetwork_policies:\n  web:\n    endpoints: []\n";
  EXPECT_THAT(load(rule).complaints, HasSubstr("matches no program"));
  EXPECT_THAT(load(rule + "    binaries: []\n").complaints, HasSubstr("matches no program"));
  EXPECT_THAT(load(rule + "    binaries: [{}]\n").complaints, HasSubstr("needs \"path\""));
  EXPECT_THAT(load(rule + "    binaries: [{path: curl}]\n").complaints,
              HasSubstr("p.yaml:5:23: \"curl\" is not absolute"));
  EXPECT_THAT(load(rule + "    binaries: [{path: \"bin/*\"}]\n").complaints,
              HasSubstr("matches no program: a path begins with `/`"));
  EXPECT_THAT(load(rule + "    binaries: [{path: \"/usr/[*\"}]\n").complaints,
              HasSubstr("an unclosed `[`"));
  EXPECT_THAT(load(rule + "    binaries: [{path: /usr/../bin/x}]\n").complaints,
              HasSubstr("has a `..` in it"));
  EXPECT_THAT(load(rule + "    binaries: [{path: \"/**\", hash: x}]\n").complaints,
              HasSubstr("has no \"hash\""));
}

TEST(Loader, ReadsBinariesAsPathsAndPatterns) {
  const Loaded loaded = load(
      "version: 1\nnetwork_policies:\n  web:\n    endpoints: []\n    binaries:\n"
      "      - {path: /usr/bin/curl}\n      - {path: \"/opt/**\", harness: true}\n");
  ASSERT_TRUE(loaded.policy) << loaded.complaints;
  const auto& binaries = loaded.policy->network_policies.at("web").binaries;
  ASSERT_EQ(binaries.size(), 2U);
  EXPECT_EQ(binaries[0].path, "/usr/bin/curl");
  EXPECT_FALSE(binaries[0].pattern);
  EXPECT_TRUE(binaries[1].pattern->matches("/opt/a/b"));
  EXPECT_EQ(loaded.warnings, "p.yaml:7:36: \"harness\" has no effect\n");
}

TEST(Loader, RefusesNamesOfProviderProfiles) {
  EXPECT_THAT(load("version: 1\nnetwork_policies:\n  _provider_x:\n    endpoints: []\n"
                   "    binaries: [{path: \"/**\"}]\n")
                  .complaints,
              HasSubstr("p.yaml:3:3: names that begin with \"_provider_\""));
}

TEST(Loader, SurvivesMapsAndListsInTheWrongPlaces) {
  for (const char* endpoint :
       {"[]", "x", "{host: [a], port: 1}", "{host: {a: b}, port: {c: d}}",
        "{host: a.example.com, port: 1, allowed_ips: {a: b}}",
        "{host: a.example.com, port: 1, allowed_ips: [[]]}",
        "{host: a.example.com, port: 1, tls: []}", "{host: a.example.com, port: 1, protocol: {}}",
        "{host: a.example.com, port: 1, access: []}"}) {
    EXPECT_FALSE(load_endpoint(endpoint).policy) << endpoint;
  }
  for (const char* rules :
       {"[]", "x", "{web: []}", "{web: x}", "{web: {endpoints: {}}}",
        "{web: {endpoints: [], binaries: x}}", "{web: {endpoints: [], binaries: [[]]}}"}) {
    EXPECT_FALSE(load(std::string("version: 1\nnetwork_policies: ") + rules + "\n").policy)
        << rules;
  }
}

TEST(Loader, GivesARevisionThatChangesWithTheDocument) {
  const auto one = load_endpoint("{host: a.example.com, port: 1}").policy;
  const auto same = load_endpoint("{host: a.example.com,   port: 1}  # a comment").policy;
  const auto other = load_endpoint("{host: b.example.com, port: 1}").policy;
  ASSERT_TRUE(one && same && other);
  EXPECT_EQ(one->revision.size(), 16U);
  EXPECT_EQ(one->revision, same->revision);
  EXPECT_NE(one->revision, other->revision);
}

TEST(Loader, SaysWhenAFileCannotBeRead) {
  base::Diagnostics complaints;
  EXPECT_FALSE(load_policy_file("/nonexistent/policy.yaml", complaints));
  EXPECT_FALSE(complaints.empty());
}

}  // namespace
}  // namespace sallyport::policy
