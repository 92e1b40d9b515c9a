// WebSocket answers, against a client written here by hand.
#include "simulator/providers/websocket_peer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulator/providers/testing/bench.h"

namespace sallyport::sim::providers {
namespace {

using testing::Bench;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::provider;
using testing::route;
using ::testing::StartsWith;
using testing::text;
using Move = wire::WebSocketMove;

// The key and its answer are those of RFC 6455, section 1.3.
std::string upgrade(std::string_view more = {}) {
  return "GET /live HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
         std::string(more) + "\r\n";
}

// A masked frame with a mask of zeros, so that its payload can be read here.
std::string frame(char first, std::string_view payload) {
  std::string out(1, first);
  out += static_cast<char>(0x80 | payload.size());
  return out + std::string(4, '\0') + std::string(payload);
}

constexpr char kText = '\x81';
constexpr char kClose = '\x88';
constexpr char kPing = '\x89';

Move move(Move::Kind kind, std::string bytes = {}) {
  Move made;
  made.kind = kind;
  made.bytes = std::move(bytes);
  return made;
}

class WebSocketAnswer : public ::testing::Test {
 protected:
  Provider& serve(std::vector<Move> moves, wire::HeaderList headers = {}) {
    Answer answer;
    answer.websocket = std::move(moves);
    answer.headers = std::move(headers);
    auto spec = provider("api");
    spec.routes.push_back(route("GET", "/live", answer));
    return bench_.add(spec);
  }

