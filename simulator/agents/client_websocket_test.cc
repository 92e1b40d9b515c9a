// What the client's WebSocket sends, takes and says.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulator/agents/testing/scripted_peer.h"
#include "simulator/wire/websocket.h"

namespace sallyport::sim::agents {
namespace {

using namespace std::string_literals;  // NOLINT: octets with NULs in them

using providers::testing::text;
using testing::Act;
using testing::ClientBench;
using testing::fact;
using testing::FakeProxy;
using ::testing::HasSubstr;
using testing::ScriptedPeer;
using ::testing::StartsWith;
using wire::WebSocketMove;
using wire::WebSocketRole;
using Kind = WebSocketMove::Kind;

constexpr base::Duration kShort = std::chrono::milliseconds{80};
const Act kHold{Act::Kind::hold, {}};
const Act kFin{Act::Kind::fin, {}};
const std::string kClosed = "\x88\x02\x03\xe8"s;  // a server's close frame with 1000

WebSocketMove move(Kind kind, std::string bytes = {}) {
  WebSocketMove made;
  made.kind = kind;
  made.bytes = std::move(bytes);
  return made;
}

WebSocketMove expect(const std::string& wanted) {
  WebSocketMove made = move(Kind::expect);
  made.matcher.equals_any = {wanted};
  made.matcher.has_equals = true;
  return made;
}

Act upgrade(std::string bytes = {}, std::string extra = {}) {
  return {Act::Kind::upgrade, std::move(bytes), std::move(extra)};
}

Act send(std::string bytes) { return {Act::Kind::send, std::move(bytes)}; }

WebSocketSpec socket_to(const ScriptedPeer& peer, std::vector<WebSocketMove> moves) {
  WebSocketSpec spec;
  spec.url = peer.url("ws");
  spec.moves = std::move(moves);
  return spec;
}

Facts meet(std::vector<WebSocketMove> moves, std::vector<Act> acts,
           base::Duration timeout = std::chrono::seconds{5}) {
  ClientBench bench;
  bench.timeout = timeout;
  ScriptedPeer peer(bench, std::move(acts));
  return bench.perform(socket_to(peer, std::move(moves)));
}

// What the peer was sent after the handshake, as a server reads it.
std::string told(const ScriptedPeer& peer, bool deflate = false) {
  const std::string& all = peer.received();
  const auto head = all.find("\r\n\r\n");
  wire::WebSocketReader reader(WebSocketRole::client, deflate);
  std::string out;
  for (const auto& message : reader.feed(std::string_view(all).substr(head + 4))) {
    out += std::to_string(static_cast<int>(message.opcode)) + ":" + message.bytes;
    if (message.code != 0) out += "#" + std::to_string(message.code);
    out += "|";
  }
  return out + reader.malformed_reason();
}

TEST(ClientWebSocket, ExpectsSendsAndClosesInGoodOrder) {
  ClientBench bench;
  ScriptedPeer peer(bench, {upgrade("\x81\x05ready"s), send("\x81\x04more"s + kClosed), kHold});
  WebSocketMove close = move(Kind::close);
  close.code = 1001;
  const Facts facts = bench.perform(socket_to(peer, {expect("ready"), expect("more"), close}));
  EXPECT_EQ(fact(facts, "class"), "ok");
  EXPECT_EQ(fact(facts, "phase"), "done");
  EXPECT_EQ(fact(facts, "status"), "101");
  EXPECT_EQ(fact(facts, "messages"), "2");
  EXPECT_EQ(fact(facts, "close_code"), "1000");
  EXPECT_EQ(fact(facts, "framing"), "complete");
  EXPECT_EQ(fact(facts, "unmet"), "-");
  EXPECT_EQ(bench.kinds("step"), "response message message outcome");
  const journal::Event& message = *bench.events("step", "message").at(1);
  EXPECT_EQ(text(message, "text"), "more");
  EXPECT_EQ(text(message, "size"), "4");
  EXPECT_EQ(text(message, "nonce"), "step:step");
  EXPECT_EQ(message.step, "step");
  EXPECT_EQ(message.connection, "step#1");
  peer.settle();
  EXPECT_EQ(told(peer), "8:#1001|");
}

TEST(ClientWebSocket, AsksForAnUpgradeAsTheStandardSays) {
  ClientBench bench;
  ScriptedPeer peer(bench, {upgrade(kClosed, "Sec-WebSocket-Protocol: b\r\n"), kHold});
  WebSocketSpec spec = socket_to(peer, {});
  spec.headers = {{"X-One", "1"}};
  spec.subprotocols = {"a", "b"};
  EXPECT_EQ(fact(bench.perform(spec), "class"), "ok");
  EXPECT_THAT(peer.received(), StartsWith("GET /path HTTP/1.1\r\nHost: 127.0.0.1:"));
  for (const char* line : {"\r\nUser-Agent: sallyport step:step\r\n", "\r\nUpgrade: websocket\r\n",
                           "\r\nConnection: Upgrade\r\n", "\r\nSec-WebSocket-Version: 13\r\n",
                           "\r\nSec-WebSocket-Protocol: a, b\r\n", "\r\nX-One: 1\r\n"}) {
    EXPECT_THAT(peer.received(), HasSubstr(line));
  }
}

TEST(ClientWebSocket, SendsTextBinaryFragmentsAndPings) {
  ClientBench bench;
  ScriptedPeer peer(bench, {upgrade(), {Act::Kind::expect, "GET "}, kHold});
  WebSocketMove binary = move(Kind::send, "\x00\xff"s);
  binary.binary = true;
  WebSocketMove split = move(Kind::send, "hello");
  split.split = {1, 3};
  bench.timeout = kShort;
  (void)bench.perform(socket_to(peer, {binary, split, move(Kind::ping, "p")}));
  peer.settle();
  EXPECT_EQ(told(peer), "2:\x00\xff|1:hello|9:p|8:#1000|"s);
}

TEST(ClientWebSocket, AnswersPingsByItself) {
  ClientBench bench;
  ScriptedPeer peer(bench, {upgrade("\x89\x02hi"s), send("\x81\x01x"s + kClosed), kHold});
  EXPECT_EQ(fact(bench.perform(socket_to(peer, {expect("x")})), "class"), "ok");
  peer.settle();
  EXPECT_EQ(told(peer), "10:hi|8:#1000|");
}

TEST(ClientWebSocket, SpeaksDeflateIfThatWasAgreedOn) {
  ClientBench bench;
  wire::WebSocketWriter writer(WebSocketRole::server, true);
  const std::string extension =
      "Sec-WebSocket-Extensions: " + std::string(wire::kDeflateExtension) + "\r\n";
  ScriptedPeer peer(bench, {upgrade(writer.message("squeezed"), extension), send(kClosed), kHold});
  WebSocketSpec spec = socket_to(peer, {expect("squeezed"), move(Kind::close)});
  spec.deflate = true;
  const Facts facts = bench.perform(spec);
  EXPECT_EQ(fact(facts, "class"), "ok");
  EXPECT_THAT(peer.received(), HasSubstr(extension));
}

TEST(ClientWebSocket, AwaitsAnEvent) {
  WebSocketMove await = move(Kind::await);
  await.selector.source = "step";
  await.selector.kind = "message";
  EXPECT_EQ(fact(meet({await}, {upgrade("\x81\x01x"s), send(kClosed), kHold}), "class"), "ok");
  await.selector.source = "nobody";
  const Facts facts = meet({await}, {upgrade("\x81\x01x"s), kHold}, kShort);
  EXPECT_EQ(fact(facts, "class"), "stalled");
  EXPECT_EQ(fact(facts, "unmet"), "move 1 (await)");
}

TEST(ClientWebSocket, IsClosedByACloseFrameBeforeItsScriptsEnd) {
  const Facts facts = meet({expect("never")}, {upgrade("\x88\x05\x03\xf0why"s), kHold});
  EXPECT_EQ(fact(facts, "class"), "closed");
  EXPECT_EQ(fact(facts, "close_code"), "1008");
  EXPECT_EQ(fact(facts, "unmet"), "move 1 (expect)");
}

TEST(ClientWebSocket, TellsACloseFrameWithoutACode) {
  const Facts facts = meet({expect("never")}, {upgrade("\x88\x00"s), kHold});
  EXPECT_EQ(fact(facts, "class"), "closed");
  EXPECT_EQ(fact(facts, "close_code"), "1005");
}

TEST(ClientWebSocket, TakesWhatCameBeforeACloseFrameFirst) {
  const Facts facts = meet({expect("x")}, {upgrade("\x81\x01x"s + kClosed), kHold});
  EXPECT_EQ(fact(facts, "class"), "ok");
}

TEST(ClientWebSocket, IsntDoneByAnotherMessageThanItExpects) {
  const Facts stays = meet({expect("a"), expect("b")}, {upgrade("\x81\x01y"s), kHold}, kShort);
  EXPECT_EQ(fact(stays, "class"), "stalled");
  EXPECT_THAT(fact(stays, "unmet"), HasSubstr("received"));
  const Facts order =
      meet({expect("a"), expect("b")}, {upgrade("\x81\x01\x62\x81\x01\x61"s + kClosed), kHold});
  EXPECT_EQ(fact(order, "class"), "closed");
  EXPECT_EQ(fact(order, "messages"), "2");
}

TEST(ClientWebSocket, IsTruncatedWithoutACloseFrame) {
  const Facts early = meet({expect("x")}, {upgrade(), kFin});
  EXPECT_EQ(fact(early, "class"), "truncated");
  const Facts done = meet({expect("x"), move(Kind::close)}, {upgrade("\x81\x01x"s), kFin});
  EXPECT_EQ(fact(done, "class"), "truncated");
  EXPECT_EQ(fact(done, "close_code"), "-");
  EXPECT_EQ(fact(done, "framing"), "incomplete");
  const Facts reset = meet({expect("x")}, {upgrade(), {Act::Kind::reset, {}}});
  EXPECT_EQ(fact(reset, "class"), "truncated");
}

TEST(ClientWebSocket, StallsInSilence) {
  const Facts facts = meet({expect("x")}, {upgrade(), kHold}, kShort);
  EXPECT_EQ(fact(facts, "class"), "stalled");
  EXPECT_EQ(fact(facts, "phase"), "body");
  EXPECT_EQ(fact(meet({}, {kHold}, kShort), "class"), "stalled");
}

TEST(ClientWebSocket, IsMalformedByBadFrames) {
  const Facts facts = meet({expect("x")}, {upgrade("\x83\x00"s), kHold});
  EXPECT_EQ(fact(facts, "class"), "malformed");
  EXPECT_EQ(fact(facts, "unmet"), "the opcode is unknown");
  EXPECT_EQ(fact(meet({expect("x")}, {upgrade(), send("\x81\x81zzzzz"s), kHold}), "class"),
            "malformed");
}

TEST(ClientWebSocket, IsMalformedByAHandshakeThatDoesntFit) {
  const auto answer = [](const std::string& lines) {
    return send("HTTP/1.1 101 Switching Protocols\r\n" + lines + "\r\n");
  };
  const Act head{Act::Kind::expect, "\r\n\r\n"};
  EXPECT_EQ(fact(meet({}, {head, answer("Upgrade: websocket\r\n"), kHold}), "class"), "malformed");
  EXPECT_EQ(fact(meet({}, {upgrade({}, "Sec-WebSocket-Protocol: c\r\n"), kHold}), "class"),
            "malformed");
  EXPECT_EQ(fact(meet({}, {upgrade({}, "Sec-WebSocket-Extensions: permessage-deflate\r\n"), kHold}),
                 "class"),
            "malformed");
}

TEST(ClientWebSocket, SaysHttpErrorWithoutA101) {
  const Act head{Act::Kind::expect, "\r\n\r\n"};
  for (const std::string status : {"200 OK", "404 No"}) {
    const Facts facts =
        meet({}, {head, send("HTTP/1.1 " + status + "\r\nContent-Length: 1\r\n\r\nx"), kHold});
    EXPECT_EQ(fact(facts, "class"), "http_error") << status;
    EXPECT_EQ(fact(facts, "body"), "x");
    EXPECT_EQ(fact(facts, "messages"), "-");
  }
  EXPECT_EQ(fact(meet({}, {head, kFin}), "class"), "no_response");
}

TEST(ClientWebSocket, IsDeniedByAProxysOwnAnswer) {
  ClientBench bench;
  FakeProxy proxy(bench, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n");
  ClientContext context = bench.context();
  context.via = proxy.via();
  WebSocketSpec spec;
  spec.url = "ws://rt.test/a";
  const Facts facts = bench.perform(spec, context);
  EXPECT_EQ(fact(facts, "class"), "denied");
  EXPECT_EQ(fact(facts, "answered_by"), "proxy");
  EXPECT_THAT(proxy.first_head(), StartsWith("GET http://rt.test/a HTTP/1.1\r\n"));
}

TEST(ClientWebSocket, TunnelsWhenTold) {
  ClientBench bench;
  ScriptedPeer peer(bench, {upgrade("\x81\x01x"s + kClosed), kHold});
  FakeProxy proxy(bench, "tunnel");
  ClientContext context = bench.context();
  context.via = proxy.via();
  WebSocketSpec spec = socket_to(peer, {expect("x")});
  spec.adapter = Adapter::connect;
  const Facts facts = bench.perform(spec, context);
  EXPECT_EQ(fact(facts, "class"), "ok");
  EXPECT_EQ(fact(facts, "http_connect"), "200");
}

TEST(ClientWebSocket, HoldsTheAnswerAgainstAKeyOfTheScenarios) {
  ClientBench bench;
  ScriptedPeer peer(bench, {upgrade("\x81\x01x"s + kClosed), kHold});
  WebSocketSpec spec = socket_to(peer, {expect("x")});
  spec.headers = {{"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}};
  EXPECT_EQ(fact(bench.perform(spec), "class"), "ok");
}

TEST(ClientWebSocket, IsOkWhenItResets) {
  const Facts facts = meet({expect("x"), move(Kind::reset)}, {upgrade("\x81\x01x"s), kHold});
  EXPECT_EQ(fact(facts, "class"), "ok");
  EXPECT_EQ(fact(facts, "close_code"), "-");
}

TEST(ClientWebSocket, SaysThatItsWayIsntThere) {
  ClientBench bench;
  WebSocketSpec spec;
  spec.url = "ws://127.0.0.1:1/";
  EXPECT_EQ(fact(bench.perform(spec), "class"), "refused");
  spec.url = "ws://no.test/";
  EXPECT_EQ(fact(bench.perform(spec), "class"), "name_resolution");
}

}  // namespace
}  // namespace sallyport::sim::agents
