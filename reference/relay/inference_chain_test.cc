// Middleware before the routes of inference.local: what stages see of a call, what they leave of
// it, and that nothing of a call that they keep out reaches its upstream.
#include "reference/relay/inference_chain.h"

#include "reference/relay/testing/inference_chain_fixture.h"

namespace sallyport::relay {
namespace {

using policy::OnError;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

FakeStage::Act replaces(std::string body) {
  return [body = std::move(body)](wire::HttpRequestResult& result) {
    result.set_decision(wire::DECISION_ALLOW);
    result.set_has_body(true);
    result.set_body(body);
    return rpc::Status();
  };
}

rpc::Status denies(wire::HttpRequestResult& result) {
  result.set_decision(wire::DECISION_DENY);
  result.set_reason_code("content_match");
  return {};
}

rpc::Status fails(wire::HttpRequestResult&) { return rpc::Status{rpc::Code::unavailable, "away"}; }

TEST_F(InferenceChainTest, ShowsTheStageTheCallAsTheAgentWroteIt) {
  select(OnError::fail_closed);
  serve_answered(
      "post /v1/./chat/completions?beta=%31 HTTP/1.1\r\nHost: inference.local\r\n"
      "Authorization: Bearer mine\r\nUser-Agent: me\r\nContent-Length: 16\r\n\r\n" +
      std::string(kMine));
  ASSERT_EQ(stage_->asked.size(), 1U);
  const wire::HttpRequestEvaluation& asked = stage_->asked.front();
  EXPECT_EQ(asked.target().scheme(), "https");
  EXPECT_EQ(asked.target().host(), "inference.local");
  EXPECT_EQ(asked.target().port(), 443U);
  EXPECT_EQ(asked.target().method(), "POST");
  EXPECT_EQ(asked.target().path(), "/v1/chat/completions");
  EXPECT_EQ(asked.target().query(), "beta=%31");
  EXPECT_EQ(asked.body(), kMine);
  EXPECT_EQ(asked.context().sandbox_id(), "sb-1");
  ASSERT_EQ(asked.headers_size(), 1);
  EXPECT_EQ(asked.headers(0).name(), "user-agent");
  EXPECT_THAT(asked.SerializeAsString(), Not(HasSubstr("operators-key")));
}

TEST_F(InferenceChainTest, RoutesWhatWasAllowedUnchangedWithItsModelForced) {
  select(OnError::fail_closed);
  serve_answered(call(kMine));
  EXPECT_THAT(seen_, AllOf(StartsWith("POST /v1/chat/completions HTTP/1.1\r\n"),
                           HasSubstr("Authorization: Bearer operators-key\r\n"),
                           EndsWith(std::string("\r\n\r\n").append(kForced))));
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("hi")));
  EXPECT_THAT(audit_.all, Contains("MIDDLEWARE entry-guard guard decision=Allow"));
  EXPECT_THAT(audit_.all, Contains(StartsWith(kRouting)));
}

TEST_F(InferenceChainTest, ForcesTheModelOnTheBodyThatTheChainLeaves) {
  select(OnError::fail_closed);
  stage_->act = replaces(R"({"model":"x"})");
  serve_answered(chunked("10\r\n" + std::string(kMine) + "\r\n0\r\n\r\n"));
  EXPECT_THAT(seen_, AllOf(HasSubstr("Content-Length: 14\r\n"), Not(HasSubstr("ransfer-")),
                           EndsWith(std::string("\r\n\r\n").append(kForced))));
}

TEST_F(InferenceChainTest, RefusesWhatTheChainLeavesWhereNoModelCanBeForcedOnIt) {
  select(OnError::fail_closed);
  stage_->act = replaces("no json");
  refuse(call(kMine), "400");
  EXPECT_THAT(sent_down(), HasSubstr("request body must be one JSON object"));
}

TEST_F(InferenceChainTest, SendsFieldsOfTheChainUpNoFurtherThanTheProfileLetsThem) {
  select(OnError::fail_closed);
  stage_->act = [](wire::HttpRequestResult& result) {
    result.set_decision(wire::DECISION_ALLOW);
    auto* const write = result.add_header_mutations()->mutable_write();
    write->set_name("x-openshell-middleware-tag");
    write->set_value("seen");
    write->set_on_existing(wire::EXISTING_HEADER_ACTION_OVERWRITE);
    result.add_header_mutations()->mutable_remove()->set_name("user-agent");
    return rpc::Status();
  };
  serve_answered(call("User-Agent: me\r\nAccept: */*\r\nContent-Length: 16\r\n", kMine));
  EXPECT_THAT(seen_, AllOf(HasSubstr("Accept: */*\r\n"), Not(HasSubstr("me\r\n")),
                           Not(HasSubstr("x-openshell-middleware"))));
}

