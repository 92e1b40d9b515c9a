// What the audit says of a request that has middleware: that it was allowed only once nothing can
// refuse it any more, and of one that was refused exactly one thing.
#include "reference/relay/middleware.h"
#include "reference/relay/testing/http_fixture.h"

namespace sallyport::relay {
namespace {

using policy::OnError;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
constexpr const char* kAllowed = "HTTP_REQUEST allow POST a.example:8080/v1 request_num=1";
constexpr const char* kStageAllowed = "MIDDLEWARE entry-guard guard decision=Allow";
constexpr const char* kStageDenied = "MIDDLEWARE entry-guard guard decision=Deny";

std::string post(std::string_view fields, std::string_view body) {
  return std::string("POST /v1 HTTP/1.1\r\nHost: a.example:8080\r\n").append(fields) +
         std::string("\r\n").append(body);
}

std::string hello() { return post("Content-Length: 5\r\n", "hello"); }

rpc::Status denies(wire::HttpRequestResult& result) {
  result.set_decision(wire::DECISION_DENY);
  return {};
}

net::Task<void> hold_permit(middleware::Admission& admission,
                            middleware::Admission::Permit& permit) {
  permit = co_await admission.acquire();
}

class MiddlewareDecisionTest : public HttpTest {
 protected:
  void ask(OnError on_error, FakeStage::Act act, std::string_view request) {
    guard(on_error);
    stage_->act = std::move(act);
    from_client(request);
    run();
  }
  // The endpoint judges requests: by `enforcement`, and nothing but /v2.
  void rule(policy::Enforcement enforcement) {
    auto generation = make_generation();
    policy::Endpoint& one = generation->policy.network_policies.at("api").endpoints.front();
    one.protocol = policy::Protocol::rest;
    one.enforcement = enforcement;
    one.allow.push_back({"POST", *policy::Glob::parse("/v2", '/'), {}});
    add_entry(*generation, "guard", OnError::fail_closed);
    install(std::move(generation));
    open_tunnel();
  }
};

TEST_F(MiddlewareDecisionTest, TellsOfAnAllowedRequestAfterItsStages) {
  answer({std::string(kOk)});
  ask(OnError::fail_closed, nullptr, hello());
  EXPECT_THAT(audit_.all, ElementsAre(kStageAllowed, kAllowed));
}

TEST_F(MiddlewareDecisionTest, TellsOfADeniedOneByItsStageAlone) {
  ask(OnError::fail_closed, denies, hello());
  EXPECT_THAT(sent_down(), StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(audit_.decisions(), ElementsAre(kStageDenied));
}

TEST_F(MiddlewareDecisionTest, TellsOfAFailureByItsStageAlone) {
  ask(
      OnError::fail_closed,
      [](wire::HttpRequestResult&) {
        return rpc::Status{rpc::Code::unavailable, ""};
      },
      hello());
  EXPECT_THAT(audit_.decisions(), ElementsAre(kStageDenied));
}

TEST_F(MiddlewareDecisionTest, TellsOnceOfABodyThatIsTooLarge) {
  ask(OnError::fail_closed, nullptr, post("Content-Length: 17\r\n", "0123456789abcdefg"));
  EXPECT_THAT(audit_.decisions(),
              ElementsAre("HTTP_REQUEST deny POST a.example:8080/v1 reason=middleware_failed: "
                          "request_body_over_capacity"));
}

TEST_F(MiddlewareDecisionTest, TellsOnceOfARequestThatFoundNoRoom) {
  middleware::Admission::Permit permit;
  loop_.run(hold_permit(admission_, permit));
  ask(OnError::fail_open, nullptr, hello());
  EXPECT_THAT(sent_down(), StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(audit_.decisions(), ElementsAre("HTTP_REQUEST deny POST a.example:8080/v1 "
                                              "reason=middleware_admission_exhausted"));
}

TEST_F(MiddlewareDecisionTest, TellsOfARequestThatItsRulesAuditAfterItsStagesToo) {
  rule(policy::Enforcement::audit);
  answer({std::string(kOk)});
  from_client(hello());
  run();
  EXPECT_THAT(audit_.all,
              ElementsAre(kStageAllowed, StartsWith("L7_REQUEST audit POST a.example:8080/v1")));
}

TEST_F(MiddlewareDecisionTest, SaysNothingOfRulesThatAuditWhereAStageDenies) {
  rule(policy::Enforcement::audit);
  stage_->act = denies;
  from_client(hello());
  run();
  EXPECT_THAT(audit_.decisions(), ElementsAre(kStageDenied));
}

TEST_F(MiddlewareDecisionTest, TellsOfARefusalByTheRulesBeforeAnyStage) {
  rule(policy::Enforcement::enforce);
  from_client(hello());
  run();
  EXPECT_TRUE(stage_->asked.empty());
  EXPECT_THAT(audit_.decisions(), ElementsAre(StartsWith("L7_REQUEST deny POST")));
}

TEST_F(MiddlewareDecisionTest, DoesNotCallARequestAllowedThatFindsNoUpstream) {
  far_.reset();
  ask(OnError::fail_closed, nullptr, hello());
  EXPECT_THAT(sent_down(), StartsWith("HTTP/1.1 502"));
  EXPECT_THAT(audit_.decisions(), IsEmpty());
}

TEST_F(MiddlewareDecisionTest, DoesNotCallARequestAllowedWhoseCredentialIsRefused) {
  ask(OnError::fail_closed, nullptr,
      post("X-Key: openshell:resolve:env:v1_KEY\r\nContent-Length: 5\r\n", "hello"));
  EXPECT_THAT(sent_down(), StartsWith("HTTP/1.1 500"));
  EXPECT_THAT(audit_.decisions(), ElementsAre(HasSubstr("CREDENTIAL deny POST")));
}

}  // namespace
}  // namespace sallyport::relay
