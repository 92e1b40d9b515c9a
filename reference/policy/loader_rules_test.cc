// What an endpoint asks of requests, as the loader reads it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "reference/policy/loader.h"

namespace sallyport::policy {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Loaded {
  std::optional<Policy> policy;
  std::string complaints;
  std::string warnings;
};

// The rest of an endpoint in flow style, from line 5, column 42 on.
Loaded load(const std::string& rest) {
  base::Diagnostics complaints;
  base::Diagnostics warnings;
  Loaded loaded;
  loaded.policy = load_policy_text(
      "version: 1\nnetwork_policies:\n  web:\n    endpoints:\n"
      "      - {host: api.example.com, port: 443, " +
          rest + "}\n    binaries: [{path: \"/**\"}]\n",
      "p.yaml", complaints, &warnings);
  loaded.complaints = complaints.to_string();
  loaded.warnings = warnings.to_string();
  return loaded;
}

Endpoint endpoint(const std::string& rest) {
  const Loaded loaded = load(rest);
  EXPECT_TRUE(loaded.policy) << rest << "\n" << loaded.complaints;
  return loaded.policy ? loaded.policy->network_policies.at("web").endpoints.at(0) : Endpoint();
}

TEST(LoaderRules, ReadsEveryKeyOfARequestRule) {
  const Endpoint one = endpoint(
      "protocol: WebSocket, path: \"/v1/**\", rules: [{allow: {method: get, path: \"/v1/*\", "
      "query: "
      "{a: x*, b: {glob: w}, c: {any: [z, \"1\"]}}}}], deny_rules: [{method: \"*\", path: \"**\", "
      "query: {d: \"\"}}], allow_uninspected_credentials: true, "
      "credential_binding: {provider: github}");
  EXPECT_EQ(one.protocol, Protocol::websocket);
  EXPECT_EQ(one.path->text(), "/v1/**");
  ASSERT_EQ(one.allow.size(), 1U);
  EXPECT_EQ(one.allow[0].method, "GET");
  EXPECT_EQ(one.allow[0].path.text(), "/v1/*");
  ASSERT_EQ(one.allow[0].query.size(), 3U);
  EXPECT_EQ(one.allow[0].query[2].key, "c");
  EXPECT_EQ(one.allow[0].query[2].any.size(), 2U);
  ASSERT_EQ(one.deny.size(), 1U);
  EXPECT_EQ(one.deny[0].query[0].any[0].text(), "");
  EXPECT_TRUE(one.allow_uninspected_credentials);
  EXPECT_EQ(one.credential_provider, "github");
}

TEST(LoaderRules, HasAsManyRulesAsAPresetStandsFor) {
  EXPECT_EQ(endpoint("protocol: rest, access: read-only").allow.size(), 3U);
  EXPECT_EQ(endpoint("protocol: rest, access: read-write").allow.size(), 6U);
  EXPECT_EQ(endpoint("protocol: rest, access: full").allow.size(), 1U);
  EXPECT_EQ(endpoint("access: read-only").allow.size(), 3U);
  EXPECT_THAT(endpoint("access: full").allow, IsEmpty());
  EXPECT_EQ(endpoint("protocol: websocket, access: read-only").allow.size(), 1U);
  EXPECT_EQ(endpoint("protocol: websocket, access: read-write").allow.size(), 2U);
}

TEST(LoaderRules, RefusesEachMistakeByName) {
  const struct {
    const char* rest;
    const char* complaint;
  } kRows[] = {
      {"protocol: rest", "\"protocol: rest\" needs \"access\" or \"rules\""},
      {"protocol: websocket", "\"protocol: websocket\" needs \"access\" or \"rules\""},
      {"protocol: rest, access: full, rules: [{allow: {method: GET, path: /}}]",
       "exclude each other"},
      {"protocol: rest, rules: []", "\"rules\" is empty"},
      {"protocol: rest, rules: [{}]", "needs \"allow\""},
      {"protocol: rest, rules: [{allow: {}}]", "never allows"},
      {"protocol: rest, rules: [{allow: {method: GET}}]", "never allows"},
      {"protocol: rest, rules: [{allow: {path: /}}]", "never allows"},
      {"protocol: rest, rules: [{deny: {}}]", "has no \"deny\""},
      {"protocol: rest, rules: [{allow: {method: G T, path: /}}]", "\"G T\" is not a method"},
      {"protocol: rest, rules: [{allow: {method: GET, path: v1}}]", "matches no path"},
      {"protocol: rest, rules: [{allow: {method: GET, path: /, tool: x}}]",
       "\"tool\" isn't enforced yet"},
      {"protocol: rest, rules: [{allow: {method: GET, path: /, params: {}}}]",
       "\"params\" isn't enforced yet"},
      {"protocol: rest, rules: [{allow: {method: GET, path: /, qurey: {}}}]",
       "did you mean \"query\"?"},
      {"protocol: rest, rules: [{allow: {method: GET, path: /, query: {a: {any: []}}}}]",
       "\"any\" is empty"},
      {"protocol: rest, rules: [{allow: {method: GET, path: /, query: {a: {}}}}]",
       "either \"glob\" or \"any\""},
      {"protocol: rest, rules: [{allow: {method: GET, path: /, query: {a: {glob: x, any: [w]}}}}]",
       "either \"glob\" or \"any\""},
      {"protocol: rest, rules: [{allow: {method: GET, path: /, query: {a: {exact: x}}}}]",
       "has no \"exact\""},
      {"protocol: rest, rules: [{allow: {method: GET, path: /, query: {a: [x]}}}]", "is a map"},
      {"protocol: rest, rules: [{allow: {method: GET, path: /, query: {a: {any: [[x]]}}}}]",
       "text"},
      {"protocol: rest, access: full, deny_rules: []", "\"deny_rules\" is empty"},
      {"access: full, deny_rules: [{method: GET, path: /}]", "\"deny_rules\" needs \"protocol\""},
      {"protocol: rest, deny_rules: [{method: GET, path: /}]",
       "\"deny_rules\" needs \"access\" or \"rules\""},
      {"protocol: rest, access: full, deny_rules: [{method: GET}]", "never denies"},
      {"protocol: rest, access: full, deny_rules: [{allow: {}}]", "has no \"allow\""},
      {"protocol: rest, access: full, deny_rules: [{method: GET, path: \"/a[\"}]",
       "is not a pattern: an unclosed `[`"},
      {"path: v1", "begins with `/`, or is `**`"},
      {"path: \"/v1[\"", "an unclosed `[`"},
      {"tls: skip, path: /v1", "leaves nothing"},
      {"tls: skip, access: read-only", "leaves nothing"},
      {"credential_binding: {}", "needs \"provider\""},
      {"credential_binding: {provider: x, user: y}", "has no \"user\""},
      {"allow_uninspected_credentials: maybe", "true or false"},
      {"protocol: graphql", "\"protocol: graphql\" isn't enforced yet"},
      {"credential_signing: sigv4", "\"credential_signing\" isn't enforced yet"},
      {"request_body_credential_rewrite: true", "isn't enforced yet"},
      {"websocket_credential_rewrite: true", "isn't enforced yet"},
      {"advisor_proposed: true", "isn't enforced yet"},
  };
  for (const auto& row : kRows) {
    const Loaded loaded = load(row.rest);
    EXPECT_FALSE(loaded.policy) << row.rest;
    EXPECT_THAT(loaded.complaints, HasSubstr(row.complaint)) << row.rest;
    EXPECT_THAT(loaded.complaints, HasSubstr("p.yaml:5:")) << row.rest;
  }
}

TEST(LoaderRules, PointsAtThePlaceOfAMistake) {
  EXPECT_EQ(load("protocol: rest, rules: [{allow: {method: GET, path: v1}}]").complaints,
            "p.yaml:5:96: \"v1\" matches no path: a path begins with `/`\n");
}

TEST(LoaderRules, WarnsOfWhatAllowsLessThanItSays) {
  const struct {
    const char* rest;
    const char* warning;
  } kRows[] = {
      {"protocol: rest, rules: [{allow: {method: GTE, path: /}}]",
       "\"GTE\" is not a method of HTTP"},
      {"protocol: rest, rules: [{allow: {method: GET, path: \"/a[\"}}]", "matches nothing"},
      {"protocol: rest, rules: [{allow: {method: GET, path: /, query: {a: \"{x\"}}}]",
       "matches nothing"},
  };
  for (const auto& row : kRows) {
    const Loaded loaded = load(row.rest);
    EXPECT_TRUE(loaded.policy) << loaded.complaints;
    EXPECT_THAT(loaded.warnings, HasSubstr(row.warning)) << row.rest;
  }
}

TEST(LoaderRules, SurvivesMapsAndListsInTheWrongPlaces) {
  for (const char* rest :
       {"rules: x", "rules: {}", "rules: [x]", "rules: [[]]", "rules: [{allow: x}]",
        "rules: [{allow: {method: [], path: {}}}]",
        "rules: [{allow: {method: GET, path: /, query: x}}]", "access: full, deny_rules: x",
        "access: full, deny_rules: [[]]", "access: {}", "path: []", "credential_binding: x"}) {
    EXPECT_FALSE(load(fmt::format("protocol: rest, {}", rest)).policy) << rest;
  }
}

}  // namespace
}  // namespace sallyport::policy
