// What a raw script sends, when it goes on, and what the client makes of what comes back.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulator/agents/testing/scripted_peer.h"

namespace sallyport::sim::agents {
namespace {

using providers::testing::provider;
using providers::testing::text;
using testing::Act;
using testing::ClientBench;
using testing::fact;
using testing::FakeProxy;
using ::testing::HasSubstr;
using testing::ScriptedPeer;
using ::testing::StartsWith;
using wire::Move;
using Kind = Move::Kind;

constexpr const char* kRequest = "GET /a HTTP/1.1\r\nHost: a\r\nUser-Agent: step:step\r\n\r\n";
constexpr const char* kGood = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

Move move(Kind kind, std::string bytes = {}) {
  Move made;
  made.kind = kind;
  made.bytes = std::move(bytes);
  return made;
}

RawSpec raw(const std::string& to, std::vector<Move> moves) {
  RawSpec spec;
  spec.to = to;
  spec.moves = std::move(moves);
  return spec;
}

// Facts of a script against a peer that does these acts.
Facts meet(std::vector<Move> moves, std::vector<Act> acts,
           base::Duration timeout = std::chrono::seconds{5}) {
  ClientBench bench;
  bench.timeout = timeout;
  ScriptedPeer peer(bench, std::move(acts));
  return bench.perform(raw(peer.url(), std::move(moves)));
}

const Act kHold{Act::Kind::hold, {}};
const Act kFin{Act::Kind::fin, {}};
const Act kReset{Act::Kind::reset, {}};
const Act kWait{Act::Kind::expect, "\r\n\r\n"};
constexpr base::Duration kShort = std::chrono::milliseconds{60};

TEST(ClientRaw, SendsItsOctetsAndReadsTheAnswer) {
  ClientBench bench;
  auto& api = bench.add(provider("api"));
  const std::string request = "gEt /v1/models  HTTP/1.1\r\nUser-Agent: step:step\r\nhost:a\r\n\r\n";
  const Facts facts =
      bench.perform(raw("http://" + api.endpoint().to_string(), {move(Kind::send, request)}));
  EXPECT_EQ(fact(facts, "status"), "404");
  EXPECT_EQ(fact(facts, "class"), "http_error");
  EXPECT_EQ(fact(facts, "answered_by"), "api");
  EXPECT_EQ(text(*bench.events("api", "request").at(0), "method"), "gEt");
  EXPECT_EQ(bench.kinds("step"), "response outcome");
}

TEST(ClientRaw, IsOkWithAWholeAnswer) {
  const Facts facts = meet({move(Kind::send, kRequest)}, {kWait, {Act::Kind::send, kGood}, kHold});
  EXPECT_EQ(fact(facts, "class"), "ok");
  EXPECT_EQ(fact(facts, "phase"), "done");
  EXPECT_EQ(fact(facts, "body"), "ok");
  EXPECT_EQ(fact(facts, "framing"), "complete");
  EXPECT_EQ(fact(facts, "unmet"), "-");
}

TEST(ClientRaw, SendsChunksEachAlone) {
  ClientBench bench;
  ScriptedPeer peer(bench, {kWait, {Act::Kind::send, kGood}, kHold});
  Move send = move(Kind::send, kRequest);
  send.chunk = 7;
  send.gap = std::chrono::milliseconds{2};
  EXPECT_EQ(fact(bench.perform(raw(peer.url(), {send})), "class"), "ok");
  EXPECT_EQ(peer.received(), kRequest);
  EXPECT_EQ(peer.reads().size(), (std::string_view(kRequest).size() + 6) / 7);
  EXPECT_EQ(peer.reads().front(), 7U);
}

TEST(ClientRaw, SendsOctetsThatAreNoText) {
  ClientBench bench;
  const std::string octets("\x00\xff\r\n\r\n\x01", 7);
  ScriptedPeer peer(bench, {{Act::Kind::expect, octets}, {Act::Kind::send, kGood}, kHold});
  EXPECT_EQ(fact(bench.perform(raw(peer.url(), {move(Kind::send, octets)})), "class"), "ok");
  EXPECT_EQ(peer.received(), octets);
}

TEST(ClientRaw, JournalsEveryAnswerAndTellsTheLast) {
  ClientBench bench;
  const std::string two = std::string(kRequest) + kRequest;
  ScriptedPeer peer(bench, {{Act::Kind::expect, two},
                            {Act::Kind::send, kGood},
                            {Act::Kind::send, "HTTP/1.1 404 No\r\nContent-Length: 1\r\n\r\nx"},
                            kHold});
  const Facts facts = bench.perform(raw(peer.url(), {move(Kind::send, two)}));
  EXPECT_EQ(bench.kinds("step"), "response response outcome");
  EXPECT_EQ(fact(facts, "class"), "http_error");
  EXPECT_EQ(fact(facts, "body"), "x");
  EXPECT_EQ(text(*bench.events("step", "response").at(0), "status"), "200");
}

TEST(ClientRaw, SeesASecondAnswerToOneRequest) {
  ClientBench bench;
  const std::string bad = "HTTP/1.1 400 No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
  ScriptedPeer peer(bench, {kWait, {Act::Kind::send, bad}, {Act::Kind::send, kGood}, kFin});
  const Facts facts = bench.perform(raw(peer.url(), {move(Kind::send, kRequest)}));
  EXPECT_EQ(bench.events("step", "response").size(), 2U);
  EXPECT_EQ(fact(facts, "status"), "200");
}

TEST(ClientRaw, DoesntHoldAnEndThatWasAnnouncedAndDidntComeAgainstIt) {
  const std::string closes = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
  const Facts facts =
      meet({move(Kind::send, kRequest)}, {kWait, {Act::Kind::send, closes}, kHold}, kShort);
  EXPECT_EQ(fact(facts, "class"), "ok");
}

TEST(ClientRaw, KnowsThatAnAnswerToHeadHasNoBody) {
  const Facts facts =
      meet({move(Kind::send, "HEAD / HTTP/1.1\r\n\r\n")},
           {kWait, {Act::Kind::send, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"}, kHold});
  EXPECT_EQ(fact(facts, "class"), "ok");
  EXPECT_EQ(fact(facts, "body_size"), "0");
}

TEST(ClientRaw, GoesOnWhenAHeadHasComeInterimOnesToo) {
  ClientBench bench;
  ScriptedPeer peer(bench, {kWait,
                            {Act::Kind::send, "HTTP/1.1 100 Continue\r\n\r\n"},
                            {Act::Kind::expect, "body"},
                            {Act::Kind::send, kGood},
                            {Act::Kind::expect, "GET /b"},
                            {Act::Kind::send, kGood},
                            kHold});
  const std::string head = "POST / HTTP/1.1\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n";
  const Facts facts = bench.perform(
      raw(peer.url(), {move(Kind::send, head), move(Kind::expect_head), move(Kind::send, "body"),
                       move(Kind::expect_head), move(Kind::send, "GET /b HTTP/1.1\r\n\r\n")}));
  EXPECT_EQ(fact(facts, "class"), "ok");
  EXPECT_EQ(bench.events("step", "response").size(), 2U);
}

TEST(ClientRaw, GoesOnWhenATextHasCome) {
  const Facts facts = meet({move(Kind::send, kRequest), move(Kind::expect_text, "\r\n\r\no"),
                            move(Kind::expect_text, "k"), move(Kind::close)},
                           {kWait, {Act::Kind::send, kGood}, kHold});
  EXPECT_EQ(fact(facts, "class"), "ok");
  EXPECT_EQ(fact(facts, "unmet"), "-");
}

TEST(ClientRaw, GoesOnWhenTheEndHasCome) {
  const Facts facts = meet({move(Kind::send, kRequest), move(Kind::expect_eof)},
                           {kWait, {Act::Kind::send, kGood}, kFin});
  EXPECT_EQ(fact(facts, "class"), "ok");
  EXPECT_EQ(fact(facts, "unmet"), "-");
}

TEST(ClientRaw, AwaitsAnEventAndReadsMeanwhile) {
  ClientBench bench;
  ScriptedPeer peer(bench, {kWait,
                            {Act::Kind::send, kGood},
                            {Act::Kind::expect, "after"},
                            {Act::Kind::send, kGood},
                            kHold});
  Move await = move(Kind::await);
  await.selector.source = "step";
  await.selector.kind = "response";
  const Facts facts =
      bench.perform(raw(peer.url(), {move(Kind::send, kRequest), await,
                                     move(Kind::send, "GET /after HTTP/1.1\r\n\r\n")}));
  EXPECT_EQ(fact(facts, "class"), "ok");
  EXPECT_EQ(bench.events("step", "response").size(), 2U);
}

TEST(ClientRaw, HalfClosesAndReadsOn) {
  ClientBench bench;
  ScriptedPeer peer(bench, {kHold, {Act::Kind::send, kGood}, kFin});
  const Facts facts =
      bench.perform(raw(peer.url(), {move(Kind::send, kRequest), move(Kind::half_close)}));
  EXPECT_EQ(fact(facts, "class"), "ok");
  EXPECT_EQ(fact(facts, "status"), "200");
}

TEST(ClientRaw, IsOkWhenItEndsTheConnectionItself) {
  for (const Kind how : {Kind::close, Kind::reset}) {
    ClientBench bench;
    ScriptedPeer peer(bench, {kHold});
    const Facts facts = bench.perform(raw(peer.url(), {move(Kind::send, "GET"), move(how)}));
    EXPECT_EQ(fact(facts, "class"), "ok");
    EXPECT_EQ(fact(facts, "status"), "-");
    peer.settle();
    if (how == Kind::close) {
      EXPECT_EQ(peer.received(), "GET");
    }
  }
}

TEST(ClientRaw, IsOkWhenItEndsTheConnectionAmidAnAnswer) {
  const Facts facts =
      meet({move(Kind::send, kRequest), move(Kind::expect_head), move(Kind::reset)},
           {kWait, {Act::Kind::send, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"}, kHold});
  EXPECT_EQ(fact(facts, "class"), "ok");
  EXPECT_EQ(fact(facts, "framing"), "incomplete");
}

TEST(ClientRaw, DoesntTakeItsPeersEndForItsOwn) {
  const Facts facts =
      meet({move(Kind::send, kRequest), move(Kind::expect_eof), move(Kind::close)}, {kWait, kFin});
  EXPECT_EQ(fact(facts, "class"), "no_response");
}

TEST(ClientRaw, HasNoResponseAtAnEndBeforeAHead) {
  for (const Act& end : {kFin, kReset}) {
    const Facts facts =
        meet({move(Kind::send, kRequest)}, {kWait, {Act::Kind::send, "HTTP/1.1 200 O"}, end});
    EXPECT_EQ(fact(facts, "class"), "no_response");
    EXPECT_EQ(fact(facts, "phase"), "head");
  }
}

TEST(ClientRaw, StallsInSilence) {
  const Facts nothing = meet({move(Kind::send, kRequest)}, {kHold}, kShort);
  EXPECT_EQ(fact(nothing, "class"), "stalled");
  EXPECT_EQ(fact(nothing, "phase"), "head");
  const Facts amid = meet(
      {move(Kind::send, kRequest)},
      {kWait, {Act::Kind::send, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"}, kHold}, kShort);
  EXPECT_EQ(fact(amid, "class"), "stalled");
  EXPECT_EQ(fact(amid, "phase"), "body");
  Move await = move(Kind::await);
  await.selector.source = "nobody";
  await.selector.kind = "nothing";
  const Facts waits = meet({await}, {kHold}, kShort);
  EXPECT_EQ(fact(waits, "class"), "stalled");
  EXPECT_EQ(fact(waits, "unmet"), "move 1 (await)");
}

TEST(ClientRaw, IsTruncatedWhereTheFramingStaysOpen) {
  for (const Act& end : {kFin, kReset}) {
    const Facts facts =
        meet({move(Kind::send, kRequest)},
             {kWait, {Act::Kind::send, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"}, end});
    EXPECT_EQ(fact(facts, "class"), "truncated");
    EXPECT_EQ(fact(facts, "body"), "ab");
  }
}

TEST(ClientRaw, IsTruncatedWhenTheEndComesBeforeWhatItExpects) {
  const Facts facts = meet({move(Kind::send, kRequest), move(Kind::expect_text, "more")},
                           {kWait, {Act::Kind::send, kGood}, kFin});
  EXPECT_EQ(fact(facts, "class"), "truncated");
  EXPECT_EQ(fact(facts, "unmet"), "move 2 (expect)");
}

TEST(ClientRaw, IsMalformedByWhatIsNoAnswerOrTooMuch) {
  for (const std::string bytes :
       {"SSH-2.0-sallyport\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"}) {
    const Facts facts =
        meet({move(Kind::send, kRequest)}, {kWait, {Act::Kind::send, bytes}, kHold});
    EXPECT_EQ(fact(facts, "class"), "malformed") << bytes;
  }
}

TEST(ClientRaw, ReadsNoHttpAfterA101) {
  const Facts facts =
      meet({move(Kind::send, kRequest), move(Kind::expect_text, "\x01not HTTP")},
           {kWait, {Act::Kind::send, "HTTP/1.1 101 Now\r\n\r\n\x01not HTTP"}, kHold});
  EXPECT_EQ(fact(facts, "class"), "ok");
  EXPECT_EQ(fact(facts, "status"), "101");
}

TEST(ClientRaw, ReachesTheProxyItselfWithTheForwardAdapter) {
  ClientBench bench;
  ScriptedPeer peer(
      bench, {kWait, {Act::Kind::send, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"}, kHold});
  ClientContext context = bench.context();
  context.via = peer.via();
  for (const std::string to : {"http://api.test", "https://api.test"}) {
    RawSpec spec = raw(to, {move(Kind::send, kRequest)});
    spec.adapter = Adapter::forward;
    const Facts facts = bench.perform(spec, context);
    EXPECT_EQ(fact(facts, "class"), "denied");
    EXPECT_EQ(fact(facts, "http_connect"), "-");
    EXPECT_EQ(fact(facts, "answered_by"), "proxy");
  }
  EXPECT_EQ(peer.received(), std::string(kRequest) + kRequest);
}

TEST(ClientRaw, TunnelsWithTheConnectAdapterAndWithinTls) {
  ClientBench bench;
  auto given = provider("api");
  given.tls = providers::TlsKind::valid;
  auto& api = bench.add(given);
  FakeProxy proxy(bench, "tunnel");
  ClientContext context = bench.context();
  context.via = proxy.via();
  const std::string request = "GET /v1/models HTTP/1.1\r\nUser-Agent: step:step\r\n\r\n";
  const Facts facts = bench.perform(
      raw("https://" + api.endpoint().to_string(), {move(Kind::send, request)}), context);
  EXPECT_EQ(fact(facts, "class"), "ok");
  EXPECT_EQ(fact(facts, "http_connect"), "200");
  EXPECT_EQ(fact(facts, "tls_verify"), "0");
  EXPECT_EQ(fact(facts, "answered_by"), "api");
  EXPECT_THAT(proxy.first_head(), StartsWith("CONNECT "));
}

TEST(ClientRaw, ReadsWhatComesThroughATunnelThatItAskedForItself) {
  const std::string connect = "CONNECT a:80 HTTP/1.1\r\n\r\n";
  const Facts http =
      meet({move(Kind::send, connect), move(Kind::expect_head), move(Kind::send, kRequest)},
           {kWait,
            {Act::Kind::send, "HTTP/1.1 200 OK\r\n\r\n"},
            kWait,
            {Act::Kind::send, kGood},
            kHold});
  EXPECT_EQ(fact(http, "class"), "ok");
  EXPECT_EQ(fact(http, "body"), "ok");
  const Facts other = meet(
      {move(Kind::send, connect), move(Kind::expect_head), move(Kind::send, "\x16\x03"),
       move(Kind::expect_text, "\x15\x03")},
      {kWait, {Act::Kind::send, "HTTP/1.1 200 OK\r\n\r\n"}, {Act::Kind::send, "\x15\x03"}, kHold});
  EXPECT_EQ(fact(other, "class"), "ok");
}

TEST(ClientRaw, SaysThatItsWayIsntThere) {
  ClientBench bench;
  EXPECT_EQ(fact(bench.perform(raw("http://127.0.0.1:1", {move(Kind::send, "x")})), "class"),
            "refused");
  EXPECT_EQ(fact(bench.perform(raw("http://no.test", {move(Kind::send, "x")})), "class"),
            "name_resolution");
  ClientContext context = bench.context();
  context.via = Via{"proxy", *net::Endpoint::parse("127.0.0.1:1")};
  EXPECT_EQ(fact(bench.perform(raw("http://a.test", {move(Kind::send, "x")}), context), "class"),
            "proxy_unreachable");
}

}  // namespace
}  // namespace sallyport::sim::agents