  Bench bench_;
};

TEST_F(WebSocketAnswer, SendsWhatComesBeforeTheFirstWaitWithTheHead) {
  auto& api =
      serve({move(Move::Kind::send, "hi"), move(Move::Kind::ping, "p"), move(Move::Kind::echo)});
  const std::string answer = bench_.dialogue(api.endpoint(), upgrade(), "\x89\x01p");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 101 Switching Protocols\r\n"));
  EXPECT_THAT(answer, HasSubstr("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n\x81\x02hi\x89\x01p"));
  EXPECT_EQ(text(*bench_.events("api", "upgrade").at(0), "headers"), "(headers)");
  EXPECT_EQ(text(*bench_.events("api", "response").at(0), "status"), "101");
}

TEST_F(WebSocketAnswer, EchoesAnswersPingsAndACloseWithItsCode) {
  auto& api = serve({move(Move::Kind::echo)});
  const std::string answer =
      bench_.dialogue(api.endpoint(), upgrade() + frame(kText, "one") + frame(kPing, "x") +
                                          frame(kClose, "\x03\xe8"));
  EXPECT_THAT(answer, HasSubstr("\x81\x03one"));
  EXPECT_THAT(answer, HasSubstr("\x8a\x01x"));
  EXPECT_THAT(answer, EndsWith("\x88\x02\x03\xe8"));
  const journal::Event& message = *bench_.events("api", "message").at(0);
  EXPECT_EQ(text(message, "text"), "one");
  EXPECT_EQ(text(message, "size"), "3");
  EXPECT_EQ(text(*bench_.events("api", "closed").at(0), "code"), "1000");
}

TEST_F(WebSocketAnswer, GoesOnWhenTheExpectedMessageComes) {
  Move expected = move(Move::Kind::expect);
  expected.matcher.contains = "lo";
  auto& api = serve({expected, move(Move::Kind::send, "well")});
  const std::string answer =
      bench_.dialogue(api.endpoint(), upgrade() + frame(kText, "hello"), "well");
  EXPECT_THAT(answer, EndsWith("\x81\x04well"));
}

TEST_F(WebSocketAnswer, ClosesWith1008WhenAnotherMessageComes) {
  Move expected = move(Move::Kind::expect);
  expected.matcher.contains = "lo";
  auto& api = serve({expected, move(Move::Kind::send, "well")});
  const std::string answer = bench_.dialogue(api.endpoint(), upgrade() + frame(kText, "other"));
  EXPECT_THAT(answer, HasSubstr("\x03\xf0"));
  EXPECT_THAT(answer, Not(HasSubstr("well")));
  const journal::Event& cut = *bench_.events("api", "cut").at(0);
  EXPECT_EQ(text(cut, "how"), "unexpected");
  EXPECT_EQ(text(cut, "code"), "1008");
}

TEST_F(WebSocketAnswer, RefusesFramesWithoutAMask) {
  auto& api = serve({move(Move::Kind::echo)});
  const std::string answer = bench_.dialogue(api.endpoint(), upgrade() + "\x81\x02hi");
  EXPECT_THAT(answer, HasSubstr("\x03\xea"));
  EXPECT_EQ(text(*bench_.events("api", "cut").at(0), "how"), "protocol");
  EXPECT_TRUE(bench_.events("api", "message").empty());
}

TEST_F(WebSocketAnswer, SplitsAMessageIntoFragments) {
  Move sent = move(Move::Kind::send, "abc");
  sent.split = {1};
  auto& api = serve({sent, move(Move::Kind::echo)});
  EXPECT_THAT(bench_.dialogue(api.endpoint(), upgrade(), "bc"), EndsWith("\x01\x01"
                                                                         "a\x80\x02"
                                                                         "bc"));
}

TEST_F(WebSocketAnswer, ClosesWithItsCodeAndWaitsForThePeers) {
  Move closing = move(Move::Kind::close);
  closing.code = 4001;
  auto& api = serve({closing});
  const std::string answer = bench_.dialogue(api.endpoint(), upgrade() + frame(kClose, "\x0f\xa1"));
  EXPECT_THAT(answer, EndsWith("\x88\x02\x0f\xa1"));
}

TEST_F(WebSocketAnswer, ResetsWhereItIsToldTo) {
  auto& api = serve({move(Move::Kind::reset)});
  EXPECT_THAT(bench_.dialogue(api.endpoint(), upgrade()), EndsWith("\r\n\r\n"));
  EXPECT_EQ(bench_.kinds("api"), "connection bytes request upgrade response closed");
}

TEST_F(WebSocketAnswer, WaitsForAnEventAndAnswersPingsMeanwhile) {
  Move waiting = move(Move::Kind::await);
  waiting.selector.source = "api";
  waiting.selector.kind = "message";
  auto& api = serve({waiting, move(Move::Kind::send, "now")});
  const std::string answer =
      bench_.dialogue(api.endpoint(), upgrade() + frame(kPing, "x") + frame(kText, "go"), "now");
  EXPECT_LT(answer.find("\x8a\x01x"), answer.find("now"));
}

TEST_F(WebSocketAnswer, AgreesOnDeflateOnlyWhereBothWantIt) {
  const wire::HeaderList offers{{"Sec-WebSocket-Extensions", "permessage-deflate"}};
  const std::string offer = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
  const std::vector<Move> moves{move(Move::Kind::send, "hi"), move(Move::Kind::echo)};
  auto& both = serve(moves, offers);
  const std::string agreed = bench_.dialogue(both.endpoint(), upgrade(offer), "\r\n\r\n");
  EXPECT_THAT(agreed, HasSubstr("Sec-WebSocket-Extensions: permessage-deflate"));
  EXPECT_THAT(bench_.dialogue(both.endpoint(), upgrade(), "\x81\x02hi"),
              Not(HasSubstr("Extensions")));
  auto& neither = serve(moves);
  EXPECT_THAT(bench_.dialogue(neither.endpoint(), upgrade(offer), "\x81\x02hi"),
              Not(HasSubstr("Extensions")));
}

TEST_F(WebSocketAnswer, Answers426WithoutAnUpgrade) {
  auto& api = serve({move(Move::Kind::echo)});
  const std::string answer =
      bench_.dialogue(api.endpoint(), "GET /live HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 426 Upgrade Required\r\n"));
  EXPECT_TRUE(bench_.events("api", "upgrade").empty());
}

}  // namespace
}  // namespace sallyport::sim::providers
