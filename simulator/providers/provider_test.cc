#include "simulator/providers/provider.h"

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

constexpr std::string_view kGet = "GET /v1/models HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

journal::Selector happened(std::string source, std::string kind) {
  journal::Selector selector;
  selector.source = std::move(source);
  selector.kind = std::move(kind);
  return selector;
}

TEST(Provider, JournalsAnExchangeInOrder) {
  Bench bench;
  auto& api = bench.add(provider("api"));
  const std::string answer = bench.dialogue(api.endpoint(), std::string(kGet));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"));
  EXPECT_THAT(answer, HasSubstr("\"id\":\"m1\""));
  EXPECT_EQ(bench.kinds("api"), "connection bytes request response closed");
  const journal::Event& request = *bench.events("api", "request").at(0);
  EXPECT_EQ(request.connection, "api#1");
  EXPECT_EQ(request.from, "agent");
  EXPECT_EQ(text(request, "method"), "GET");
  EXPECT_EQ(text(request, "path"), "/v1/models");
  EXPECT_EQ(text(request, "framing"), "none");
  EXPECT_EQ(text(request, "key"), "none");
  EXPECT_EQ(text(*bench.events("api", "bytes").at(0), "data"), kGet);
  EXPECT_EQ(text(*bench.events("api", "connection").at(0), "to"), api.endpoint().to_string());
}

TEST(Provider, GivesEveryEventTheStepOfItsNonce) {
  Bench bench;
  auto& api = bench.add(provider("api"));
  (void)bench.dialogue(
      api.endpoint(),
      "GET /v1/models HTTP/1.1\r\nUser-Agent: step:call\r\nConnection: close\r\n\r\n");
  for (const std::string kind : {"bytes", "request", "response"}) {
    EXPECT_EQ(bench.events("api", kind).at(0)->step, "call") << kind;
  }
}

