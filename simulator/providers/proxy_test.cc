#include "simulator/providers/proxy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulator/providers/base64.h"
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

ProviderSpec plain(std::string name) {
  auto spec = provider(std::move(name));
  spec.dialect = Dialect::plain;
  return spec;
}

ProviderSpec proxy_spec() {
  auto spec = provider("hop");
  spec.dialect = Dialect::proxy;
  return spec;
}

std::string connect(const std::string& to, std::string_view more = {}) {
  return "CONNECT " + to + " HTTP/1.1\r\nHost: " + to + "\r\n" + std::string(more) + "\r\n";
}

constexpr std::string_view kGet = "GET /a HTTP/1.1\r\nHost: api.test\r\nConnection: close\r\n\r\n";

TEST(ProxyAuthority, IsAHostAndAPort) {
  EXPECT_EQ(parse_authority("a.test:443", 0)->host, "a.test");
  EXPECT_EQ(parse_authority("[::1]:8080", 0)->port, 8080);
  EXPECT_EQ(parse_authority("a.test", 80)->port, 80);
  for (const std::string_view bad :
       {"", ":443", "a.test", "a.test:", "a:0", "a:65536", "a:4x", "[::1:80", "u@a:80"}) {
    EXPECT_FALSE(parse_authority(bad, 0)) << bad;
  }
}

TEST(Proxy, TunnelsToAnAddressAndPassesEndsOn) {
  Bench bench;
  auto& api = bench.add(plain("api"));
  auto& hop = bench.add(proxy_spec());
  const std::string to = api.endpoint().to_string();
  const std::string answer = bench.dialogue(hop.endpoint(), connect(to) + std::string(kGet));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 200 OK"));
  EXPECT_THAT(answer, EndsWith("GET /a"));
  const journal::Event& request = *bench.events("hop", "request").at(0);
  EXPECT_EQ(text(request, "method"), "CONNECT");
  EXPECT_EQ(text(request, "target"), to);
  EXPECT_EQ(text(*bench.events("hop", "response").at(0), "status"), "200");
  EXPECT_EQ(bench.events("api", "request").size(), 1U);
}

TEST(Proxy, ResolvesNamesAsItsHostDoes) {
  Bench bench;
  auto& api = bench.add(plain("api"));
  bench.zone["api.test"] = {*net::IpAddress::parse("127.0.0.1")};
  auto& hop = bench.add(proxy_spec());
  const std::string to = "api.test:" + std::to_string(api.endpoint().port);
  EXPECT_THAT(bench.dialogue(hop.endpoint(), connect(to) + std::string(kGet)), EndsWith("GET /a"));
  EXPECT_THAT(bench.dialogue(hop.endpoint(), connect("nobody.test:443"), "host\n"),
              StartsWith("HTTP/1.1 502 Bad Gateway\r\n"));
}

TEST(Proxy, Answers502WhereNobodyListens) {
  Bench bench;
  auto& gone = bench.add(plain("gone"));
  const std::string to = gone.endpoint().to_string();
  gone.stop_listening();
  auto& hop = bench.add(proxy_spec());
  EXPECT_THAT(bench.dialogue(hop.endpoint(), connect(to), "reached\n"),
              StartsWith("HTTP/1.1 502 Bad Gateway\r\n"));
  EXPECT_EQ(text(*bench.events("hop", "response").at(0), "status"), "502");
}

TEST(Proxy, TakesItsRoutesBeforeItDials) {
  Bench bench;
  auto& api = bench.add(plain("api"));
  auto spec = proxy_spec();
  Answer refusal;
  refusal.status = 403;
  refusal.body = "no";
  spec.routes.push_back(route("CONNECT", "api.test:443", refusal));
  auto& hop = bench.add(spec);
  EXPECT_THAT(bench.dialogue(hop.endpoint(), connect("api.test:443"), "no"),
              StartsWith("HTTP/1.1 403 Forbidden\r\n"));
  EXPECT_THAT(
      bench.dialogue(hop.endpoint(), connect(api.endpoint().to_string()) + std::string(kGet)),
      EndsWith("GET /a"));
}

TEST(Proxy, WantsAKeyOfItsOwn) {
  Bench bench;
  bench.keys = {{"k1", "sk-1"}};
  auto& api = bench.add(plain("api"));
  auto spec = proxy_spec();
  spec.keys = {"k1"};
  auto& hop = bench.add(spec);
  const std::string to = api.endpoint().to_string();
  EXPECT_THAT(bench.dialogue(hop.endpoint(), connect(to, "Authorization: Bearer sk-1\r\n"), "sent"),
              StartsWith("HTTP/1.1 407 "));
  const std::string bearer = "Proxy-Authorization: Bearer sk-1\r\n";
  EXPECT_THAT(bench.dialogue(hop.endpoint(), connect(to, bearer) + std::string(kGet)),
              EndsWith("GET /a"));
  const std::string basic = "Proxy-Authorization: Basic " + to_base64("user:sk-1") + "\r\n";
  EXPECT_THAT(bench.dialogue(hop.endpoint(), connect(to, basic) + std::string(kGet)),
              EndsWith("GET /a"));
  EXPECT_EQ(text(*bench.events("hop", "request").at(2), "key"), "k1");
}

TEST(Proxy, ForwardsAnAbsoluteTargetWithoutWhatIsForItself) {
  Bench bench;
  auto& api = bench.add(plain("api"));
  auto& hop = bench.add(proxy_spec());
  const std::string to = api.endpoint().to_string();
  const std::string answer =
      bench.dialogue(hop.endpoint(), "POST http://" + to +
                                         "/x?y=1 HTTP/1.1\r\nHost: other\r\nContent-Length: 2\r\n"
                                         "Proxy-Authorization: Bearer z\r\nX-Kept: 1\r\n\r\nhi");
  EXPECT_THAT(answer, EndsWith("hi"));
  const std::string seen = text(*bench.events("api", "bytes").at(0), "data");
  EXPECT_THAT(seen, StartsWith("POST /x?y=1 HTTP/1.1\r\nHost: " + to + "\r\nX-Kept: 1\r\n"));
  EXPECT_THAT(seen, ::testing::Not(HasSubstr("Proxy-")));
  EXPECT_EQ(text(*bench.events("hop", "response").at(0), "status"), "200");
}

TEST(Proxy, RefusesWhatItCannotRead) {
  Bench bench;
  auto& hop = bench.add(proxy_spec());
  for (const std::string head : {"CONNECT nowhere HTTP/1.1", "GET /origin HTTP/1.1",
                                 "GET ftp://a/ HTTP/1.1", "GET http:// HTTP/1.1"}) {
    const std::string request = head + "\r\nConnection: close\r\n\r\n";
    EXPECT_THAT(bench.dialogue(hop.endpoint(), request), StartsWith("HTTP/1.1 400 ")) << head;
  }
}

TEST(Proxy, ResetsTheTunnelWhenItsOriginDoes) {
  Bench bench;
  auto spec = plain("api");
  Answer cut;
  cut.size = 100;
  cut.cut = Answer::Cut{10, CutHow::reset};
  spec.routes.push_back(route("GET", "/a", cut));
  auto& api = bench.add(spec);
  auto& hop = bench.add(proxy_spec());
  const std::string answer =
      bench.dialogue(hop.endpoint(), connect(api.endpoint().to_string()) + std::string(kGet));
  EXPECT_THAT(answer, EndsWith("0123456789"));
  bench.await("hop", "closed");
}

}  // namespace
}  // namespace sallyport::sim::providers
