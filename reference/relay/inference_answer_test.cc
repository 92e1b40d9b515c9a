#include "reference/relay/inference_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/net/io.h"
#include "reference/net/testing/fake_stream.h"
#include "reference/net/testing/run.h"

namespace sallyport::relay {
namespace {

using net::testing::FakePair;
using net::testing::TestLoop;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class InferenceAnswerTest : public ::testing::Test {
 protected:
  InferenceAnswerTest() {
    generation_->limits.chunk_idle = std::chrono::milliseconds(20);
    request_.generation = generation_;
  }
  void from_upstream(std::string_view text) {
    iovec piece = net::as_iovec(text);
    ASSERT_TRUE(upstream_.second->try_write(std::span<const iovec>(&piece, 1)));
  }
  static http::AnswerHead head(std::string_view fields) {
    auto parsed = http::parse_answer_head("HTTP/1.1 200 OK\r\n" + std::string(fields) + "\r\n");
    EXPECT_TRUE(parsed);
    return std::move(*parsed);
  }
  RouteResult stream(std::string_view fields, http::BodyKind kind, std::uint64_t length = 0) {
    const http::AnswerHead answer = head(fields);
    return loop_.run(stream_answer(request_, answer, {kind, length}, upstream_inlet_, client_inlet_,
                                   loop_.clock));
  }
  RouteResult buffer(http::BodyKind kind, std::uint64_t length = 0) {
    const http::AnswerHead answer = head("Content-Type: application/json\r\n");
    return loop_.run(buffer_answer(request_, answer, {kind, length}, upstream_inlet_, client_inlet_,
                                   loop_.clock, loop_.in(1000)));
  }
  [[nodiscard]] const std::string& sent() const { return client_.second->written(); }

  TestLoop loop_;
  FakePair client_ = net::testing::make_fake_pair(loop_.executor(), loop_.deadlines);
  FakePair upstream_ = net::testing::make_fake_pair(loop_.executor(), loop_.deadlines);
  net::BufferPool buffers_;
  Inlet client_inlet_{*client_.second, buffers_};
  Inlet upstream_inlet_{*upstream_.first, buffers_};
  std::shared_ptr<egress::Generation> generation_ = std::make_shared<egress::Generation>();
  RouteRequest request_;
};

constexpr std::string_view kSse = "Content-Type: text/event-stream\r\n";

TEST_F(InferenceAnswerTest, StreamsEachChunkAsOneChunk) {
  from_upstream("9\r\ndata: a\n\n\r\n9\r\ndata: b\n\n\r\n0\r\n\r\n");
  const RouteResult result = stream(kSse, http::BodyKind::chunked);
  EXPECT_FALSE(result.truncated);
  EXPECT_TRUE(result.client_keeps);
  EXPECT_THAT(sent(), EndsWith("\r\n\r\n9\r\ndata: a\n\n\r\n9\r\ndata: b\n\n\r\n0\r\n\r\n"));
}

TEST_F(InferenceAnswerTest, MarksACutStreamOfEventsBeforeItsTerminator) {
  from_upstream("9\r\ndata: a\n\n\r\n");
  upstream_.second->shutdown_write();
  const RouteResult result = stream(kSse, http::BodyKind::chunked);
  EXPECT_TRUE(result.truncated);
  EXPECT_TRUE(result.client_keeps);
  EXPECT_THAT(sent(), AllOf(HasSubstr("upstream read error"), HasSubstr("proxy_stream_error"),
                            EndsWith("\r\n0\r\n\r\n")));
}

TEST_F(InferenceAnswerTest, ResetsTheClientWhenAStreamIsCutAmidAnEvent) {
  from_upstream("9\r\ndata: a\n\n\r\na\r\ndata: {\"id\r\n");
  upstream_.second->shutdown_write();
  const RouteResult result = stream(kSse, http::BodyKind::chunked);
  EXPECT_TRUE(result.truncated);
  EXPECT_FALSE(result.client_keeps);
  EXPECT_TRUE(client_.second->aborted());
  EXPECT_THAT(sent(), EndsWith("data: {\"id\r\n"));
}

TEST_F(InferenceAnswerTest, MarksAStreamThatFellSilent) {
  from_upstream("9\r\ndata: a\n\n\r\n");
  EXPECT_TRUE(stream(kSse, http::BodyKind::chunked).truncated);
  EXPECT_THAT(sent(), HasSubstr("chunk idle timeout exceeded"));
}

TEST_F(InferenceAnswerTest, MarksAStreamThatGrewTooLarge) {
  generation_->limits.inference_response_bytes_max = 10;
  from_upstream("9\r\ndata: a\n\n\r\n9\r\ndata: b\n\n\r\n0\r\n\r\n");
  EXPECT_TRUE(stream(kSse, http::BodyKind::chunked).truncated);
  EXPECT_THAT(sent(),
              AllOf(HasSubstr("exceeded maximum streaming body size"), Not(HasSubstr("data: b"))));
}

TEST_F(InferenceAnswerTest, ResetsTheClientWhenSomethingElseThanEventsIsCut) {
  from_upstream("{\"half\":");
  upstream_.second->shutdown_write();
  const RouteResult result =
      stream("Content-Type: application/json\r\n", http::BodyKind::length, 20);
  EXPECT_TRUE(result.truncated);
  EXPECT_FALSE(result.client_keeps);
  EXPECT_TRUE(client_.second->aborted());
  EXPECT_THAT(sent(), Not(HasSubstr("proxy_stream_error")));
}

TEST_F(InferenceAnswerTest, StreamsWithoutChunksToAnOldClientAndCloses) {
  request_.client_version_minor = 0;
  from_upstream("2\r\nok\r\n0\r\n\r\n");
  EXPECT_FALSE(stream(kSse, http::BodyKind::chunked).client_keeps);
  EXPECT_THAT(sent(), EndsWith("\r\n\r\nok"));
}

TEST_F(InferenceAnswerTest, BuffersAndSendsTheLength) {
  from_upstream("2\r\n{}\r\n0\r\n\r\n");
  const RouteResult result = buffer(http::BodyKind::chunked);
  EXPECT_FALSE(result.error);
  EXPECT_TRUE(result.client_keeps);
  EXPECT_THAT(sent(),
              AllOf(StartsWith("HTTP/1.1 200"), EndsWith("\r\n\r\n{}"), Not(HasSubstr("chunked"))));
}

TEST_F(InferenceAnswerTest, CountsTheTokensOfAStreamAsItPasses) {
  from_upstream("data: {\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\n");
  upstream_.second->shutdown_write();
  const RouteResult result = stream(kSse, http::BodyKind::until_close);
  EXPECT_EQ(result.usage.input_tokens, 3U);
  EXPECT_EQ(result.usage.output_tokens, 4U);
}

TEST_F(InferenceAnswerTest, CountsTheTokensOfABufferedAnswer) {
  from_upstream(R"({"usage":{"prompt_tokens":5}})");
  const RouteResult result = buffer(http::BodyKind::length, 29);
  EXPECT_EQ(result.usage.input_tokens, 5U);
  EXPECT_FALSE(result.usage.output_tokens);
}

TEST_F(InferenceAnswerTest, SendsNothingOfABufferedAnswerThatBroke) {
  from_upstream("{");
  upstream_.second->shutdown_write();
  EXPECT_EQ(buffer(http::BodyKind::length, 2).error, inference::ErrorKind::upstream_broken);
  EXPECT_EQ(sent(), "");
}

TEST_F(InferenceAnswerTest, RefusesABufferedAnswerOverTheLimitAtItsLength) {
  generation_->limits.inference_response_bytes_max = 10;
  EXPECT_EQ(buffer(http::BodyKind::length, 11).error, inference::ErrorKind::upstream_broken);
  EXPECT_EQ(sent(), "");
}

}  // namespace
}  // namespace sallyport::relay
