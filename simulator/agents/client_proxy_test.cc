// What the client makes of a proxy between it and the upstream.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulator/agents/testing/client_bench.h"

namespace sallyport::sim::agents {
namespace {

using providers::testing::provider;
using testing::ClientBench;
using testing::fact;
using testing::FakeProxy;
using ::testing::StartsWith;

RequestSpec get(const std::string& url, Adapter adapter = Adapter::automatic) {
  RequestSpec spec;
  spec.url = url;
  spec.adapter = adapter;
  return spec;
}

Facts perform_via(ClientBench& bench, const FakeProxy& proxy, const RequestSpec& spec) {
  ClientContext context = bench.context();
  context.via = proxy.via();
  return bench.perform(spec, context);
}

TEST(ClientProxy, SendsTheAbsoluteFormForHttp) {
  ClientBench bench;
  auto& api = bench.add(provider("api"));
  FakeProxy proxy(bench, "tunnel");
  const std::string url = "http://" + api.endpoint().to_string() + "/v1/models";
  const Facts facts = perform_via(bench, proxy, get(url));
  EXPECT_EQ(fact(facts, "class"), "ok");
  EXPECT_EQ(fact(facts, "http_connect"), "-");
  EXPECT_EQ(fact(facts, "answered_by"), "api");
  EXPECT_THAT(proxy.first_head(), StartsWith("GET " + url + " HTTP/1.1\r\nHost: 127.0.0.1:"));
}

TEST(ClientProxy, TunnelsHttpsAndHttpWhenTold) {
  ClientBench bench;
  auto spec = provider("secure");
  spec.tls = providers::TlsKind::valid;
  auto& secure = bench.add(spec);
  auto& api = bench.add(provider("api"));
  FakeProxy proxy(bench, "tunnel");
  const std::string authority = secure.endpoint().to_string();
  const Facts https = perform_via(bench, proxy, get("https://" + authority + "/v1/models"));
  EXPECT_EQ(fact(https, "class"), "ok");
  EXPECT_EQ(fact(https, "http_connect"), "200");
  EXPECT_EQ(fact(https, "tls_verify"), "0");
  EXPECT_THAT(proxy.first_head(),
              StartsWith("CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n"));
  const std::string url = "http://" + api.endpoint().to_string() + "/v1/models";
  const Facts http = perform_via(bench, proxy, get(url, Adapter::connect));
  EXPECT_EQ(fact(http, "class"), "ok");
  EXPECT_EQ(fact(http, "http_connect"), "200");
}

TEST(ClientProxy, JournalsNoResponseForTheTunnel) {
  ClientBench bench;
  auto& api = bench.add(provider("api"));
  FakeProxy proxy(bench, "tunnel");
  const std::string url = "http://" + api.endpoint().to_string() + "/v1/models";
  (void)perform_via(bench, proxy, get(url, Adapter::connect));
  EXPECT_EQ(bench.kinds("step"), "response outcome");
}

TEST(ClientProxy, KeepsATunnelByName) {
  ClientBench bench;
  auto spec = provider("api");
  spec.tls = providers::TlsKind::valid;
  auto& api = bench.add(spec);
  FakeProxy proxy(bench, "tunnel");
  RequestSpec request = get("https://" + api.endpoint().to_string() + "/v1/models");
  request.connection = "kept";
  (void)perform_via(bench, proxy, request);
  const Facts facts = perform_via(bench, proxy, request);
  EXPECT_EQ(fact(facts, "class"), "ok");
  EXPECT_EQ(fact(facts, "reused"), "true");
  EXPECT_EQ(fact(facts, "http_connect"), "200");
  EXPECT_EQ(bench.events("api", "connection").size(), 1U);
}

TEST(ClientProxy, TakesARefusedTunnelsAnswerForTheLast) {
  ClientBench bench;
  FakeProxy proxy(bench,
                  "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\n"
                  "Content-Length: 29\r\n\r\n{\"error\":\"policy_denied\",\"a\":1}");
  const Facts facts = perform_via(bench, proxy, get("https://api.test/"));
  EXPECT_EQ(fact(facts, "class"), "denied");
  EXPECT_EQ(fact(facts, "phase"), "tunnel");
  EXPECT_EQ(fact(facts, "http_connect"), "403");
  EXPECT_EQ(fact(facts, "status"), "403");
  EXPECT_EQ(fact(facts, "answered_by"), "proxy");
  EXPECT_EQ(bench.kinds("step"), "response outcome");
}

TEST(ClientProxy, ReadsTheErrorOfARefusedTunnel) {
  ClientBench bench;
  FakeProxy proxy(bench, "HTTP/1.1 403 Forbidden\r\n\r\n{\"error\":\"ssrf_denied\"}");
  const Facts facts = perform_via(bench, proxy, get("https://api.test/"));
  EXPECT_EQ(fact(facts, "error"), "ssrf_denied");
  EXPECT_EQ(fact(facts, "framing"), "complete");
}

TEST(ClientProxy, TellsTheProxysOwnAnswersApart) {
  ClientBench bench;
  FakeProxy denies(bench, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n");
  FakeProxy fails(bench, "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(fact(perform_via(bench, denies, get("http://api.test/")), "class"), "denied");
  const Facts facts = perform_via(bench, fails, get("http://api.test/"));
  EXPECT_EQ(fact(facts, "class"), "unavailable");
  EXPECT_EQ(fact(facts, "answered_by"), "proxy");
}

// A provider may be the proxy: what it answers for itself is still no origin's answer.
TEST(ClientProxy, TakesAProviderThatIsTheWayForNoOrigin) {
  ClientBench bench;
  FakeProxy denies(bench, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n");
  ClientContext context = bench.context();
  context.via = denies.via();
  context.connect = [&, dial = context.connect](net::Endpoint to, base::TimePoint at) {
    journal::Event own;
    own.source = "proxy";
    own.source_type = "provider";
    own.kind = "response";
    own.step = context.step;
    bench.journal.append(std::move(own));
    return dial(to, at);
  };
  const Facts facts = bench.perform(get("https://api.test/"), context);
  EXPECT_EQ(fact(facts, "class"), "denied");
  EXPECT_EQ(fact(facts, "answered_by"), "proxy");
}

TEST(ClientProxy, SaysThatTheProxyCantBeReached) {
  ClientBench bench;
  ClientContext context = bench.context();
  context.via = Via{"proxy", *net::Endpoint::parse("127.0.0.1:1")};
  const Facts facts = bench.perform(get("http://api.test/"), context);
  EXPECT_EQ(fact(facts, "class"), "proxy_unreachable");
  EXPECT_EQ(fact(facts, "errno"), "ECONNREFUSED");
}

TEST(ClientProxy, TellsAnEndInTheTunnelFromSilenceThere) {
  ClientBench bench;
  FakeProxy ends(bench, "");
  const Facts ended = perform_via(bench, ends, get("https://api.test/"));
  EXPECT_EQ(fact(ended, "class"), "no_response");
  EXPECT_EQ(fact(ended, "phase"), "tunnel");
  FakeProxy junk(bench, "220 smtp ready\r\n");
  EXPECT_EQ(fact(perform_via(bench, junk, get("https://api.test/")), "class"), "malformed");
}

}  // namespace
}  // namespace sallyport::sim::agents
