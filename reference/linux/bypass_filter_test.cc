#include "reference/linux/bypass_filter.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "reference/linux/links.h"
#include "reference/linux/namespaces.h"
#include "reference/linux/testing/in_namespaces.h"
#include "reference/linux/testing/loopback.h"

namespace sallyport::linux {
namespace {

const net::Endpoint kProxy = *net::Endpoint::parse("10.200.0.1:3128");

std::string listing_of(const std::string& rules) { return rules.substr(rules.find("table inet")); }

TEST(BypassRules, NameTheProxyByAddressAndPort) {
  const std::string rules = bypass_rules(kProxy, 7);
  EXPECT_NE(rules.find("ip daddr 10.200.0.1 tcp dport 3128 accept"), std::string::npos);
  EXPECT_NE(rules.find("group 7 "), std::string::npos);
}

TEST(BypassRules, StandInTheOrderAcceptLogReject) {
  const std::string rules = bypass_rules(kProxy, 7);
  EXPECT_LT(rules.find("accept"), rules.find("log prefix"));
  EXPECT_LT(rules.find("log prefix"), rules.find("reject with tcp reset"));
  EXPECT_LT(rules.find("meta l4proto udp limit"), rules.find("meta l4proto udp reject"));
}

TEST(BypassRules, DropWhatNoRuleNames) {
  EXPECT_NE(bypass_rules(kProxy, 7).find("policy drop;"), std::string::npos);
}

TEST(BypassRules, AreFoundInTheirListing) {
  EXPECT_TRUE(lists_bypass_rules(listing_of(bypass_rules(kProxy, 7))));
}

TEST(BypassRules, AreMissedWhenAnyOfThemIs) {
  const std::string whole = listing_of(bypass_rules(kProxy, 7));
  for (const char* rule : {"proxy", "own", "told_tcp", "refused_tcp", "told_udp", "refused_udp"}) {
    const std::string mark = std::string("comment \"") + rule + "\"";
    std::string without = whole;
    const std::size_t at = without.find(mark);
    ASSERT_NE(at, std::string::npos) << rule;
    EXPECT_FALSE(lists_bypass_rules(without.erase(at, mark.size()))) << rule;
  }
  std::string accepts = whole;
  accepts.replace(accepts.find("policy drop"), 11, "policy accept");
  EXPECT_FALSE(lists_bypass_rules(accepts));
  EXPECT_FALSE(lists_bypass_rules(whole + "comment \"more\""));
}

TEST(BypassAttempts, PassOverWhatIsNoPacket) {
  EXPECT_TRUE(bypass_attempts({}).empty());
  const std::array<std::uint8_t, 64> noise{64, 0, 0, 0, 1, 2, 3, 4};
  EXPECT_TRUE(bypass_attempts(noise).empty());
}

// The caller's namespace with a way out through a veth pair, and the filter: its log.
base::Result<base::UniqueFd> prepare() {
  auto other = make_net_namespace();
  if (!other) return other.error();
  auto links = Links::open();
  if (!links) return links.error();
  if (auto made = links->add_veth("inside", "outside", other->get()); !made) return made.error();
  auto beyond = Links::open(other->get());
  if (!beyond) return beyond.error();
  if (auto up = beyond->set_up("outside", true); !up) return up.error();
  if (auto up = links->await_operational("inside"); !up) return up.error();
  if (auto up = links->set_up("lo", true); !up) return up.error();
  const auto address = *net::IpAddress::parse("10.200.0.2");
  if (auto added = links->add_address("inside", address, 24); !added) return added.error();
  const auto gateway = *net::IpAddress::parse("10.200.0.1");
  if (auto added = links->add_default_route(gateway); !added) return added.error();
  // The far end, and with it the link, lives as long as this process.
  static_cast<void>(other->release());
  return BypassFilter::install(-1, kProxy);
}

std::string dialled(int type, const char* address, std::uint16_t port) {
  base::UniqueFd socket(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  testing::bound(socket.get(), 900);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(net::IpAddress::parse(address)->v4_value());
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
    return testing::name_of(errno);
  if (type == SOCK_STREAM) return "ok";
  if (::send(socket.get(), "x", 1, 0) < 0) return testing::name_of(errno);
  char octet = 0;
  return ::recv(socket.get(), &octet, 1, 0) < 0 ? testing::name_of(errno) : "ok";
}

TEST(BypassFilter, LeavesTheProxysOtherPortsClosed) {
  EXPECT_EQ(testing::in_namespaces([] {
              auto log = prepare();
              if (!log) return log.error().message();
              return dialled(SOCK_STREAM, "10.200.0.1", 3129);
            }),
            "ECONNREFUSED");
}

TEST(BypassFilter, LeavesLoopbackAlone) {
  EXPECT_EQ(testing::in_namespaces([] {
              auto log = prepare();
              if (!log) return log.error().message();
              const base::UniqueFd listener = testing::listen_at(8080);
              return dialled(SOCK_STREAM, "127.0.0.1", 8080);
            }),
            "ok");
}

TEST(BypassFilter, IsInstalledOnce) {
  EXPECT_EQ(testing::in_namespaces([] {
              auto log = prepare();
              if (!log) return log.error().message();
              const auto again = BypassFilter::install(-1, kProxy);
              return again ? std::string("twice") : again.error().message();
            }),
            "installing packet filter rules: File exists (EEXIST)");
}

}  // namespace
}  // namespace sallyport::linux
