// How the body of a call to inference.local comes into memory for middleware, within the bounds of
// both, and what happens where it doesn't.
#include "reference/relay/inference_chain.h"
#include "reference/relay/testing/inference_chain_fixture.h"

namespace sallyport::relay {
namespace {

using policy::OnError;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

net::Task<void> hold_permit(middleware::Admission& admission,
                            middleware::Admission::Permit& permit) {
  permit = co_await admission.acquire();
}

class InferenceChainBodyTest : public InferenceChainTest {
 protected:
  void refuse_unseen(std::string_view request, std::string_view status) {
    refuse(request, status);
    EXPECT_TRUE(stage_->asked.empty());
  }
  void select_within(OnError on_error, std::uint64_t request_bytes_max) {
    auto generation = with_routes();
    generation->limits.inference_request_bytes_max = request_bytes_max;
    select(*generation, "guard", on_error);
    install(std::move(generation));
  }
};

TEST_F(InferenceChainBodyTest, RefusesALengthOverTheChainsLimit) {
  select(OnError::fail_closed);
  refuse_unseen(call("Expect: 100-continue\r\nContent-Length: 17\r\n", ""), "403");
  EXPECT_EQ(body_disposition(), "denied");
}

TEST_F(InferenceChainBodyTest, RoutesALengthOverTheChainsLimitUnseenWhereAllFailOpen) {
  select(OnError::fail_open);
  serve_answered(call(kLonger));
  EXPECT_TRUE(stage_->asked.empty());
  EXPECT_THAT(seen_, EndsWith(std::string("\r\n\r\n").append(kForced)));
  EXPECT_EQ(body_disposition(), "fail_open");
}

TEST_F(InferenceChainBodyTest, RefusesChunksOverTheChainsLimit) {
  select(OnError::fail_open);
  refuse_unseen(chunked("11\r\n" + std::string(kLonger) + "\r\n0\r\n\r\n"), "403");
}

TEST_F(InferenceChainBodyTest, RefusesALengthOverTheHostsOwnBoundBeforeTheChain) {
  select_within(OnError::fail_open, call(kMine).size() - 1);
  refuse_unseen(call(kMine), "413");
}

TEST_F(InferenceChainBodyTest, TakesALengthOfExactlyTheHostsOwnBound) {
  select_within(OnError::fail_open, call(kMine).size());
  serve_answered(call(kMine));
  EXPECT_EQ(stage_->asked.size(), 1U);
  EXPECT_THAT(sent_down(), StartsWith("HTTP/1.1 200"));
}

TEST_F(InferenceChainBodyTest, HoldsChunksToTheSmallerOfBothBounds) {
  select_within(OnError::fail_open, chunked("").size() + kMine.size() - 1);
  refuse_unseen(chunked("10\r\n" + std::string(kMine) + "\r\n0\r\n\r\n"), "403");
}

TEST_F(InferenceChainBodyTest, CountsTheChunksAsTheHostDoes) {
  auto generation = with_routes();
  generation->limits.inference_chunks_max = 1;
  select(*generation, "guard", OnError::fail_open);
  install(std::move(generation));
  refuse_unseen(chunked("1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"), "400");
}

TEST_F(InferenceChainBodyTest, ShedsACallWithoutAPermitBeforeItsBody) {
  middleware::Admission::Permit permit;
  loop_.run(hold_permit(admission_, permit));
  select(OnError::fail_open);
  serve(call("Expect: 100-continue\r\nContent-Length: 16\r\n", ""));
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("middleware_failed")));
  EXPECT_TRUE(stage_->asked.empty());
  EXPECT_NE(audit_.finding("openshell.middleware.admission_exhausted"), nullptr);
  permit.release();
  expect_nothing_up();
}

TEST_F(InferenceChainBodyTest, GivesUpOnABodyThatComesTooSlowly) {
  select(OnError::fail_open);
  refuse_unseen(call("Content-Length: 16\r\n", "{"), "408");
}

TEST_F(InferenceChainBodyTest, AnswersChunksThatAreNone) {
  select(OnError::fail_open);
  refuse_unseen(chunked("zz\r\n"), "400");
}

TEST_F(InferenceChainBodyTest, ResetsAClientThatEndsInsideItsBody) {
  select(OnError::fail_open);
  from_client(call("Content-Length: 16\r\n", "{"));
  client_.first->shutdown_write();
  serve();
  EXPECT_EQ(sent_down(), "");
  EXPECT_TRUE(client_.second->aborted());
  expect_nothing_up();
}

TEST_F(InferenceChainBodyTest, RefusesAHeadThatStagesMadeTooLong) {
  select(OnError::fail_open);
  stage_->act = [](wire::HttpRequestResult& result) {
    result.set_decision(wire::DECISION_ALLOW);
    auto* const write = result.add_header_mutations()->mutable_write();
    write->set_name("x-openshell-middleware-tag");
    write->set_value("one too many");
    write->set_on_existing(wire::EXISTING_HEADER_ACTION_APPEND);
    return rpc::Status();
  };
  std::string fields;
  for (std::size_t i = 2; i < http::kFieldsMax; ++i) fields += "Cookie: a=1\r\n";
  refuse(call(fields + "Content-Length: 16\r\n", kMine), "403");
  EXPECT_THAT(sent_down(), HasSubstr("middleware_failed"));
}

}  // namespace
}  // namespace sallyport::relay
