// What the client does on connections that are kept between exchanges, as the lanes of a repeated
// step are, and what the journal tells of exchanges that are under way at once.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulator/agents/lanes.h"
#include "simulator/agents/testing/client_bench.h"

namespace sallyport::sim::agents {
namespace {

using providers::testing::provider;
using providers::testing::route;
using providers::testing::text;
using testing::ClientBench;
using testing::fact;
using testing::FakeProxy;

RequestSpec kept(const providers::Provider& api, const std::string& scheme = "http") {
  RequestSpec spec;
  spec.url = scheme + "://" + api.endpoint().to_string() + "/v1/models";
  spec.connection = "lane";
  spec.reconnects = true;
  return spec;
}

providers::ProviderSpec closing(const std::string& name) {
  auto spec = provider(name);
  providers::Answer answer;
  answer.raw.emplace();
  providers::Move send;
  send.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  providers::Move close;
  close.kind = providers::Move::Kind::close;
  answer.raw->push_back(send);
  answer.raw->push_back(close);
  spec.routes.push_back(route("*", "/**", answer));
  return spec;
}

TEST(ClientLanes, ReplaceAConnectionThatItsPeerHasEndedInGoodOrder) {
  for (const auto tls : {providers::TlsKind::none, providers::TlsKind::valid}) {
    ClientBench bench;
    auto given = closing("api");
    given.tls = tls;
    auto& api = bench.add(given);
    const auto spec = kept(api, tls == providers::TlsKind::none ? "http" : "https");
    EXPECT_EQ(fact(bench.perform(spec), "class"), "ok");
    bench.loop.poll();
    const Facts second = bench.perform(spec);
    EXPECT_EQ(fact(second, "class"), "ok");
    EXPECT_EQ(fact(second, "reused"), "false");
    EXPECT_EQ(bench.events("api", "connection").size(), 2U);
  }
}

TEST(ClientLanes, SayClosedOfAConnectionThatWasReset) {
  ClientBench bench;
  auto& api = bench.add(provider("api"));
  EXPECT_EQ(fact(bench.perform(kept(api)), "class"), "ok");
  api.reset_open();
  bench.loop.poll();
  const Facts facts = bench.perform(kept(api));
  EXPECT_EQ(fact(facts, "class"), "closed");
  EXPECT_EQ(fact(facts, "errno"), "ECONNRESET");
  EXPECT_EQ(fact(bench.perform(kept(api)), "class"), "ok");
}

TEST(ClientLanes, KeepATunnelAndItsTls) {
  ClientBench bench;
  auto spec = provider("api");
  spec.tls = providers::TlsKind::valid;
  auto& api = bench.add(spec);
  FakeProxy proxy(bench, "tunnel");
  ClientContext context = bench.context();
  context.via = proxy.via();
  const auto request = kept(api, "https");
  EXPECT_EQ(fact(bench.perform(request, context), "reused"), "false");
  const Facts second = bench.perform(request, context);
  EXPECT_EQ(fact(second, "class"), "ok");
  EXPECT_EQ(fact(second, "reused"), "true");
  EXPECT_EQ(fact(second, "http_connect"), "200");
  EXPECT_EQ(fact(second, "tls_verify"), "0");
  EXPECT_EQ(bench.events("api", "connection").size(), 1U);
  EXPECT_EQ(bench.events("api", "handshake").size(), 1U);
}

TEST(ClientLanes, AreEndedInGoodOrder) {
  ClientBench bench;
  auto& api = bench.add(provider("api"));
  EXPECT_EQ(fact(bench.perform(kept(api)), "class"), "ok");
  bench.pool.close("lane");
  bench.pool.close("lane");
  bench.await("api", "closed");
  EXPECT_EQ(text(*bench.events("api", "closed").at(0), "how"), "fin");
}

TEST(ClientLanes, TellWhichExchangeAnEventBelongsTo) {
  ClientBench bench;
  auto given = provider("api");
  given.sse.events = 2;
  auto& api = bench.add(given);
  RequestSpec spec;
  spec.url = "http://" + api.endpoint().to_string() + "/v1/chat/completions";
  spec.json = R"({"stream":true})";
  ClientContext context = bench.context();
  context.nonce = "n1";
  EXPECT_EQ(fact(bench.perform(spec, context), "class"), "ok");
  for (const std::string kind : {"request", "response", "sse"}) {
    EXPECT_EQ(text(*bench.events("api", kind).at(0), "nonce"), "n1") << kind;
  }
  for (const std::string kind : {"response", "sse", "outcome"}) {
    EXPECT_EQ(text(*bench.events("step", kind).at(0), "nonce"), "n1") << kind;
  }
}

// Another exchange of the same step had its answer from a provider meanwhile.
TEST(ClientLanes, DoNotTakeAnotherExchangesAnswererForTheirOwn) {
  ClientBench bench;
  FakeProxy proxy(bench, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
  ClientContext context = bench.context();
  context.via = proxy.via();
  context.nonce = "mine";
  RequestSpec spec;
  spec.url = "http://api.test/";
  context.connect = [&, dial = context.connect](net::Endpoint to, base::TimePoint at) {
    journal::Event other;
    other.source = "api";
    other.source_type = "provider";
    other.kind = "response";
    other.step = context.step;
    other.fields["nonce"] = std::string("another");
    bench.journal.append(std::move(other));
    return dial(to, at);
  };
  const Facts facts = bench.perform(spec, context);
  EXPECT_EQ(fact(facts, "answered_by"), "proxy");
  EXPECT_EQ(fact(facts, "class"), "unavailable");
}

// Many exchanges at once on a few kept connections.
TEST(ClientLanes, ShareConnectionsBetweenManyExchanges) {
  ClientBench bench;
  auto& api = bench.add(provider("api"));
  net::TaskGroup group(bench.loop.executor(), bench.log);
  std::uint64_t number = 0;
  std::uint64_t good = 0;
  struct One {
    static net::Task<void> perform(ClientBench* on, RequestSpec spec, std::uint64_t which,
                                   std::uint64_t* ok) {
      ClientContext context = on->context();
      context.nonce = "n" + std::to_string(which);
      const Facts facts = co_await agents::perform(std::move(spec), context);
      if (fact(facts, "class") == "ok" && fact(facts, "answered_by") == "api") ++*ok;
    }
  };
  const OneTime once = [&](std::uint64_t lane) {
    RequestSpec spec = kept(api);
    spec.connection = "lane" + std::to_string(lane);
    return One::perform(&bench, std::move(spec), ++number, &good);
  };
  Repetition how;
  how.times = 500;
  how.lanes = 4;
  bench.loop.run(repeat(how, once, bench.journal, bench.loop.clock, group));
  EXPECT_EQ(good, 500U);
  EXPECT_EQ(bench.events("api", "connection").size(), 4U);
}

}  // namespace
}  // namespace sallyport::sim::agents
