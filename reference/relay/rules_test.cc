#include "reference/relay/rules.h"

#include "reference/relay/testing/http_fixture.h"

namespace sallyport::relay {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

policy::RequestRule rule(const std::string& method, std::string_view path) {
  return {method, *policy::Glob::parse(path, '/'), {}};
}

// An endpoint that allows GET below /v1, and nothing below /v1/admin.
class RulesTest : public HttpTest {
 protected:
  RulesTest() { rules(policy::Enforcement::enforce); }
  policy::Endpoint& endpoint(egress::Generation& generation) {
    return generation.policy.network_policies.at("api").endpoints.front();
  }
  std::shared_ptr<egress::Generation> with_rules(policy::Enforcement enforcement) {
    auto generation = make_generation();
    policy::Endpoint& one = endpoint(*generation);
    one.protocol = policy::Protocol::rest;
    one.enforcement = enforcement;
    one.allow.push_back(rule("GET", "/v1/**"));
    one.deny.push_back(rule("GET", "/v1/admin/**"));
    return generation;
  }
  void rules(policy::Enforcement enforcement) {
    install(with_rules(enforcement));
    open_tunnel();
  }
  void get(std::string_view target) {
    from_client("GET " + std::string(target) + " HTTP/1.1\r\nHost: a.example:8080\r\n\r\n");
  }
  Ruling ruled(const std::string& path, RuleForm form) {
    RuledRequest request;
    request.method = "GET";
    request.path = path;
    return rule_on(grant_, request, form);
  }
};

TEST_F(RulesTest, LetARequestUpThatTheyAllow) {
  answer({std::string(kOk)});
  get("/v1/models?secret");
  run();
  EXPECT_THAT(seen_, StartsWith("GET /v1/models?secret HTTP/1.1\r\n"));
  EXPECT_THAT(sent_down(), StartsWith("HTTP/1.1 200 OK"));
  EXPECT_THAT(audit_.all, Contains("L7_REQUEST allow GET a.example:8080/v1/models"));
  EXPECT_THAT(audit_.all, Not(Contains(HasSubstr("HTTP_REQUEST"))));
}

TEST_F(RulesTest, RefuseWithEveryMemberOfTheDenyBodyAndEndTheTunnel) {
  grant_.identity.program = policy::Program();
  grant_.identity.program->binary = "/usr/bin/curl";
  get("/v2/x?secret");
  get("/v1/models");
  run();
  EXPECT_THAT(sent_down(),
              AllOf(StartsWith("HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\n"),
                    HasSubstr("\r\nX-OpenShell-Policy: api\r\nConnection: close\r\n"),
                    HasSubstr("\"binary\":\"/usr/bin/curl\""),
                    HasSubstr("\"detail\":\"GET /v2/x not permitted by policy\""),
                    HasSubstr("\"error\":\"policy_denied\""), HasSubstr("\"host\":\"a.example\"")));
  EXPECT_THAT(sent_down(), AllOf(HasSubstr("\"layer\":\"l7\",\"method\":\"GET\",\"next_steps\":[]"),
                                 HasSubstr("\"path\":\"/v2/x\",\"policy\":\"api\",\"port\":8080"),
                                 HasSubstr("\"protocol\":\"rest\",\"rule\":\"GET /v2/x\""),
                                 HasSubstr("\"rule_missing\":{"), Not(HasSubstr("secret")),
                                 Not(HasSubstr("200 OK"))));
  EXPECT_EQ(sent_up(), "");
  EXPECT_THAT(audit_.all, Contains("L7_REQUEST deny GET a.example:8080/v2/x reason=GET /v2/x not "
                                   "permitted by policy"));
  EXPECT_EQ(audit_.events.back().severity, audit::Severity::medium);
  EXPECT_EQ(audit_.events.back().rule->engine, "l7");
}

TEST_F(RulesTest, OfDenialBeatThoseOfPermission) {
  get("/v1/./admin//x");
  run();
  EXPECT_THAT(sent_down(), HasSubstr("GET /v1/admin/x blocked by deny rule"));
  EXPECT_EQ(sent_up(), "");
}

TEST_F(RulesTest, ThatAuditLetTheRequestUpAndSaySo) {
  rules(policy::Enforcement::audit);
  answer({std::string(kOk)});
  get("/v2");
  run();
  EXPECT_THAT(seen_, StartsWith("GET /v2 HTTP/1.1\r\n"));
  EXPECT_THAT(audit_.all, Contains(StartsWith("L7_REQUEST audit GET a.example:8080/v2 reason=")));
  EXPECT_EQ(audit_.events.front().action, audit::Action::allowed);
}

TEST_F(RulesTest, AreThoseOfTheGenerationThatDecidesWhenTheRequestComes) {
  auto other = with_rules(policy::Enforcement::enforce);
  endpoint(*other).deny.push_back(rule("*", "/v1/new/**"));
  install(std::move(other));
  get("/v1/new/x");
  run();
  EXPECT_THAT(sent_down(), HasSubstr("blocked by deny rule"));
}

TEST_F(RulesTest, ThatCameWhileTheChainRanAreObeyedStill) {
  auto guarded = with_rules(policy::Enforcement::enforce);
  add_entry(*guarded, "guard", policy::OnError::fail_closed);
  install(std::move(guarded));
  open_tunnel();
  stage_->act = [this](wire::HttpRequestResult& result) {
    auto stricter = with_rules(policy::Enforcement::enforce);
    endpoint(*stricter).deny.push_back(rule("*", "/v1/now"));
    install(std::move(stricter));
    result.set_decision(wire::DECISION_ALLOW);
    return rpc::Status();
  };
  get("/v1/now");
  run();
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("policy_denied")));
  EXPECT_EQ(sent_up(), "");
}