TEST_F(InferenceChainTest, SendsNothingUpOfWhatWasDenied) {
  select(OnError::fail_open);
  stage_->act = denies;
  refuse(call(kMine), "403");
  EXPECT_THAT(
      sent_down(),
      AllOf(HasSubstr("X-OpenShell-Policy: inference.local\r\n"), HasSubstr("Connection: close"),
            EndsWith(R"({"error":"middleware_denied","detail":"Request rejected by )"
                     R"(configured middleware","middleware":"entry-guard",)"
                     R"("reason_code":"content_match","policy":"inference.local",)"
                     R"("layer":"l7","method":"POST","path":"/v1/chat/completions",)"
                     R"("host":"inference.local","port":443})")));
  ASSERT_EQ(audit_.events.size(), 1U);
  const audit::Event& event = audit_.events.front();
  EXPECT_EQ(event.message, "MIDDLEWARE entry-guard guard decision=Deny");
  ASSERT_TRUE(event.source);
  EXPECT_EQ(event.source->host, "10.0.0.2");
}

TEST_F(InferenceChainTest, SendsNothingUpWhereAnEntryFailsClosed) {
  select(OnError::fail_closed);
  stage_->act = fails;
  refuse(call(kMine), "403");
  EXPECT_THAT(sent_down(), HasSubstr(R"({"error":"middleware_failed",)"));
  const audit::Event* const failure = audit_.finding("openshell.middleware.failure");
  ASSERT_NE(failure, nullptr);
  EXPECT_EQ(failure->severity, audit::Severity::high);
}

TEST_F(InferenceChainTest, RoutesTheCallAsItWasWhereTheEntryFailsOpen) {
  select(OnError::fail_open);
  stage_->act = fails;
  serve_answered(call(kMine));
  EXPECT_THAT(seen_, EndsWith(std::string("\r\n\r\n").append(kForced)));
  EXPECT_NE(audit_.finding("openshell.middleware.failure"), nullptr);
}

TEST_F(InferenceChainTest, AsksTheOnErrorOfAServiceThatIsNotThere) {
  select(OnError::fail_closed, "absent");
  refuse(call(kMine), "403");
  EXPECT_THAT(sent_down(), HasSubstr("middleware_failed"));
}

TEST_F(InferenceChainTest, RoutesUnseenWhatOnlyAnAbsentServiceWouldSee) {
  select(OnError::fail_open, "absent");
  serve_answered(chunked("11\r\n" + std::string(kLonger) + "\r\n0\r\n\r\n"));
  EXPECT_THAT(seen_, EndsWith(std::string("\r\n\r\n").append(kForced)));
}

TEST_F(InferenceChainTest, IsSelectedByItsNameAlone) {
  for (const char* const glob : {"**", "*.local"}) {
    auto generation = with_routes();
    select(*generation, "guard", OnError::fail_closed, glob);
    install(std::move(generation));
  }
  stage_->act = denies;
  serve_answered(call(kMine));
  EXPECT_TRUE(stage_->asked.empty());
  EXPECT_THAT(sent_down(), StartsWith("HTTP/1.1 200"));
}

TEST_F(InferenceChainTest, IsLeftOutByAnExclusion) {
  auto generation = with_routes();
  select(*generation, "guard", OnError::fail_closed);
  generation->policy.network_middlewares.back().endpoints.exclude.assign(
      1, *policy::SelectorPattern::parse("**"));
  install(std::move(generation));
  serve_answered(call(kMine));
  EXPECT_TRUE(stage_->asked.empty());
  EXPECT_THAT(sent_down(), StartsWith("HTTP/1.1 200"));
}

TEST_F(InferenceChainTest, ShowsAGetWithoutABody) {
  select(OnError::fail_closed);
  serve_answered("GET /v1/models HTTP/1.1\r\nHost: inference.local\r\n\r\n");
  ASSERT_EQ(stage_->asked.size(), 1U);
  EXPECT_EQ(stage_->asked[0].body(), "");
  EXPECT_THAT(seen_, StartsWith("GET /v1/models HTTP/1.1\r\n"));
}

TEST_F(InferenceChainTest, TakesTheChainOfTheGenerationThatARequestFinds) {
  select(OnError::fail_closed);
  stage_->act = [this](wire::HttpRequestResult& result) {
    install(with_routes());
    result.set_decision(wire::DECISION_ALLOW);
    return rpc::Status();
  };
  serve_answered(call(kMine) + call(kMine), 2);
  EXPECT_EQ(stage_->asked.size(), 1U);
  const std::size_t first = sent_down().find("HTTP/1.1 200");
  EXPECT_NE(sent_down().find("HTTP/1.1 200", first + 1), std::string::npos);
}

class InferenceChainBeforeTest : public InferenceChainTest,
                                 public ::testing::WithParamInterface<const char*> {};

TEST_P(InferenceChainBeforeTest, ShowsNobodyWhatIsAnsweredBeforeIt) {
  select(OnError::fail_closed);
  refuse(GetParam(), "40");
  EXPECT_TRUE(stage_->asked.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Requests, InferenceChainBeforeTest,
    ::testing::Values("GET /v1/files HTTP/1.1\r\nHost: inference.local\r\n\r\n",
                      "GET /v1/%zz HTTP/1.1\r\nHost: inference.local\r\n\r\n",
                      "GET /v1/models HTTP/1.1\r\nHost: other.example\r\n\r\n",
                      "GET /v1/models HTTP/1.1\r\nHost : inference.local\r\n\r\n"));

}  // namespace
}  // namespace sallyport::relay
