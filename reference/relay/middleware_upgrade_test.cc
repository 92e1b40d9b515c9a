// Middleware and the upgrade to WebSocket: the request passes its chain like any other, and only
// then is it asked whether its messages may pass unread.
#include "reference/relay/testing/http_fixture.h"
#include "reference/relay/websocket.h"

namespace sallyport::relay {
namespace {

using policy::OnError;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view kUpgrade =
    "GET /chat?x=1 HTTP/1.1\r\nHost: a.example:8080\r\nConnection: Upgrade\r\n"
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
constexpr const char* kUninspectable = "openshell.middleware.traffic_uninspectable";
constexpr const char* kRefusal =
    "HTTP_REQUEST deny GET a.example:8080/chat reason=WebSocket messages cannot be inspected by "
    "required middleware";

class MiddlewareUpgradeTest : public HttpTest {
 protected:
  [[nodiscard]] std::shared_ptr<egress::Generation> guarded(OnError on_error) const {
    auto generation = make_generation();
    policy::Endpoint& one = generation->policy.network_policies.at("api").endpoints.front();
    one.protocol = policy::Protocol::rest;
    one.enforcement = policy::Enforcement::enforce;
    one.allow.push_back({"GET", *policy::Glob::parse("/chat", '/'), {}});
    add_entry(*generation, "guard", on_error);
    return generation;
  }
  void refuse(OnError on_error, FakeStage::Act act, std::string_view request = kUpgrade) {
    stage_->act = std::move(act);
    install(guarded(on_error));
    open_tunnel();
    from_client(request);
    run();
    EXPECT_EQ(sent_up(), "");
    EXPECT_THAT(sent_down(), HasSubstr("Connection: close"));
  }
};

TEST_F(MiddlewareUpgradeTest, IsDeniedByAStageBeforeAnybodyAsksForItsMessages) {
  refuse(OnError::fail_closed, [](wire::HttpRequestResult& result) {
    result.set_decision(wire::DECISION_DENY);
    result.set_reason_code("no_chat");
    return rpc::Status();
  });
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("middleware_denied"),
                                 HasSubstr(R"("reason_code":"no_chat")")));
  EXPECT_THAT(audit_.decisions(), ElementsAre("MIDDLEWARE entry-guard guard decision=Deny"));
  EXPECT_EQ(audit_.finding(kUninspectable), nullptr);
}

TEST_F(MiddlewareUpgradeTest, IsRefusedForItsMessagesAfterItsChainHasPassed) {
  refuse(OnError::fail_closed, nullptr);
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("middleware_required")));
  EXPECT_THAT(audit_.all, ElementsAre("MIDDLEWARE entry-guard guard decision=Allow",
                                      HasSubstr("cannot inspect"), kRefusal));
  EXPECT_THAT(audit_.decisions(), ElementsAre(kRefusal));
  const audit::Event& told = audit_.events.back();
  EXPECT_EQ(told.disposition, audit::Disposition::blocked);
  EXPECT_EQ(told.rule->engine, "middleware");
  EXPECT_EQ(told.http_request->path, "/chat");
}

TEST_F(MiddlewareUpgradeTest, IsAFailureWhereAStageThatMustAnswerDoesNot) {
  refuse(OnError::fail_closed, [](wire::HttpRequestResult&) {
    return rpc::Status{rpc::Code::unavailable, ""};
  });
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("middleware_failed")));
  EXPECT_THAT(audit_.decisions(), ElementsAre("MIDDLEWARE entry-guard guard decision=Deny"));
}

TEST_F(MiddlewareUpgradeTest, IsRefusedWithAFindingWhereAStageGivesItABody) {
  refuse(OnError::fail_open, [](wire::HttpRequestResult& result) {
    result.set_decision(wire::DECISION_ALLOW);
    result.set_has_body(true);
    result.set_body("frames");
    return rpc::Status();
  });
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("middleware_failed")));
  const audit::Event* const failure = audit_.finding("openshell.middleware.failure");
  ASSERT_NE(failure, nullptr);
  EXPECT_EQ(failure->severity, audit::Severity::high);
  EXPECT_EQ(failure->disposition, audit::Disposition::blocked);
  EXPECT_THAT(audit_.decisions(), ElementsAre("HTTP_REQUEST deny GET a.example:8080/chat "
                                              "reason=middleware_failed: upgrade_with_body"));
}

TEST_F(MiddlewareUpgradeTest, LeavesNoAllowanceBehindWhereItsHandshakeIsMalformed) {
  std::string request(kUpgrade);
  request.erase(request.find("Sec-WebSocket-Key"),
                request.find("==\r\n") + 4 - request.find("Sec-WebSocket-Key"));
  refuse(OnError::fail_closed, nullptr, request);
  EXPECT_THAT(sent_down(), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(audit_.all,
              ElementsAre("HTTP request rejected before policy evaluation for a.example:8080"));
  EXPECT_TRUE(stage_->asked.empty());
}

TEST_F(MiddlewareUpgradeTest, IsRefusedWhereAnEntryCameMeanwhileThatMustSeeItsMessages) {
  refuse(OnError::fail_open, [this](wire::HttpRequestResult& result) {
    install(guarded(OnError::fail_closed));
    result.set_decision(wire::DECISION_ALLOW);
    return rpc::Status();
  });
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("policy_denied")));
  EXPECT_THAT(audit_.all, Contains(HasSubstr("closed after policy reload")));
  EXPECT_TRUE(audit_.decisions().empty());
}

}  // namespace
}  // namespace sallyport::relay
