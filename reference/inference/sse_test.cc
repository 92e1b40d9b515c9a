#include "reference/inference/sse.h"

#include <gtest/gtest.h>

#include <string>

#include "reference/inference/errors.h"

namespace sallyport::inference {
namespace {

TEST(SseError, IsOneEventOfTheFieldSystemsForm) {
  EXPECT_EQ(sse_error_event(kCutIdle),
            "data: {\"error\":{\"message\":\"response truncated: chunk idle timeout exceeded\","
            "\"type\":\"proxy_stream_error\"}}\n\n");
}

TEST(SseError, CantBeMadeToOpenAnotherEvent) {
  const std::string event = sse_error_event("a\n\ndata: x\r\rb\"\\\x01");
  EXPECT_EQ(event.find("\n\n"), event.size() - 2);
  EXPECT_EQ(event.find('\n'), event.size() - 2);
  EXPECT_EQ(event.find('\r'), std::string::npos);
}

TEST(SseError, StandsInPlainEventStreamsOnly) {
  const auto takes = [](std::string_view fields) {
    return takes_sse_events(
        *http::parse_answer_head("HTTP/1.1 200 OK\r\n" + std::string(fields) + "\r\n"));
  };
  EXPECT_TRUE(takes("Content-Type: Text/Event-Stream; charset=utf-8\r\n"));
  EXPECT_FALSE(takes("Content-Type: application/json\r\n"));
  EXPECT_FALSE(takes("Content-Type: text/event-stream\r\nContent-Encoding: gzip\r\n"));
  EXPECT_FALSE(takes(""));
}

TEST(SseError, StandsInNoStreamThatASecondLineMakesSomethingElse) {
  const auto takes = [](std::string_view fields) {
    return takes_sse_events(*http::parse_answer_head(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n" + std::string(fields) + "\r\n"));
  };
  EXPECT_TRUE(takes("Content-Encoding: identity\r\nContent-Encoding: identity\r\n"));
  EXPECT_FALSE(takes("Content-Encoding: identity\r\nContent-Encoding: gzip\r\n"));
  EXPECT_FALSE(takes("Content-Encoding: gzip\r\nContent-Encoding: identity\r\n"));
  EXPECT_FALSE(takes("Content-Type: application/json\r\n"));
}

TEST(EventEnd, IsABlankLineWhateverEndsItsLinesAndHoweverItCame) {
  const auto amid = [](std::initializer_list<std::string_view> pieces) {
    EventEnd end;
    for (const std::string_view piece : pieces) end.take(piece);
    return end.amid();
  };
  EXPECT_FALSE(amid({}));
  EXPECT_FALSE(amid({"data: a\n\n"}));
  EXPECT_FALSE(amid({"data: a\r\n\r\n"}));
  EXPECT_FALSE(amid({"data: a\r\r"}));
  EXPECT_FALSE(amid({"data: a\n", "\n"}));
  EXPECT_FALSE(amid({"data: a\r", "\n", "\r", "\n"}));
  EXPECT_FALSE(amid({"data: a\n\n", ""}));
  EXPECT_TRUE(amid({"data: a"}));
  EXPECT_TRUE(amid({"data: a\n"}));
  EXPECT_TRUE(amid({"data: a\r\n"}));
  EXPECT_TRUE(amid({"data: a\n\n", "d"}));
  EXPECT_TRUE(amid({"data: a\n\ndata: b\n"}));
}

TEST(ClientHead, LosesHopByHopFieldsAndTheUpstreamsFraming) {
  const auto answer = http::parse_answer_head(
      "HTTP/1.1 529 Overloaded\r\nContent-Length: 5\r\nConnection: keep-alive\r\nKeep-Alive: x\r\n"
      "Proxy-Authenticate: p\r\nTrailer: t\r\nUpgrade: u\r\nX-Request-Id: 1\r\n"
      "Content-Type: text/event-stream\r\nSet-Cookie: c\r\n\r\n");
  ASSERT_TRUE(answer);
  const http::Framing chunked{http::BodyKind::chunked, 0};
  EXPECT_EQ(build_client_head(*answer, chunked, false),
            "HTTP/1.1 529 Overloaded\r\nX-Request-Id: 1\r\nContent-Type: text/event-stream\r\n"
            "Set-Cookie: c\r\nTransfer-Encoding: chunked\r\n\r\n");
  const http::Framing length{http::BodyKind::length, 7};
  EXPECT_NE(build_client_head(*answer, length, true)
                .find("\r\nContent-Length: 7\r\nConnection: close\r\n\r\n"),
            std::string::npos);
}

TEST(InferenceError, HasTheFieldSystemsStatusBodyAndConnection) {
  struct Row {
    ErrorKind kind;
    unsigned status;
    std::string_view body;
    bool close;
  };
  const Row rows[] = {
      {ErrorKind::malformed, 400, "Bad Request", true},
      {ErrorKind::too_large, 413, "Payload Too Large", true},
      {ErrorKind::bad_target, 400, R"({"error":"request-target must be canonical"})", true},
      {ErrorKind::not_inference, 403, R"({"error":"connection not allowed by policy"})", true},
      {ErrorKind::not_configured, 503,
       R"({"error":"cluster inference is not configured",)"
       R"("hint":"run: openshell cluster inference set --help"})",
       false},
      {ErrorKind::no_route, 400, R"({"error":"no compatible inference route available"})", false},
      {ErrorKind::unavailable, 503, R"({"error":"inference service unavailable"})", false},
      {ErrorKind::upstream_broken, 502, R"({"error":"inference service error"})", false}};
  for (const Row& row : rows) {
    const http::LocalAnswer answer = inference_error(row.kind);
    EXPECT_EQ(answer.status, row.status);
    EXPECT_EQ(answer.body, row.body);
    EXPECT_EQ(answer.close, row.close);
  }
}

TEST(InferenceError, IsFoundForEachErrorOfTheModule) {
  EXPECT_EQ(kind_of(make_error_code(InferenceErrc::bad_target)), ErrorKind::bad_target);
  EXPECT_EQ(kind_of(make_error_code(InferenceErrc::body_encoded)), ErrorKind::body_encoded);
  EXPECT_EQ(kind_of(http::make_error_code(http::HttpErrc::bad_length)), ErrorKind::malformed);
}

}  // namespace
}  // namespace sallyport::inference
