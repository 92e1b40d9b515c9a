#include "reference/relay/middleware.h"

#include "reference/relay/testing/http_fixture.h"

namespace sallyport::relay {
namespace {

using policy::OnError;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
constexpr std::string_view kPost =
    "POST /v1/chat?q=1 HTTP/1.1\r\nHost: a.example:8080\r\nAuthorization: Bearer x\r\n"
    "X-One: 1\r\nContent-Length: 5\r\n\r\nhello";

rpc::Status unavailable(wire::HttpRequestResult&) {
  return rpc::Status{rpc::Code::unavailable, "no words of a service leave the process"};
}

rpc::Status denies(wire::HttpRequestResult& result) {
  result.set_decision(wire::DECISION_DENY);
  result.set_reason("a service's secret words");
  result.set_reason_code("content_match");
  return {};
}

class MiddlewareTest : public HttpTest {
 protected:
  // One request through one entry whose stage acts so, and an upstream that answers.
  void pass(OnError on_error, FakeStage::Act act, std::string_view request = kPost) {
    guard(on_error);
    stage_->act = std::move(act);
    answer({std::string(kOk)});
    from_client(request);
    run();
  }
  [[nodiscard]] bool told(std::string_view message) const {
    return std::find(audit_.all.begin(), audit_.all.end(), message) != audit_.all.end();
  }
};

TEST_F(MiddlewareTest, ShowsTheStageTheRequestWithoutWhatIsHidden) {
  pass(OnError::fail_closed, nullptr);
  ASSERT_EQ(stage_->asked.size(), 1U);
  const wire::HttpRequestEvaluation& asked = stage_->asked.front();
  EXPECT_EQ(asked.target().scheme(), "http");
  EXPECT_EQ(asked.target().host(), "a.example");
  EXPECT_EQ(asked.target().port(), 8080U);
  EXPECT_EQ(asked.target().method(), "POST");
  EXPECT_EQ(asked.target().path(), "/v1/chat");
  EXPECT_EQ(asked.target().query(), "q=1");
  EXPECT_EQ(asked.body(), "hello");
  EXPECT_EQ(asked.middleware_name(), "guard");
  EXPECT_EQ(asked.context().sandbox_id(), "sb-1");
  EXPECT_EQ(asked.context().sandbox_name(), "box");
  EXPECT_EQ(asked.context().workspace(), "space");
  EXPECT_EQ(asked.context().request_id().size(), 36U);
  EXPECT_EQ(asked.context().request_id()[14], '4');
  ASSERT_EQ(asked.headers_size(), 1);
  EXPECT_EQ(asked.headers(0).name(), "x-one");
}

TEST_F(MiddlewareTest, SendsExactlyTheRequestThatWasAllowed) {
  pass(OnError::fail_closed, nullptr);
  EXPECT_THAT(seen_, AllOf(StartsWith("POST /v1/chat?q=1 HTTP/1.1\r\n"),
                           HasSubstr("Authorization: Bearer x\r\n"), HasSubstr("X-One: 1\r\n"),
                           HasSubstr("ontent-"), EndsWith("\r\n\r\nhello")));
  EXPECT_THAT(sent_down(), StartsWith("HTTP/1.1 200 OK"));
  EXPECT_TRUE(told("MIDDLEWARE entry-guard guard decision=Allow"));
}

TEST_F(MiddlewareTest, FailsClosedWithNotAByteSentUp) {
  guard(OnError::fail_closed);
  stage_->act = unavailable;
  from_client(kPost);
  run();
  EXPECT_EQ(sent_up(), "");
  EXPECT_THAT(sent_down(),
              AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("X-OpenShell-Policy: api\r\n"),
                    HasSubstr("Connection: close"),
                    EndsWith(R"({"error":"middleware_failed","detail":"Request could not be )"
                             R"(processed by configured middleware","policy":"api","layer":"l7",)"
                             R"("method":"POST","path":"/v1/chat","host":"a.example",)"
                             R"("port":8080})")));
  const audit::Event* const failure = audit_.finding("openshell.middleware.failure");
  ASSERT_NE(failure, nullptr);
  EXPECT_EQ(failure->severity, audit::Severity::high);
  EXPECT_TRUE(told("MIDDLEWARE entry-guard guard decision=Deny"));
}