TEST_F(RulesTest, RefuseAnEncodedSlashWhereTheGoverningEndpointDoes) {
  get("/v1/a%2Fb");
  run();
  EXPECT_THAT(sent_down(), StartsWith("HTTP/1.1 400"));
  EXPECT_EQ(sent_up(), "");
}

TEST_F(RulesTest, RefuseAnEncodedSlashThatOnlyAParameterHolds) {
  get("/v1/a;x=%2f/b");
  run();
  EXPECT_THAT(sent_down(), StartsWith("HTTP/1.1 400"));
  EXPECT_EQ(sent_up(), "");
}

TEST_F(RulesTest, LetAnEncodedSlashUpWhereTheGoverningEndpointDoes) {
  auto generation = with_rules(policy::Enforcement::enforce);
  policy::Rule& api = generation->policy.network_policies.at("api");
  policy::Endpoint scoped = api.endpoints.front();
  scoped.path = policy::PathScope::parse("/v1/files/**");
  scoped.allow_encoded_slash = true;
  api.endpoints.push_back(std::move(scoped));
  install(std::move(generation));
  open_tunnel();
  answer({std::string(kOk)});
  get("/v1/files/a%2fb");
  get("/v1/a%2Fb");
  run();
  EXPECT_THAT(seen_, StartsWith("GET /v1/files/a%2Fb HTTP/1.1\r\n"));
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("HTTP/1.1 400")));
}

TEST_F(RulesTest, NeverNameWhatAPlaceholderNames) {
  get("/v2/openshell:resolve:env:v1_KEY/x");
  run();
  EXPECT_THAT(sent_down(), AllOf(HasSubstr("[CREDENTIAL]"), Not(HasSubstr("KEY"))));
  EXPECT_THAT(audit_.all, Not(Contains(HasSubstr("KEY"))));
}

TEST_F(RulesTest, RefuseAForwardRequestInItsOwnWords) {
  const Ruling refused = ruled("/v2", RuleForm::forward);
  EXPECT_EQ(refused.end, Ruling::End::refused);
  EXPECT_EQ(refused.answer->body,
            "{\"detail\":\"GET a.example:8080/v2 denied by L7 policy: GET /v2 not permitted by "
            "policy\",\"error\":\"policy_denied\"}");
  EXPECT_THAT(refused.answer->policy, IsEmpty());
  EXPECT_THAT(refused.event->message, StartsWith("FORWARD_L7 deny GET a.example:8080/v2 reason="));
}

TEST_F(RulesTest, LeaveAnAllowedForwardRequestToItsOwnEvent) {
  EXPECT_FALSE(ruled("/v1/a", RuleForm::forward).event);
  EXPECT_TRUE(ruled("/v1/a", RuleForm::tunnel).event);
  rules(policy::Enforcement::audit);
  EXPECT_TRUE(ruled("/v2", RuleForm::forward).event);
}

TEST_F(RulesTest, SayOfAForwardRequestThatNoEndpointIsForItsPath) {
  auto generation = with_rules(policy::Enforcement::enforce);
  endpoint(*generation).path = policy::PathScope::parse("/v1/**");
  install(std::move(generation));
  open_tunnel();
  const Ruling refused = ruled("/v2", RuleForm::forward);
  ASSERT_TRUE(refused.answer);
  EXPECT_THAT(refused.answer->body,
              HasSubstr("\"GET a.example:8080/v2 did not match an L7 endpoint path\""));
}

TEST_F(RulesTest, TellNothingWhereNoEndpointHasAny) {
  install(make_generation());
  open_tunnel();
  const Ruling free = ruled("/v2", RuleForm::forward);
  EXPECT_EQ(free.end, Ruling::End::goes_on);
  EXPECT_FALSE(free.event);
}

}  // namespace
}  // namespace sallyport::relay
