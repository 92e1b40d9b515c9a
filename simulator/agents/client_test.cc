// What the client sees and says of exchanges that reach an upstream, or nobody, directly.

#include "simulator/agents/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "simulator/agents/testing/scripted_peer.h"

namespace sallyport::sim::agents {
namespace {

using providers::testing::provider;
using providers::testing::route;
using providers::testing::text;
using testing::Act;
using testing::ClientBench;
using testing::fact;
using ::testing::HasSubstr;
using testing::ScriptedPeer;

std::string url_of(const providers::Provider& provider, const std::string& path,
                   const std::string& scheme = "http") {
  return scheme + "://" + provider.endpoint().to_string() + path;
}

providers::ProviderSpec plain(const std::string& name) {
  auto spec = provider(name);
  spec.dialect = providers::Dialect::plain;
  return spec;
}

TEST(Client, TellsAllFactsOfAGoodExchange) {
  ClientBench bench;
  auto& api = bench.add(provider("api"));
  const Facts facts = bench.get(url_of(api, "/v1/models"));
  EXPECT_EQ(fact(facts, "class"), "ok");
  EXPECT_EQ(fact(facts, "phase"), "done");
  EXPECT_EQ(fact(facts, "status"), "200");
  EXPECT_EQ(fact(facts, "framing"), "complete");
  EXPECT_EQ(fact(facts, "answered_by"), "api");
  EXPECT_EQ(fact(facts, "reused"), "false");
  EXPECT_EQ(fact(facts, "attempts"), "1");
  EXPECT_THAT(fact(facts, "json"), HasSubstr("\"m1\""));
  EXPECT_EQ(fact(facts, "errno"), "-");
  EXPECT_EQ(fact(facts, "error"), "-");
  EXPECT_GT(std::stoll(fact(facts, "first_byte")), 0);
  EXPECT_GE(std::stoll(fact(facts, "total")), std::stoll(fact(facts, "first_byte")));
}

TEST(Client, JournalsTheResponseAndTheOutcomeOfItsStep) {
  ClientBench bench;
  auto& api = bench.add(provider("api"));
  (void)bench.get(url_of(api, "/v1/models"));
  EXPECT_EQ(bench.kinds("step"), "response outcome");
  EXPECT_EQ(bench.events("step", "outcome").at(0)->source_type, "step");
  EXPECT_EQ(text(*bench.events("step", "outcome").at(0), "class"), "ok");
  EXPECT_EQ(bench.events("api", "request").at(0)->step, "step");
}

TEST(Client, SendsWhatTheStepSays) {
  ClientBench bench;
  auto& api = bench.add(plain("api"));
  RequestSpec spec;
  spec.url = url_of(api, "/p?q=1");
  spec.headers = {{"X-One", "1"}, {"user-agent", "other"}};
  spec.json = R"({"a":1})";
  EXPECT_EQ(fact(bench.perform(spec), "body"), R"({"a":1})");
  const journal::Event& request = *bench.events("api", "request").at(0);
  EXPECT_EQ(text(request, "method"), "POST");
  EXPECT_EQ(text(request, "target"), "/p?q=1");
  EXPECT_EQ(text(request, "json"), R"({"a":1})");
  const auto& headers = std::get<journal::HeaderList>(*request.find("headers"));
  EXPECT_THAT(headers, ::testing::Contains(::testing::Pair("user-agent", "other")));
  EXPECT_THAT(headers, ::testing::Contains(::testing::Pair("Content-Type", "application/json")));
}

TEST(Client, GrowsABodyFromTheNonceInEitherFraming) {
  for (const bool chunked : {false, true}) {
    ClientBench bench;
    auto& api = bench.add(plain("api"));
    RequestSpec spec;
    spec.url = url_of(api, "/");
    spec.size = 100'000;
    spec.chunked = chunked;
    spec.expect_continue = true;
    const Facts facts = bench.perform(spec);
    EXPECT_EQ(fact(facts, "body_size"), "100000");
    EXPECT_THAT(fact(facts, "body"), ::testing::StartsWith("step:stepstep:step"));
    EXPECT_EQ(text(*bench.events("api", "request").at(0), "framing"),
              chunked ? "chunked" : "length");
  }
}

TEST(Client, CountsEventsAsTheyCome) {
  ClientBench bench;
  auto& api = bench.add(provider("api"));
  RequestSpec spec;
  spec.url = url_of(api, "/v1/chat/completions");
  spec.json = R"({"stream":true,"messages":[{"role":"user","content":"hi"}]})";
  const Facts facts = bench.perform(spec);
  EXPECT_EQ(fact(facts, "class"), "ok");
  EXPECT_EQ(fact(facts, "sse_count"), "9");
  EXPECT_EQ(fact(facts, "sse_end"), "terminal");
  EXPECT_EQ(bench.events("step", "sse").size(), 9U);
  EXPECT_EQ(text(*bench.events("step", "sse").at(8), "data"), "[DONE]");
}

TEST(Client, GetsEachEventBeforeTheNextIsSent) {
  ClientBench bench;
  auto spec = provider("api");
  providers::Answer answer;
  answer.sse.emplace();
  answer.sse->texts = {"one", "two"};
  journal::Selector first;
  first.source = "step";
  first.kind = "sse";
  answer.sse->hold = providers::SseSpec::Hold{2, first};
  spec.routes.push_back(route("GET", "/", answer));
  auto& api = bench.add(spec);
  EXPECT_EQ(fact(bench.get(url_of(api, "/")), "sse_count"), "3");
  EXPECT_LT(bench.events("step", "sse").at(0)->sequence,
            bench.events("api", "sse").at(1)->sequence);
}

TEST(Client, TellsAnOriginsErrorByItsType) {
  ClientBench bench;
  bench.keys = {{"main", "sk-1"}};
  auto spec = provider("api");
  spec.keys = {"main"};
  auto& api = bench.add(spec);
  const Facts facts = bench.get(url_of(api, "/v1/models"));
  EXPECT_EQ(fact(facts, "class"), "http_error");
  EXPECT_EQ(fact(facts, "status"), "401");
  EXPECT_EQ(fact(facts, "error"), "invalid_request_error");
}

TEST(Client, IsRefusedWhereNobodyListens) {
  ClientBench bench;
  auto& api = bench.add(provider("api"));
  api.stop();
  bench.loop.poll();
  const Facts facts = bench.get("http://127.0.0.1:1/");
  EXPECT_EQ(fact(facts, "class"), "refused");
  EXPECT_EQ(fact(facts, "phase"), "connect");
  EXPECT_EQ(fact(facts, "errno"), "ECONNREFUSED");
  EXPECT_EQ(fact(facts, "status"), "-");
}

net::Task<Dialled> fail_to_dial(int error, bool expired) {
  Dialled dialled;
  dialled.error = error;
  dialled.expired = expired;
  co_return dialled;
}

TEST(Client, TellsNoRouteFromSilence) {
  ClientBench bench;
  RequestSpec spec;
  spec.url = "http://192.0.2.1/";
  ClientContext context = bench.context();
  context.connect = [](net::Endpoint, base::TimePoint) { return fail_to_dial(ENETUNREACH, false); };
  const Facts unroutable = bench.perform(spec, context);
  EXPECT_EQ(fact(unroutable, "class"), "unroutable");
  EXPECT_EQ(fact(unroutable, "errno"), "ENETUNREACH");
  context.connect = [](net::Endpoint, base::TimePoint) { return fail_to_dial(ETIMEDOUT, true); };
  const Facts filtered = bench.perform(spec, context);
  EXPECT_EQ(fact(filtered, "class"), "filtered");
  EXPECT_EQ(fact(filtered, "errno"), "-");
}

TEST(Client, ResolvesNamesAndTellsWhyItCant) {
  ClientBench bench;
  auto& api = bench.add(provider("api"));
  Resolved found;
  found.rcode = "NOERROR";
  found.addresses.push_back(*net::IpAddress::parse("127.0.0.1"));
  bench.names["api.test"] = found;
  const std::string port = std::to_string(api.endpoint().port);
  const Facts good = bench.get("http://api.test:" + port + "/v1/models");
  EXPECT_EQ(fact(good, "class"), "ok");
  EXPECT_EQ(fact(good, "rcode"), "NOERROR");
  const Facts bad = bench.get("http://other.test/");
  EXPECT_EQ(fact(bad, "class"), "name_resolution");
  EXPECT_EQ(fact(bad, "phase"), "resolve");
  EXPECT_EQ(fact(bad, "rcode"), "NXDOMAIN");
}

TEST(Client, KeepsAConnectionByName) {
  ClientBench bench;
  auto& api = bench.add(provider("api"));
  RequestSpec spec;
  spec.url = url_of(api, "/v1/models");
  spec.connection = "kept";
  EXPECT_EQ(fact(bench.perform(spec), "reused"), "false");
  EXPECT_EQ(fact(bench.perform(spec), "reused"), "true");
  EXPECT_EQ(bench.events("api", "connection").size(), 1U);
}

TEST(Client, SaysThatAKeptConnectionWasClosed) {
  ClientBench bench;
  auto& api = bench.add(provider("api"));
  RequestSpec spec;
  spec.url = url_of(api, "/v1/models");
  spec.connection = "kept";
  EXPECT_EQ(fact(bench.perform(spec), "class"), "ok");
  api.stop();
  bench.loop.poll();
  const Facts facts = bench.perform(spec);
  EXPECT_EQ(fact(facts, "class"), "closed");
  EXPECT_EQ(fact(facts, "reused"), "true");
}

TEST(Client, BoundsAnExchangeOnAKeptConnectionToo) {
  ClientBench bench;
  ScriptedPeer peer(bench, {{Act::Kind::expect, "\r\n\r\n"},
                            {Act::Kind::send, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
                            {Act::Kind::hold, {}}});
  bench.timeout = std::chrono::milliseconds{80};
  RequestSpec spec;
  spec.url = peer.url();
  spec.connection = "kept";
  EXPECT_EQ(fact(bench.perform(spec), "class"), "ok");
  const Facts silent = bench.perform(spec);
  EXPECT_EQ(fact(silent, "class"), "stalled");
  EXPECT_EQ(fact(silent, "reused"), "true");
}

TEST(Client, NamesItsConnectionsInTheJournal) {
  ClientBench bench;
  auto& api = bench.add(provider("api"));
  RequestSpec spec;
  spec.url = url_of(api, "/v1/models");
  spec.connection = "kept";
  (void)bench.perform(spec);
  (void)bench.perform(spec);
  (void)bench.get(spec.url);
  const auto outcomes = bench.events("step", "outcome");
  EXPECT_EQ(outcomes.at(0)->connection, "step#1");
  EXPECT_EQ(outcomes.at(1)->connection, "step#1");
  EXPECT_EQ(outcomes.at(2)->connection, "step#2");
  EXPECT_EQ(bench.events("step", "response").at(1)->connection, "step#1");
}

TEST(Client, SendsNoBodyThatAFinalAnswerForestalls) {
  ClientBench bench;
  ScriptedPeer peer(bench, {{Act::Kind::expect, "\r\n\r\n"},
                            {Act::Kind::send, "HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n"},
                            {Act::Kind::hold, {}}});
  RequestSpec spec;
  spec.url = peer.url();
  spec.body = "unsent";
  spec.expect_continue = true;
  EXPECT_EQ(fact(bench.perform(spec), "status"), "413");
  peer.settle();
  EXPECT_THAT(peer.received(), ::testing::Not(HasSubstr("unsent")));
}

TEST(Client, ReadsPastInterimAnswers) {
  ClientBench bench;
  ScriptedPeer peer(bench, {{Act::Kind::expect, "\r\n\r\n"},
                            {Act::Kind::send,
                             "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                             "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"},
                            {Act::Kind::hold, {}}});
  const Facts facts = bench.get(peer.url());
  EXPECT_EQ(fact(facts, "class"), "ok");
  EXPECT_EQ(fact(facts, "status"), "200");
  EXPECT_EQ(bench.events("step", "response").size(), 1U);
}

TEST(Client, WantsNoBodyOfAnAnswerToHead) {
  ClientBench bench;
  auto& api = bench.add(plain("api"));
  RequestSpec spec;
  spec.url = url_of(api, "/");
  spec.method = "HEAD";
  const Facts facts = bench.perform(spec);
  EXPECT_EQ(fact(facts, "class"), "ok");
  EXPECT_EQ(fact(facts, "body_size"), "0");
}

TEST(Client, TellsTheOctetsOfACodedAnswerAsTheyCame) {
  ClientBench bench;
  auto spec = provider("api");
  providers::Answer answer;
  answer.json = R"({"error":"x"})";
  answer.encoding = providers::Answer::Encoding::gzip;
  spec.routes.push_back(route("GET", "/", answer));
  auto& api = bench.add(spec);
  const Facts facts = bench.get(url_of(api, "/"));
  EXPECT_EQ(fact(facts, "class"), "ok");
  EXPECT_THAT(fact(facts, "body"), ::testing::StartsWith("\x1f\x8b"));
  EXPECT_EQ(fact(facts, "json"), "-");
}

TEST(Client, SpeaksTlsAndVerifies) {
  ClientBench bench;
  auto spec = provider("api");
  spec.tls = providers::TlsKind::valid;
  auto& api = bench.add(spec);
  const Facts facts = bench.get(url_of(api, "/v1/models", "https"));
  EXPECT_EQ(fact(facts, "class"), "ok");
  EXPECT_EQ(fact(facts, "tls_verify"), "0");
  EXPECT_THAT(bench.kinds("api"),
              ::testing::StartsWith("connection handshake bytes request response"));
}

}  // namespace
}  // namespace sallyport::sim::agents
