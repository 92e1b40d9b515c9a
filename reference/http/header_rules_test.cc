#include "reference/http/header_rules.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace sallyport::http {
namespace {

// The text stays alive beside the head that points into it.
struct Request {
  explicit Request(std::string bytes) : text(std::move(bytes)) {
    auto parsed = parse_request_head(text);
    if (!parsed) throw std::invalid_argument(parsed.error().message());
    head = *std::move(parsed);
  }
  std::string text;
  RequestHead head;
};

std::string forward(const Request& request) {
  const auto absolute = parse_absolute_form(request.head.target);
  const auto target = canonical_target(request.head.target);
  const auto framing = request_framing(request.head);
  return build_forward_head(request.head, *target, absolute->authority, *framing);
}

TEST(ForwardHead, IsOriginFormWithCanonicalHostAndVia) {
  const Request request(
      "GET http://A.test:80/x/../y?q=%zz HTTP/1.1\r\nHost: a.test\r\nAccept: */*\r\n\r\n");
  EXPECT_EQ(forward(request),
            "GET /y?q=%zz HTTP/1.1\r\nHost: a.test\r\nAccept: */*\r\n"
            "Via: 1.1 openshell-sandbox\r\n\r\n");
}

TEST(ForwardHead, GeneratesAHostThatIsMissing) {
  EXPECT_EQ(forward(Request("GET http://[0::1]:81/ HTTP/1.0\r\n\r\n")),
            "GET / HTTP/1.0\r\nHost: [::1]:81\r\nVia: 1.1 openshell-sandbox\r\n\r\n");
}

TEST(ForwardHead, KeepsAVia) {
  EXPECT_EQ(forward(Request("GET http://a/ HTTP/1.1\r\nHost: a\r\nVia: 1.0 x\r\n\r\n")),
            "GET / HTTP/1.1\r\nHost: a\r\nVia: 1.0 x\r\n\r\n");
}

TEST(ForwardHead, RemovesWhatIsMeantForTheProxyAndWhatConnectionNames) {
  const Request request(
      "GET http://a/ HTTP/1.1\r\nHost: a\r\nProxy-Connection: keep-alive\r\n"
      "Proxy-Authorization: Basic x\r\nProxy-Authenticate: y\r\nConnection: X-Hop, x-b, upgrade\r\n"
      "X-Hop: 1\r\nX-B: 2\r\nX-Keep: 3\r\nUpgrade: websocket\r\nKeep-Alive: 5\r\nTE: trailers\r\n"
      "Via: v\r\n\r\n");
  EXPECT_EQ(forward(request), "GET / HTTP/1.1\r\nHost: a\r\nX-Keep: 3\r\nVia: v\r\n\r\n");
}

TEST(ForwardHead, WritesTheFramingThatWasJudged) {
  EXPECT_EQ(forward(Request("POST http://a/ HTTP/1.1\r\nHost: a\r\nVia: v\r\n"
                            "Content-Length: 005\r\nContent-Length: 5\r\n\r\n")),
            "POST / HTTP/1.1\r\nHost: a\r\nVia: v\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(forward(Request("POST http://a/ HTTP/1.1\r\nHost: a\r\nVia: v\r\n"
                            "Transfer-Encoding: Chunked\r\n\r\n")),
            "POST / HTTP/1.1\r\nHost: a\r\nVia: v\r\nTransfer-Encoding: chunked\r\n\r\n");
}

TEST(TunnelHead, KeepsHostAndAddsNothing) {
  const Request request(
      "POST /a//b HTTP/1.1\r\nHost: A.test\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\n"
      "Cookie: c\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(
      build_tunnel_head(request.head, *canonical_target("/a//b"), *request_framing(request.head)),
      "POST /a/b HTTP/1.1\r\nHost: A.test\r\nCookie: c\r\nContent-Length: 3\r\n\r\n");
}

TEST(Upgrade, IsToldApart) {
  const auto upgrade = [](std::string_view lines) {
    const Request request("GET / HTTP/1.1\r\nHost: a\r\n" + std::string(lines) + "\r\n");
    return upgrade_of(request.head);
  };
  EXPECT_EQ(upgrade(""), Upgrade::none);
  EXPECT_EQ(upgrade("Upgrade: websocket\r\n"), Upgrade::none);
  EXPECT_EQ(upgrade("Connection: Upgrade\r\n"), Upgrade::none);
  EXPECT_EQ(upgrade("Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"),
            Upgrade::websocket);
  EXPECT_EQ(upgrade("Connection: upgrade, http2-settings\r\nUpgrade: h2c\r\n"), Upgrade::h2c);
  EXPECT_EQ(upgrade("Connection: upgrade\r\nUpgrade: websocket, h2c\r\n"), Upgrade::h2c);
  EXPECT_EQ(upgrade("Connection: upgrade\r\nUpgrade: tls/1.0\r\n"), Upgrade::other);
}

std::string answer(std::string_view text, AnswerHeadOptions options) {
  const auto head = parse_answer_head(text);
  if (!head) return head.error().message();
  return build_answer_head(*head, options);
}

TEST(AnswerHead, PassesWithoutTheConnectionsOwnFields) {
  AnswerHeadOptions options;
  options.framing = Framing{BodyKind::length, 5};
  EXPECT_EQ(answer("HTTP/1.0 299 Odd one\r\nServer: s\r\nConnection: keep-alive, X-Hop\r\n"
                   "Keep-Alive: 5\r\nX-Hop: 1\r\nProxy-Connection: x\r\nContent-Length: 5\r\n"
                   "Set-Cookie: a\r\nSet-Cookie: b\r\n\r\n",
                   options),
            "HTTP/1.1 299 Odd one\r\nServer: s\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n"
            "Content-Length: 5\r\n\r\n");
}

TEST(AnswerHead, SaysCloseWhenItEndsWithTheConnection) {
  AnswerHeadOptions options;
  options.framing.kind = BodyKind::until_close;
  EXPECT_EQ(answer("HTTP/1.1 200 OK\r\n\r\n", options),
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
  options.framing.kind = BodyKind::chunked;
  options.close = true;
  EXPECT_EQ(answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", options),
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
}

TEST(AnswerHead, DeclaresForHeadAnd304WhatTheUpstreamDeclared) {
  EXPECT_EQ(answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", {}),
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(answer("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", {}),
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(answer("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", {}),
            "HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(answer("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", {}),
            "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
}

}  // namespace
}  // namespace sallyport::http