TEST_F(MiddlewareTest, NamesTheProgramThatAskedWhereItIsKnown) {
  guard(OnError::fail_open);
  grant_.identity.program = policy::Program{"/usr/bin/curl", {}, {}, 7};
  stage_->act = denies;
  from_client(kPost);
  run();
  EXPECT_THAT(sent_down(), EndsWith(R"("host":"a.example","port":8080,"binary":"/usr/bin/curl"})"));
}

TEST_F(MiddlewareTest, FailsOpenWithExactlyTheRequestAndAFinding) {
  pass(OnError::fail_open, unavailable);
  EXPECT_THAT(seen_, AllOf(HasSubstr("X-One: 1\r\n"), EndsWith("\r\n\r\nhello")));
  EXPECT_THAT(sent_down(), StartsWith("HTTP/1.1 200 OK"));
  const audit::Event* const failure = audit_.finding("openshell.middleware.failure");
  ASSERT_NE(failure, nullptr);
  EXPECT_EQ(failure->severity, audit::Severity::medium);
  EXPECT_EQ(failure->finding->title, "Supervisor middleware failed open");
}

TEST_F(MiddlewareTest, LetsADenialBeatFailOpen) {
  guard(OnError::fail_open);
  stage_->act = denies;
  from_client(kPost);
  run();
  EXPECT_EQ(sent_up(), "");
  EXPECT_THAT(sent_down(),
              AllOf(StartsWith("HTTP/1.1 403"), HasSubstr(R"("error":"middleware_denied")"),
                    HasSubstr(R"("middleware":"entry-guard")"),
                    HasSubstr(R"("reason_code":"content_match")"), Not(HasSubstr("secret words"))));
  for (const audit::Event& event : audit_.events) {
    EXPECT_THAT(event.message + event.status_detail, Not(HasSubstr("secret words")));
  }
}

TEST_F(MiddlewareTest, GivesTheLengthOfAReplacedBody) {
  pass(OnError::fail_closed, [](wire::HttpRequestResult& result) {
    result.set_decision(wire::DECISION_ALLOW);
    result.set_has_body(true);
    result.set_body("longer text");
    return rpc::Status();
  });
  EXPECT_THAT(seen_, AllOf(HasSubstr("ontent-length: 11\r\n"), Not(HasSubstr("ength: 5")),
                           EndsWith("\r\n\r\nlonger text")));
}

TEST_F(MiddlewareTest, SendsAnEmptyBodyThatReplacedOneWithItsLength) {
  pass(OnError::fail_closed, [](wire::HttpRequestResult& result) {
    result.set_decision(wire::DECISION_ALLOW);
    result.set_has_body(true);
    return rpc::Status();
  });
  EXPECT_THAT(seen_, AllOf(HasSubstr("ontent-length: 0\r\n"), EndsWith("\r\n\r\n")));
}

TEST_F(MiddlewareTest, LeavesARequestWithoutABodyWithoutFraming) {
  pass(OnError::fail_closed, nullptr, "GET / HTTP/1.1\r\nHost: a.example:8080\r\n\r\n");
  EXPECT_THAT(seen_, AllOf(EndsWith("\r\n\r\n"), Not(HasSubstr("ength"))));
}

TEST_F(MiddlewareTest, MakesTheChangesOfHeadersOnTheWire) {
  pass(OnError::fail_closed, [](wire::HttpRequestResult& result) {
    result.set_decision(wire::DECISION_ALLOW);
    auto* const write = result.add_header_mutations()->mutable_write();
    write->set_name("x-openshell-middleware-tag");
    write->set_value("seen");
    write->set_on_existing(wire::EXISTING_HEADER_ACTION_APPEND);
    result.add_header_mutations()->mutable_remove()->set_name("x-one");
    return rpc::Status();
  });
  EXPECT_THAT(seen_, AllOf(HasSubstr("x-openshell-middleware-tag: seen\r\n"),
                           HasSubstr("Authorization: Bearer x\r\n"), Not(HasSubstr("X-One"))));
}

