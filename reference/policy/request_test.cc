#include <gtest/gtest.h>

#include <fmt/format.h>

#include "reference/policy/engine.h"
#include "reference/policy/loader.h"

namespace sallyport::policy {
namespace {

using Kind = RequestVerdict::Kind;

constexpr const char* kHost = "api.example.com";

// Endpoints in flow style, each without its host and port.
Policy policy_of(const std::vector<std::string>& endpoints) {
  std::string text = "version: 1\nnetwork_policies:\n";
  char name = 'a';
  for (const std::string& endpoint : endpoints) {
    text += fmt::format(
        "  {}:\n    endpoints: [{{host: {}, port: 443{}}}]\n"
        "    binaries: [{{path: \"/**\"}}]\n",
        name++, kHost, endpoint.empty() ? "" : ", " + endpoint);
  }
  base::Diagnostics complaints;
  auto policy = load_policy_text(text, "p.yaml", complaints);
  EXPECT_TRUE(policy) << complaints.to_string();
  return policy.value_or(Policy());
}

RequestVerdict judge(const Policy& policy, std::string_view method, std::string_view target,
                     bool upgrade = false) {
  Request request;
  request.method = method;
  request.path = target.substr(0, target.find('?'));
  if (request.path.size() < target.size()) request.query = target.substr(request.path.size() + 1);
  request.websocket_upgrade = upgrade;
  return judge_request(policy, nullptr, kHost, 443, request);
}

Kind kind(const Policy& policy, std::string_view method, std::string_view target) {
  return judge(policy, method, target).kind;
}

const std::string kEnforced = "protocol: rest, enforcement: enforce, ";

Policy rules(const std::string& allow, const std::string& more = "") {
  return policy_of({kEnforced + "rules: [{allow: {" + allow + "}}]" + more});
}

TEST(JudgeRequest, ExpandsThePresets) {
  const struct {
    const char* preset;
    const char* methods;
  } kRows[] = {{"read-only", "GET HEAD OPTIONS"},
               {"read-write", "GET HEAD OPTIONS POST PUT PATCH"},
               {"full", "GET HEAD OPTIONS POST PUT PATCH DELETE TRACE PURGE"}};
  for (const auto& row : kRows) {
    const Policy policy = policy_of({kEnforced + "access: " + row.preset});
    for (const char* method :
         {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PURGE"}) {
      const bool listed =
          fmt::format(" {} ", row.methods).find(fmt::format(" {} ", method)) != std::string::npos;
      EXPECT_EQ(kind(policy, method, "/a/b"), listed ? Kind::allowed : Kind::denied)
          << row.preset << " " << method;
    }
  }
}

TEST(JudgeRequest, TakesGetForHeadButNotForOptionsNorTheOtherWayRound) {
  const Policy get = rules("method: get, path: /a");
  EXPECT_EQ(kind(get, "GET", "/a"), Kind::allowed);
  EXPECT_EQ(kind(get, "get", "/a"), Kind::allowed);
  EXPECT_EQ(kind(get, "HEAD", "/a"), Kind::allowed);
  EXPECT_EQ(kind(get, "OPTIONS", "/a"), Kind::denied);
  EXPECT_EQ(kind(rules("method: HEAD, path: /a"), "GET", "/a"), Kind::denied);
  EXPECT_EQ(kind(rules("method: POST, path: /a"), "HEAD", "/a"), Kind::denied);
}

TEST(JudgeRequest, NeverLetsAStarOfAPathCrossASlash) {
  const Policy policy = rules("method: \"*\", path: \"/v1/*\"");
  EXPECT_EQ(kind(policy, "GET", "/v1/a"), Kind::allowed);
  EXPECT_EQ(kind(policy, "GET", "/v1/a/b"), Kind::denied);
  EXPECT_EQ(judge(policy, "GET", "/v1/a/b").reason, "GET /v1/a/b not permitted by policy");
  EXPECT_EQ(kind(rules("method: \"*\", path: \"**\""), "GET", "/v1/a/b"), Kind::allowed);
}

TEST(JudgeRequest, WantsEveryValueOfAnAllowedKeyToMatch) {
  const Policy policy =
      rules("method: GET, path: /s, query: {tag: \"foo-*\", n: {any: [\"1\", \"2\"]}}");
  const struct {
    const char* target;
    Kind kind;
  } kRows[] = {{"/s?tag=foo-a&n=1", Kind::allowed},
               {"/s?tag=foo-a&tag=foo-b&n=1&n=2", Kind::allowed},
               {"/s?tag=foo-a&tag=bar&n=1", Kind::denied},
               {"/s?tag=foo-a&n=3", Kind::denied},
               {"/s?tag=foo-a", Kind::denied},
               {"/s", Kind::denied},
               {"/s?tag=foo-a&n=1&other=x", Kind::allowed},
               {"/s?tag=foo%2Da&n=1", Kind::allowed},
               {"/s?tag=foo-a.b&n=1", Kind::denied},
               {"/s?tag=foo-a/b&n=1", Kind::allowed},
               {"/s?Tag=foo-a&n=1", Kind::denied}};
  for (const auto& row : kRows) {
    EXPECT_EQ(kind(policy, "GET", row.target), row.kind) << row.target;
  }
}

TEST(JudgeRequest, DeniesWhenOneValueOfEachDeniedKeyMatches) {
  const Policy policy =
      policy_of({kEnforced + "access: full, deny_rules: [{method: POST, path: /s, query: {force: "
                             "{glob: \"t*\"}, all: \"1\"}}]"});
  const struct {
    const char* target;
    Kind kind;
  } kRows[] = {{"/s?force=true&all=1", Kind::denied},
               {"/s?force=no&force=true&all=2&all=1", Kind::denied},
               {"/s?force=true", Kind::allowed},
               {"/s?force=no&all=1", Kind::allowed},
               {"/s", Kind::allowed},
               {"/other?force=true&all=1", Kind::allowed}};
  for (const auto& row : kRows) {
    EXPECT_EQ(kind(policy, "POST", row.target), row.kind) << row.target;
  }
  EXPECT_EQ(judge(policy, "POST", "/s?force=t&all=1").reason, "POST /s blocked by deny rule");
  EXPECT_EQ(kind(policy, "GET", "/s?force=true&all=1"), Kind::allowed);
}

TEST(JudgeRequest, RefusesAQueryThatCannotBeDecodedWhereARuleAsksForOne) {
  const Policy allow = rules("method: GET, path: /s, query: {a: \"*\"}");
  const Policy deny = policy_of(
      {"protocol: rest, access: full, deny_rules: [{method: GET, path: /s, query: {a: x}}]"});
  for (const char* target : {"/s?a=%zz", "/s?b=%ff&a=1", "/s?a=1&%00"}) {
    EXPECT_EQ(kind(allow, "GET", target), Kind::denied) << target;
    EXPECT_EQ(kind(deny, "GET", target), Kind::denied) << "audit doesn't let it pass: " << target;
    EXPECT_EQ(judge(deny, "GET", target).reason, "query parameters can't be decoded");
    EXPECT_EQ(kind(rules("method: GET, path: /s"), "GET", target), Kind::allowed);
  }
}

TEST(JudgeRequest, LetsADenyRuleOfAnyEndpointBeatEveryAllowRule) {
  const Policy policy = policy_of(
      {kEnforced + "access: full",
       kEnforced + "access: read-only, deny_rules: [{method: \"*\", path: \"/admin/**\"}]"});
  EXPECT_EQ(kind(policy, "POST", "/x"), Kind::allowed);
  EXPECT_EQ(kind(policy, "GET", "/admin/x"), Kind::denied);
}

TEST(JudgeRequest, LetsADenyRuleForGetStopHead) {
  const Policy policy =
      policy_of({kEnforced + "access: full, deny_rules: [{method: GET, path: /x}]"});
  EXPECT_EQ(kind(policy, "HEAD", "/x"), Kind::denied);
  EXPECT_EQ(kind(policy, "POST", "/x"), Kind::allowed);
}

TEST(JudgeRequest, LetsGoOnWhatAnAuditingEndpointRefuses) {
  const Policy policy = policy_of({"protocol: rest, access: read-only"});
  const RequestVerdict verdict = judge(policy, "POST", "/x");
  EXPECT_EQ(verdict.kind, Kind::audited);
  EXPECT_EQ(verdict.policy, "a");
  EXPECT_EQ(verdict.reason, "POST /x not permitted by policy");
  EXPECT_TRUE(verdict.judged);
}

TEST(JudgeRequest, LetsTheMostSpecificPathGovern) {
  const Policy policy = policy_of({"protocol: rest, access: read-only, allow_encoded_slash: true",
                                   kEnforced + "access: read-only, path: \"/v1/**\""});
  EXPECT_EQ(kind(policy, "POST", "/x"), Kind::audited);
  EXPECT_TRUE(judge(policy, "GET", "/x").allow_encoded_slash);
  EXPECT_EQ(kind(policy, "POST", "/v1/x"), Kind::denied);
  EXPECT_FALSE(judge(policy, "GET", "/v1/x").allow_encoded_slash);
  EXPECT_EQ(judge(policy, "GET", "/v1/x").policy, "b");
}

TEST(JudgeRequest, LetsTheStrictestOfEquallySpecificEndpointsGovern) {
  const Policy policy = policy_of({"protocol: rest, access: read-only, allow_encoded_slash: true",
                                   kEnforced + "access: read-only"});
  EXPECT_EQ(kind(policy, "POST", "/x"), Kind::denied);
  EXPECT_FALSE(judge(policy, "GET", "/x").allow_encoded_slash);
}

TEST(JudgeRequest, RefusesAPathThatNoEndpointIsFor) {
  const Policy policy = policy_of({"protocol: rest, access: full, path: \"/v1/**\"", ""});
  EXPECT_EQ(kind(policy, "GET", "/v1/x"), Kind::allowed);
  const RequestVerdict verdict = judge(policy, "GET", "/v2");
  EXPECT_EQ(verdict.kind, Kind::denied);
  EXPECT_EQ(verdict.reason, "GET /v2 did not match an L7 endpoint path");
}

TEST(JudgeRequest, IsNotExcusedByAnEndpointThatJudgesNone) {
  const Policy policy = policy_of({"", kEnforced + "access: read-only"});
  EXPECT_EQ(kind(policy, "POST", "/x"), Kind::denied);
  EXPECT_EQ(find(policy, nullptr, kHost, 443).protocol, Protocol::rest);
}

TEST(JudgeRequest, AsksNothingWhereNoEndpointHasRules) {
  const RequestVerdict verdict = judge(policy_of({"allow_encoded_slash: true"}), "BREW", "/x?%zz");
  EXPECT_EQ(verdict.kind, Kind::allowed);
  EXPECT_FALSE(verdict.judged);
  EXPECT_EQ(verdict.policy, "a");
  EXPECT_TRUE(verdict.allow_encoded_slash);
  EXPECT_FALSE(judge(policy_of({"access: full"}), "BREW", "/x").judged);
}

TEST(JudgeRequest, HasRulesWithoutAProtocolToo) {
  const Policy policy = policy_of({"enforcement: enforce, access: read-only"});
  EXPECT_EQ(kind(policy, "POST", "/x"), Kind::denied);
  EXPECT_EQ(find(policy, nullptr, kHost, 443).protocol, Protocol::rest);
}

TEST(JudgeRequest, LetsOnlyUpgradesThroughAWebSocketEndpoint) {
  const Policy policy = policy_of({"protocol: websocket, access: read-write"});
  EXPECT_EQ(judge(policy, "GET", "/ws", true).kind, Kind::allowed);
  EXPECT_EQ(judge(policy, "GET", "/ws", true).protocol, "websocket");
  const RequestVerdict plain = judge(policy, "GET", "/ws");
  EXPECT_EQ(plain.kind, Kind::denied);
  EXPECT_EQ(plain.reason, "websocket endpoint requires a valid WebSocket upgrade request");
  EXPECT_EQ(judge(policy, "WEBSOCKET_TEXT", "/ws").kind, Kind::allowed);
  const Policy listen = policy_of({"protocol: websocket, enforcement: enforce, access: read-only"});
  EXPECT_EQ(judge(listen, "GET", "/ws", true).kind, Kind::allowed);
  EXPECT_EQ(judge(listen, "WEBSOCKET_TEXT", "/ws").kind, Kind::denied);
}

TEST(JudgeRequest, OfAnotherHostPortOrProgramIsDenied) {
  const Policy policy = policy_of({kEnforced + "access: full"});
  Request request;
  request.method = "GET";
  request.path = "/x";
  const RequestVerdict verdict = judge_request(policy, nullptr, kHost, 80, request);
  EXPECT_EQ(verdict.kind, Kind::denied);
  EXPECT_EQ(verdict.reason, "endpoint api.example.com:80 is not allowed by any policy");
  const Program nobody;
  EXPECT_EQ(judge_request(policy, &nobody, kHost, 443, request).kind, Kind::denied);
  EXPECT_EQ(judge_request(policy, nullptr, "API.Example.com", 443, request).kind, Kind::allowed);
}

TEST(JudgeRequest, ThatAnAllowRuleCannotMatchIsDenied) {
  const Policy policy = rules("method: GET, path: \"/a[\"");
  EXPECT_EQ(kind(policy, "GET", "/a["), Kind::denied);
  EXPECT_EQ(kind(policy, "GET", "/a"), Kind::denied);
}

}  // namespace
}  // namespace sallyport::policy
