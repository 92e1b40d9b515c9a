#include "reference/egress/destination.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "reference/net/testing/run.h"

namespace sallyport::egress {
namespace {

// A name server with memory: what it was asked, in order. Each name answers its lists in turn.
class FakeResolver final : public net::Resolver {
 public:
  std::map<std::string, std::vector<std::vector<net::IpAddress>>> answers;
  std::vector<std::string> asked;

  net::Task<base::Result<std::vector<net::IpAddress>>> resolve(std::string name) override {
    asked.push_back(name);
    auto& lists = answers[name];
    if (lists.empty()) co_return make_error_code(net::ResolveErrc::not_found);
    std::vector<net::IpAddress> list = lists.front();
    lists.erase(lists.begin());
    co_return list;
  }
};

std::vector<net::IpAddress> list_of(const std::string& text) {
  return {net::IpAddress::parse(text).value()};
}

struct Case {
  Intent intent;
  Allow allow;
  Generation generation;
  FakeResolver resolver;
  net::testing::TestLoop loop;

  Case() {
    intent.host = "h.example.com";
    intent.port = 443;
    intent.method = "CONNECT";
    allow.policy = "web";
    allow.plan.transport = Transport::inspect;
  }
  Destination run() { return loop.run(destination(intent, allow, generation, resolver)); }
};

TEST(Destination, ResolvesOnceSoThatALaterAnswerCannotRebind) {
  Case given;
  given.resolver.answers["h.example.com"] = {list_of("20.0.0.1"), list_of("127.0.0.1")};
  const Destination found = given.run();
  EXPECT_EQ(std::get<Pinned>(found).endpoints.at(0).to_string(), "20.0.0.1:443");
  EXPECT_EQ(given.resolver.asked.size(), 1U);
}

TEST(Destination, RefusesLinkLocalAddressReachedThroughDns) {
  Case given;
  given.allow.plan.validation = Validation::declared_host;
  given.resolver.answers["h.example.com"] = {list_of("169.254.169.254")};
  const Destination found = given.run();
  EXPECT_EQ(std::get<Deny>(found).reason, DenyReason::declared_endpoint_failed);
}

TEST(Destination, AnswersBadGatewayWhenTheNameDoesNotResolve) {
  Case given;
  const Destination found = given.run();
  const Deny& deny = std::get<Deny>(found);
  EXPECT_EQ(deny.reason, DenyReason::name_not_resolved);
  EXPECT_EQ(deny.status, 502);
  EXPECT_EQ(deny.error, "upstream_unreachable");
  EXPECT_EQ(deny.detail, "could not resolve h.example.com");
  EXPECT_EQ(deny.cause.find("DNS resolution failed for h.example.com:443: "), 0U);
}

TEST(Destination, DoesNotAskForAPortThatIsRefusedAnyway) {
  Case given;
  given.intent.port = 6443;
  const Destination found = given.run();
  EXPECT_EQ(std::get<Deny>(found).reason, DenyReason::internal_address);
  EXPECT_TRUE(given.resolver.asked.empty());
}

TEST(Destination, BoundsTheNumberOfAddresses) {
  Case given;
  given.generation.limits.addresses_max = 1;
  std::vector<net::IpAddress> two = list_of("20.0.0.1");
  two.push_back(list_of("20.0.0.2")[0]);
  given.resolver.answers["h.example.com"] = {two};
  const Destination found = given.run();
  EXPECT_EQ(std::get<Deny>(found).reason, DenyReason::internal_address);
}

TEST(RouteDestination, PinsWhatTheOperatorNamed) {
  Case given;
  given.resolver.answers["ollama.lan"] = {list_of("127.0.0.1")};
  const RouteDestination found =
      given.loop.run(route_destination("ollama.lan", 11434, given.resolver));
  EXPECT_EQ(std::get<Pinned>(found).endpoints.at(0).to_string(), "127.0.0.1:11434");
}

TEST(RouteDestination, RefusesMetadataReachedThroughDns) {
  Case given;
  given.resolver.answers["models.lan"] = {list_of("169.254.169.254")};
  const RouteDestination found =
      given.loop.run(route_destination("models.lan", 80, given.resolver));
  EXPECT_FALSE(std::get<RouteRefused>(found).unresolved);
}

TEST(RouteDestination, SaysThatTheNameDoesNotResolve) {
  Case given;
  const RouteDestination found =
      given.loop.run(route_destination("nowhere.lan", 80, given.resolver));
  EXPECT_TRUE(std::get<RouteRefused>(found).unresolved);
}

}  // namespace
}  // namespace sallyport::egress