TEST_F(MiddlewareTest, RefusesAStageThatReachesForWhatIsHidden) {
  guard(OnError::fail_closed);
  stage_->act = [](wire::HttpRequestResult& result) {
    result.set_decision(wire::DECISION_ALLOW);
    result.add_header_mutations()->mutable_remove()->set_name("authorization");
    return rpc::Status();
  };
  from_client(kPost);
  run();
  EXPECT_EQ(sent_up(), "");
  EXPECT_THAT(sent_down(), HasSubstr("middleware_failed"));
}

TEST_F(MiddlewareTest, ServesTheNextRequestOnTheSameConnection) {
  guard(OnError::fail_closed);
  answer({std::string(kOk), std::string(kOk)});
  from_client(std::string(kPost) + "GET /2 HTTP/1.1\r\nHost: a.example:8080\r\n\r\n");
  run();
  EXPECT_EQ(stage_->asked.size(), 2U);
  EXPECT_NE(stage_->asked[0].context().request_id(), stage_->asked[1].context().request_id());
  EXPECT_THAT(sent_down(), HasSubstr("hiHTTP/1.1 200 OK"));
}

TEST_F(MiddlewareTest, AsksNobodyForAHostThatNoEntrySelects) {
  auto generation = make_generation();
  add_entry(*generation, "guard", OnError::fail_closed);
  generation->policy.network_middlewares.front().endpoints.exclude.push_back(
      *policy::SelectorPattern::parse("a.example"));
  install(std::move(generation));
  open_tunnel();
  stage_->act = unavailable;
  answer({std::string(kOk)});
  from_client(kPost);
  run();
  EXPECT_TRUE(stage_->asked.empty());
  EXPECT_THAT(sent_down(), StartsWith("HTTP/1.1 200 OK"));
  EXPECT_THAT(audit_.all, Not(Contains(StartsWith("MIDDLEWARE"))));
}

TEST_F(MiddlewareTest, FailsClosedForAnImplementationThatIsNotRegistered) {
  auto generation = make_generation();
  add_entry(*generation, "absent", OnError::fail_closed);
  install(std::move(generation));
  open_tunnel();
  from_client(kPost);
  run();
  EXPECT_EQ(sent_up(), "");
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("middleware_failed")));
}

TEST_F(MiddlewareTest, StreamsWhatIsForUnregisteredImplementationsThatFailOpen) {
  auto generation = make_generation();
  add_entry(*generation, "absent", OnError::fail_open);
  install(std::move(generation));
  open_tunnel();
  answer({std::string(kOk)});
  from_client(
      "POST / HTTP/1.1\r\nHost: a.example:8080\r\nTransfer-Encoding: chunked\r\n\r\n"
      "4;x=y\r\nwiki\r\n0\r\n\r\n");
  run();
  EXPECT_THAT(seen_, AllOf(HasSubstr("Transfer-Encoding: chunked\r\n"),
                           EndsWith("\r\n\r\n4;x=y\r\nwiki\r\n0\r\n\r\n")));
  EXPECT_NE(audit_.finding("openshell.middleware.failure"), nullptr);
}

TEST_F(MiddlewareTest, KeepsItsGenerationsChainWhileItWaits) {
  pass(OnError::fail_closed, [this](wire::HttpRequestResult& result) {
    install(make_generation());
    result.set_decision(wire::DECISION_ALLOW);
    return rpc::Status();
  });
  EXPECT_THAT(sent_down(), StartsWith("HTTP/1.1 200 OK"));
}

TEST_F(MiddlewareTest, UsesTheChainOfANewGenerationFromTheNextRequestOn) {
  auto generation = make_generation();
  add_entry(*generation, "guard", OnError::fail_closed);
  install(std::move(generation));
  stage_->act = denies;
  from_client(kPost);
  run();
  EXPECT_THAT(sent_down(), HasSubstr("middleware_denied"));
}

TEST_F(MiddlewareTest, AnswersHeadWithoutABody) {
  guard(OnError::fail_closed);
  stage_->act = denies;
  from_client("HEAD / HTTP/1.1\r\nHost: a.example:8080\r\n\r\n");
  run();
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 403"), EndsWith("\r\n\r\n")));
}

}  // namespace
}  // namespace sallyport::relay
