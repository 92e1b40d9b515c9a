#include "simulator/topology/hop_redirect.h"

#include <gtest/gtest.h>

namespace sallyport::sim::topology {
namespace {

HopPlace place(const char* listener, HopPorts ports, std::uint32_t nth = 1) {
  return {*net::Endpoint::parse(listener), ports, nth};
}

TEST(HopRedirect, LeadsOnlyWhatOpensAConnectionToThatAddress) {
  const std::string text = hop_table(place("20.0.0.1:443", {4001, 0}));
  EXPECT_NE(
      text.find("ip daddr 20.0.0.1 tcp dport 443 tcp flags & (syn | ack) == syn dnat to :4001"),
      std::string::npos)
      << text;
  EXPECT_EQ(text.find("nfproto ipv6"), std::string::npos) << text;
}

TEST(HopRedirect, LeadsEveryAddressOfTheHostAndNoOther) {
  const std::string text = hop_table(place("[::]:80", {4001, 4002}));
  EXPECT_NE(text.find("meta nfproto ipv4 fib daddr type local tcp dport 80"), std::string::npos);
  EXPECT_NE(text.find("meta nfproto ipv6 fib daddr type local tcp dport 80"), std::string::npos);
}

TEST(HopRedirect, DoesNotLeadWhatItsOwnOrALaterHopSends) {
  const std::string text = hop_table(place("127.0.0.1:80", {4001, 0}, 7));
  EXPECT_NE(text.find("meta mark < " + std::to_string(hop_mark(7)) + " ip daddr"),
            std::string::npos);
  EXPECT_LT(hop_mark(6), hop_mark(7));
}

TEST(HopRedirect, HasTheOlderTableFirst) {
  const std::string older = hop_table(place("127.0.0.1:80", {4001, 0}, 1));
  const std::string newer = hop_table(place("127.0.0.1:80", {4002, 0}, 2));
  EXPECT_NE(older.find("hook output priority -189"), std::string::npos);
  EXPECT_NE(newer.find("hook output priority -188"), std::string::npos);
  EXPECT_NE(hop_table_name(place("127.0.0.1:80", {}, 1)),
            hop_table_name(place("127.0.0.1:80", {}, 2)));
}

}  // namespace
}  // namespace sallyport::sim::topology