TEST(Provider, AnswersPipelinedRequestsInOrder) {
  Bench bench;
  auto spec = provider("api");
  spec.dialect = Dialect::plain;
  auto& api = bench.add(spec);
  const std::string answer = bench.dialogue(
      api.endpoint(),
      "GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\nGET /c HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_LT(answer.find("GET /a"), answer.find("GET /b"));
  EXPECT_THAT(answer, EndsWith("GET /c"));
  EXPECT_EQ(bench.events("api", "request").at(2)->index, 3U);
}

TEST(Provider, AnswersAnExpectationBeforeTheBody) {
  Bench bench;
  auto spec = provider("api");
  spec.dialect = Dialect::plain;
  auto& api = bench.add(spec);
  const std::string head =
      "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n";
  EXPECT_EQ(bench.dialogue(api.endpoint(), head, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  bench.await("api", "request");
  EXPECT_EQ(text(*bench.events("api", "request").at(0), "framing"), "incomplete");
  EXPECT_TRUE(bench.events("api", "response").empty());
}

TEST(Provider, AcceptsOnlyTheKeysThatAreInForce) {
  Bench bench;
  bench.keys = {{"first", "sk-1"}, {"second", "sk-2"}};
  auto spec = provider("api");
  spec.keys = {"first", "second"};
  auto& api = bench.add(spec);
  const auto status = [&](const std::string& line) {
    return bench
        .dialogue(api.endpoint(),
                  "GET /v1/models HTTP/1.1\r\nConnection: close\r\n" + line + "\r\n")
        .substr(9, 3);
  };
  EXPECT_EQ(status("Authorization: Bearer sk-1\r\n"), "200");
  EXPECT_EQ(status("x-api-key: sk-1\r\n"), "200");
  EXPECT_EQ(status("Authorization: Bearer sk-2\r\n"), "401");
  EXPECT_EQ(status("Authorization: Bearer other\r\n"), "401");
  EXPECT_EQ(status(""), "401");
  api.accept("second");
  api.revoke("first");
  EXPECT_EQ(status("Authorization: Bearer sk-2\r\n"), "200");
  EXPECT_EQ(status("Authorization: Bearer sk-1\r\n"), "401");
  const auto requests = bench.events("api", "request");
  EXPECT_EQ(text(*requests.at(0), "key"), "first");
  EXPECT_EQ(text(*requests.at(3), "key"), "unknown");
  EXPECT_EQ(text(*requests.at(4), "key"), "none");
}

TEST(Provider, AnswersByItsRoutesInTurnThenByItsDialect) {
  Bench bench;
  auto spec = provider("api");
  Answer first;
  first.status = 503;
  first.body = "no $(request.method) $(request.header.x-a)";
  Answer second;
  second.json = R"json({"path":"$(request.path)"})json";
  spec.routes.push_back(route("GET", "/r/*", first));
  spec.routes.back().answers.push_back(second);
  auto& api = bench.add(spec);
  const std::string request = "GET /r/1 HTTP/1.1\r\nX-A: \"q\"\r\nConnection: close\r\n\r\n";
  EXPECT_THAT(bench.dialogue(api.endpoint(), request), EndsWith("\r\n\r\nno GET \"q\""));
  EXPECT_THAT(bench.dialogue(api.endpoint(), request), EndsWith(R"({"path":"/r/1"})"));
  EXPECT_THAT(bench.dialogue(api.endpoint(), request), EndsWith(R"({"path":"/r/1"})"));
  EXPECT_THAT(bench.dialogue(api.endpoint(), "GET /r/1/2 HTTP/1.1\r\nConnection: close\r\n\r\n"),
              StartsWith("HTTP/1.1 404"));
}

TEST(Provider, StreamsEventsOneAtATimeAndEndsThem) {
  Bench bench;
  auto spec = provider("api");
  spec.sse.events = 3;
  auto& api = bench.add(spec);
  const std::string body = R"({"stream":true,"messages":[{"role":"user","content":"hello"}]})";
  const std::string answer =
      bench.dialogue(api.endpoint(),
                     "POST /v1/chat/completions HTTP/1.1\r\nConnection: close\r\nContent-Length: " +
                         std::to_string(body.size()) + "\r\n\r\n" + body);
  EXPECT_THAT(answer, HasSubstr("Content-Type: text/event-stream\r\n"));
  EXPECT_THAT(answer, HasSubstr(R"("content":"hello")"));
  EXPECT_THAT(answer, EndsWith("data: [DONE]\n\n\r\n0\r\n\r\n"));
  const auto events = bench.events("api", "sse");
  ASSERT_EQ(events.size(), 4U);
  EXPECT_EQ(text(*events.at(3), "data"), "[DONE]");
}

TEST(Provider, HoldsAnEventUntilSomethingHappens) {
  Bench bench;
  auto spec = provider("api");
  Answer answer;
  answer.sse.emplace();
  answer.sse->texts = {"one", "two"};
  answer.sse->hold = SseSpec::Hold{2, happened("test", "go")};
  spec.routes.push_back(route("*", "/**", answer));
  auto& api = bench.add(spec);
  const std::string request = "GET / HTTP/1.1\r\nConnection: close\r\n\r\n";
  const auto id = bench.journal.subscribe([&](const journal::Event& event) {
    if (event.kind != "sse" || event.index != 1) return;
    EXPECT_EQ(bench.events("api", "sse").size(), 1U);
    journal::Event go;
    go.source = "test";
    go.kind = "go";
    bench.journal.append(go);
  });
  EXPECT_THAT(bench.dialogue(api.endpoint(), request), HasSubstr("data: two"));
  bench.journal.unsubscribe(id);
  EXPECT_LT(bench.events("test", "go").at(0)->sequence, bench.events("api", "sse").at(1)->sequence);
}

TEST(Provider, CutsABodyWhereItIsTold) {
  for (const auto& [framing, tail] :
       {std::pair(Answer::Framing::length, "Content-Length: 10\r\n"),
        std::pair(Answer::Framing::chunked, "Transfer-Encoding: chunked\r\n"),
        std::pair(Answer::Framing::close, "Connection: close\r\n")}) {
    Bench bench;
    auto spec = provider("api");
    Answer answer;
    answer.body = "0123456789";
    answer.framing = framing;
    answer.cut = Answer::Cut{4, CutHow::fin};
    spec.routes.push_back(route("*", "/", answer));
    auto& api = bench.add(spec);
    const std::string got = bench.dialogue(api.endpoint(), "GET / HTTP/1.1\r\n\r\n");
    EXPECT_THAT(got, HasSubstr(tail));
    EXPECT_THAT(got, HasSubstr("0123"));
    EXPECT_THAT(got, Not(HasSubstr("4567")));
    EXPECT_EQ(text(*bench.events("api", "cut").at(0), "how"), "fin");
  }
}

TEST(Provider, SendsRawOctetsAsTheyStand) {
  Bench bench;
  auto spec = provider("api");
  Answer answer;
  answer.raw.emplace();
  Move send;
  send.bytes = "HTTP/1.1 200 OK\r\nX: $(request.path)\r\n\r\n";
  send.chunk = 3;
  Move close;
  close.kind = Move::Kind::close;
  answer.raw->push_back(send);
  answer.raw->push_back(close);
  spec.routes.push_back(route("*", "/**", answer));
  auto& api = bench.add(spec);
  EXPECT_EQ(bench.dialogue(api.endpoint(), "GET /x HTTP/1.1\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nX: /x\r\n\r\n");
  EXPECT_EQ(text(*bench.events("api", "response").at(0), "status"), "200");
}

TEST(Provider, RefusesWhatIsNoRequest) {
  Bench bench;
  auto& api = bench.add(provider("api"));
  EXPECT_THAT(bench.dialogue(api.endpoint(), "\x16\x03\x01hello"), StartsWith("HTTP/1.1 400"));
  EXPECT_TRUE(bench.events("api", "request").empty());
}

TEST(Provider, AnswersHeadWithoutABody) {
  Bench bench;
  auto& api = bench.add(provider("api"));
  const std::string got =
      bench.dialogue(api.endpoint(), "HEAD /v1/models HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(got, EndsWith("\r\n\r\n"));
  EXPECT_THAT(got, HasSubstr("Content-Length: "));
}

TEST(Provider, ResetsWhatIsOpenWhenItIsStopped) {
  Bench bench;
  auto spec = provider("api");
  Answer answer;
  answer.hold = happened("nobody", "nothing");
  spec.routes.push_back(route("*", "/", answer));
  auto& api = bench.add(spec);
  const auto id = bench.journal.subscribe([&](const journal::Event& event) {
    if (event.kind == "request") api.stop();
  });
  EXPECT_EQ(bench.dialogue(api.endpoint(), "GET / HTTP/1.1\r\n\r\n"), "");
  bench.journal.unsubscribe(id);
  EXPECT_EQ(api.open_connections(), 0U);
}

TEST(Decoy, AnswersAndJournals) {
  Bench bench;
  DecoySpec spec;
  spec.name = "metadata";
  auto& decoy = bench.add(spec);
  EXPECT_THAT(bench.dialogue(decoy.endpoint(), "GET / HTTP/1.1\r\n\r\n", "decoy metadata"),
              EndsWith("\r\n\r\ndecoy metadata"));
  EXPECT_THAT(bench.kinds("metadata"), StartsWith("connection bytes"));
  EXPECT_EQ(bench.events("metadata", "connection").at(0)->source_type, "decoy");
}

}  // namespace
}  // namespace sallyport::sim::providers
