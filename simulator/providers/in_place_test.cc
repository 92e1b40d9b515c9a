// Fake upstreams that are stopped, started, frozen and changed in place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/base/check.h"
#include "reference/net/listener.h"
#include "simulator/providers/testing/bench.h"

namespace sallyport::sim::providers {
namespace {

using testing::Bench;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::provider;
using testing::route;
using ::testing::StartsWith;
using testing::text;

constexpr std::string_view kGet = "GET /a HTTP/1.1\r\nConnection: close\r\n\r\n";

base::UniqueFd socket_at(const net::Endpoint& at) {
  auto fd = net::TcpListener::bind(at);
  CHECK(fd.has_value());
  return std::move(*fd);
}

ProviderSpec plain() {
  auto spec = provider("api");
  spec.dialect = Dialect::plain;
  return spec;
}

net::Task<bool> connects(Bench& bench, net::Endpoint to) {
  net::TcpDialer dialer(bench.loop.executor(), bench.loop.deadlines);
  const std::vector<net::Endpoint> endpoints(1, to);
  const auto stream = co_await dialer.dial(endpoints, bench.loop.in(5000));
  co_return stream.has_value();
}

TEST(InPlace, AStoppedProviderRefusesAndAStartedOneAnswersAtTheSamePort) {
  Bench bench;
  auto& api = bench.add(plain());
  const net::Endpoint at = api.endpoint();
  api.stop_listening();
  EXPECT_FALSE(api.listens());
  EXPECT_EQ(api.endpoint(), at);
  EXPECT_FALSE(bench.loop.run(connects(bench, at)));
  api.start_listening(socket_at(at));
  EXPECT_TRUE(api.listens());
  EXPECT_THAT(bench.dialogue(at, std::string(kGet)), EndsWith("GET /a"));
}

TEST(InPlace, StoppingEndsWhatIsOpen) {
  Bench bench;
  auto spec = plain();
  Answer held;
  held.hold.emplace();
  held.hold->source = "nobody";
  held.hold->kind = "never";
  spec.routes.push_back(route("GET", "/a", held));
  auto& api = bench.add(spec);
  bench.journal.subscribe([&api](const journal::Event& event) {
    if (event.kind == "request") api.stop_listening();
  });
  EXPECT_EQ(bench.dialogue(api.endpoint(), std::string(kGet)), "");
  EXPECT_EQ(text(*bench.events("api", "closed").at(0), "how"), "self");
  EXPECT_EQ(api.open_connections(), 0U);
}

TEST(InPlace, OneThatIsDownFromTheStartKnowsItsEndpoint) {
  Bench bench;
  const net::Endpoint at = *net::Endpoint::parse("127.0.0.1:7");
  auto spec = plain();
  spec.listen = at;
  Provider api(spec, bench.environment(), base::UniqueFd());
  api.start();
  EXPECT_FALSE(api.listens());
  EXPECT_EQ(api.endpoint(), at);
}

TEST(InPlace, AFrozenProviderIsConnectedToAndAnswersWhenItThaws) {
  Bench bench;
  auto& api = bench.add(plain());
  api.freeze();
  EXPECT_TRUE(bench.loop.run(connects(bench, api.endpoint())));
  EXPECT_TRUE(bench.events("api", "connection").empty());
  api.thaw();
  EXPECT_THAT(bench.dialogue(api.endpoint(), std::string(kGet)), EndsWith("GET /a"));
}

TEST(InPlace, AFreezeInMidAnswerHoldsTheRestBack) {
  Bench bench;
  auto spec = plain();
  Answer paced;
  paced.sse.emplace();
  paced.sse->texts = {"one", "two"};
  spec.routes.push_back(route("GET", "/a", paced));
  auto& api = bench.add(spec);
  bool frozen = false;
  bench.journal.subscribe([&](const journal::Event& event) {
    if (event.kind != "sse" || frozen) return;
    frozen = true;
    api.freeze();
  });
  const std::string head = bench.dialogue(api.endpoint(), std::string(kGet), "\r\n\r\n");
  EXPECT_THAT(head, ::testing::Not(HasSubstr("one")));
  EXPECT_EQ(bench.events("api", "sse").size(), 1U);
  api.thaw();
  bench.await("api", "closed");
}

TEST(InPlace, ADecoyCanBeStoppedAndStarted) {
  Bench bench;
  DecoySpec spec;
  spec.name = "trap";
  auto& trap = bench.add(spec);
  const net::Endpoint at = trap.endpoint();
  trap.stop_listening();
  EXPECT_FALSE(bench.loop.run(connects(bench, at)));
  trap.start_listening(socket_at(at));
  EXPECT_TRUE(bench.loop.run(connects(bench, at)));
  trap.freeze();
  trap.thaw();
  EXPECT_TRUE(trap.listens());
}

TEST(Apply, IsInForceForTheNextRequest) {
  Bench bench;
  auto& api = bench.add(plain());
  EXPECT_THAT(bench.dialogue(api.endpoint(), std::string(kGet)), EndsWith("GET /a"));
  auto changed = plain();
  Answer said;
  said.body = "changed";
  said.encoding = Answer::Encoding::gzip;
  changed.routes.push_back(route("GET", "/a", said));
  api.apply(changed, {});
  EXPECT_THAT(bench.dialogue(api.endpoint(), std::string(kGet)),
              HasSubstr("Content-Encoding: gzip"));
}

TEST(Apply, KeepsTheTurnsOfRoutesThatStayAndTheKeysThatAreAccepted) {
  Bench bench;
  bench.keys = {{"k1", "sk-1"}, {"k2", "sk-2"}};
  auto spec = plain();
  spec.keys = {"k1", "k2"};
  Answer first;
  first.body = "first";
  Answer second;
  second.body = "second";
  spec.routes.push_back(route("GET", "/a", first));
  spec.routes.back().answers.push_back(second);
  auto& api = bench.add(spec);
  api.accept("k2");
  api.revoke("k1");
  const std::string get =
      "GET /a HTTP/1.1\r\nConnection: close\r\nAuthorization: Bearer sk-2\r\n\r\n";
  EXPECT_THAT(bench.dialogue(api.endpoint(), get), EndsWith("first"));
  auto changed = spec;
  changed.models = {"other"};
  api.apply(changed, bench.keys);
  EXPECT_THAT(bench.dialogue(api.endpoint(), get), EndsWith("second"));
}

TEST(EndlessStream, LastsUntilThePeerEndsIt) {
  Bench bench;
  auto spec = provider("api");
  Answer endless;
  endless.sse.emplace();
  endless.sse->events = 1'000'000'000'000;
  endless.framing = Answer::Framing::length;  // can't be promised: until the end of the connection
  spec.routes.push_back(route("GET", "/a", endless));
  auto& api = bench.add(spec);
  const std::string answer = bench.dialogue(api.endpoint(), std::string(kGet), " 50\"");
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  bench.await("api", "closed");
}

}  // namespace
}  // namespace sallyport::sim::providers
