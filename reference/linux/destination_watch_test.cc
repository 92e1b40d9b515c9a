#include "reference/linux/destination_watch.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <functional>

#include "reference/linux/error.h"
#include "reference/linux/links.h"
#include "reference/linux/namespaces.h"
#include "reference/linux/testing/in_namespaces.h"
#include "reference/linux/testing/loopback.h"
#include "reference/net/socket_address.h"

namespace sallyport::linux {
namespace {

using namespace testing;

using Known = std::vector<net::Cidr>;

std::string name_of_send(const char* to, int type = SOCK_DGRAM) {
  const auto at = *net::Endpoint::parse(to);
  const int family = at.address.is_v4() ? AF_INET : AF_INET6;
  const base::UniqueFd socket(::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto address = net::to_socket_address(at);
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
  if (::connect(socket.get(), address.get(), address.length) != 0) return name_of(errno);
  return ::send(socket.get(), "x", 1, 0) == 1 ? "ok" : name_of(errno);
}

std::string tell(DestinationWatch& watch) {
  std::string all;
  while (const auto stray = watch.next()) {
    if (!all.empty()) all += " ";
    all += protocol_name(stray->protocol) + ":" +
           net::Endpoint{stray->destination, stray->port}.to_string();
  }
  return all;
}

// New namespaces: loopback is up, and has a default route by a link to another namespace.
std::string in_scene(const Known& known, const std::function<std::string(DestinationWatch&)>& see) {
  return in_namespaces([&]() -> std::string {
    auto links = Links::open();
    auto other = make_net_namespace();
    if (!links || !other || !links->set_up("lo", true)) return "no links";
    if (!links->add_veth("here", "there", other->get())) return "no veth";
    auto far = Links::open(other->get());
    if (!far || !far->set_up("there", true)) return "no far end";
    if (!links->await_operational("here")) return "not operational";
    for (const char* const own : {"10.0.0.2", "fd00::2"}) {
      const auto address = *net::IpAddress::parse(own);
      if (!links->add_address("here", address, address.is_v4() ? 24 : 64)) return "no address";
    }
    if (!links->add_default_route(*net::IpAddress::parse("10.0.0.1"))) return "no route";
    auto watch = DestinationWatch::install(-1, known);
    if (!watch) return watch.error().message();
    return see(*watch);
  });
}

Known known(const char* text) { return {*net::Cidr::parse(text)}; }

TEST(DestinationWatch, TellsWhatGoesToAnAddressThatNobodyNamed) {
  EXPECT_EQ(in_scene(known("10.0.0.1"),
                     [](DestinationWatch& watch) {
                       const std::string sent = name_of_send("10.1.2.3:53");
                       return sent + " " + tell(watch);
                     }),
            "ok udp:10.1.2.3:53");
}

TEST(DestinationWatch, TellsASyn) {
  EXPECT_EQ(in_scene({},
                     [](DestinationWatch& watch) {
                       const std::string sent = name_of_send("10.1.2.3:443", SOCK_STREAM);
                       return sent + " " + tell(watch);
                     }),
            "EINPROGRESS tcp:10.1.2.3:443");
}

TEST(DestinationWatch, TellsEachDestinationOnce) {
  EXPECT_EQ(in_scene({},
                     [](DestinationWatch& watch) {
                       for (const char* const to :
                            {"10.1.2.3:53", "10.1.2.3:53", "10.1.2.4:53", "10.1.2.3:53"}) {
                         if (name_of_send(to) != "ok") return std::string("not sent");
                       }
                       const std::string first = tell(watch);
                       (void)name_of_send("10.1.2.4:53");
                       return first + "; " + tell(watch);
                     }),
            "udp:10.1.2.3:53 udp:10.1.2.4:53; ");
}

TEST(DestinationWatch, SaysNothingOfWhatWasNamed) {
  EXPECT_EQ(in_scene({*net::Cidr::parse("10.1.2.3"), *net::Cidr::parse("10.7.0.0/16")},
                     [](DestinationWatch& watch) {
                       return name_of_send("10.1.2.3:53") + " " + name_of_send("10.7.8.9:53") +
                              " " + tell(watch);
                     }),
            "ok ok ");
}

TEST(DestinationWatch, SaysNothingOfLoopbackMulticastAndBroadcast) {
  EXPECT_EQ(in_scene({},
                     [](DestinationWatch& watch) {
                       std::string seen;
                       for (const char* const to : {"127.0.0.53:53", "127.8.8.8:53", "[::1]:53",
                                                    "224.0.0.251:53", "255.255.255.255:53"}) {
                         seen += name_of_send(to) + " ";
                       }
                       return seen + tell(watch);
                     }),
            "ok ok ok ok ok ");
}

TEST(DestinationWatch, WhatHasNoRouteIsNoPacket) {
  EXPECT_EQ(in_namespaces([] {
              auto links = Links::open();
              if (!links || !links->set_up("lo", true)) return std::string("no loopback");
              auto watch = DestinationWatch::install(-1, {});
              if (!watch) return watch.error().message();
              const std::string sent = name_of_send("10.1.2.3:53");
              return sent + " " + tell(*watch);
            }),
            "ENETUNREACH ");
}

TEST(DestinationWatch, WatchesIpv6) {
  EXPECT_EQ(in_scene(known("fd00::7"),
                     [](DestinationWatch& watch) {
                       (void)name_of_send("[fd00::7]:53");
                       (void)name_of_send("[fd00::8]:53");
                       return tell(watch);
                     }),
            "udp:[fd00::8]:53");
}

TEST(DestinationWatch, ChangesNothingForWhoSends) {
  EXPECT_EQ(in_namespaces([]() -> std::string {
              auto links = Links::open();
              if (!links || !links->set_up("lo", true)) return "no loopback";
              const auto own = *net::IpAddress::parse("10.9.9.9");
              if (!links->add_address("lo", own, 32, false)) return "no address";
              auto watch = DestinationWatch::install(-1, {});
              if (!watch) return watch.error().message();
              const base::UniqueFd server(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
              const auto at = net::to_socket_address(*net::Endpoint::parse("10.9.9.9:53"));
              if (::bind(server.get(), at.get(), at.length) != 0) return name_of(errno);
              bound(server.get(), 2000);
              const std::string sent = name_of_send("10.9.9.9:53");
              const std::string got = receive(server);
              return sent + " " + got + " " + tell(*watch);
            }),
            "ok x udp:10.9.9.9:53");
}

TEST(DestinationWatch, ActsInTheNamespaceThatItWasGiven) {
  EXPECT_EQ(in_namespaces([]() -> std::string {
              const auto other = make_net_namespace();
              if (!other) return other.error().message();
              auto first = DestinationWatch::install(other->get(), {});
              auto own = DestinationWatch::install(-1, {});
              if (!first || !own) return "not installed";
              auto second = DestinationWatch::install(other->get(), {});
              return second ? "twice" : second.error().message();
            }),
            failure(Operation::install_rules, EEXIST).message());
}

TEST(DestinationWatch, TakesAnyNumberOfAddresses) {
  EXPECT_EQ(in_namespaces([]() -> std::string {
              Known many;
              for (std::uint32_t i = 0; i < 3000; ++i)
                many.emplace_back(net::IpAddress::v4((10U << 24) + i), 32);
              const auto watch = DestinationWatch::install(-1, many);
              return watch ? "installed" : watch.error().message();
            }),
            "installed");
}

TEST(DestinationWatch, TooManyNetworksAreAnError) {
  EXPECT_EQ(in_namespaces([]() -> std::string {
              Known many;
              for (std::uint32_t i = 0; i < 100; ++i)
                many.emplace_back(net::IpAddress::v4((10U << 24) + (i << 8)), 24);
              const auto watch = DestinationWatch::install(-1, many);
              return watch ? "installed" : name_of(errno_of(watch.error()));
            }),
            "E2BIG");
}

TEST(DestinationWatch, NeedsANamespace) { EXPECT_FALSE(DestinationWatch::install(0, {})); }

std::vector<std::uint8_t> v4_packet(std::uint8_t protocol) {
  return {0x45, 0, 0,  28, 0, 0, 0,    0,    64,   protocol, 0, 0, 10, 0,
          0,    1, 10, 1,  2, 3, 0x12, 0x34, 0x01, 0xbb,     0, 0, 0,  0};
}

TEST(ParseDestination, ReadsAddressProtocolAndPort) {
  const auto stray = parse_destination(v4_packet(IPPROTO_UDP));
  ASSERT_TRUE(stray);
  EXPECT_EQ(stray->destination.to_string(), "10.1.2.3");
  EXPECT_EQ(stray->protocol, IPPROTO_UDP);
  EXPECT_EQ(stray->port, 443);
}

TEST(ParseDestination, OtherProtocolsHaveNoPort) {
  EXPECT_EQ(parse_destination(v4_packet(IPPROTO_ICMP))->port, 0);
  EXPECT_EQ(protocol_name(132), "protocol 132");
}

TEST(ParseDestination, APacketCutBeforeItsAddressesIsNothing) {
  const auto whole = v4_packet(IPPROTO_TCP);
  for (std::size_t size = 0; size < 20; ++size)
    EXPECT_FALSE(parse_destination(std::span(whole).first(size))) << size;
  // Then there are addresses, and as long as there is no port, none.
  EXPECT_EQ(parse_destination(std::span(whole).first(23))->port, 0);
  std::vector<std::uint8_t> short_header = whole;
  short_header[0] = 0x41;
  EXPECT_FALSE(parse_destination(short_header));
  EXPECT_FALSE(parse_destination(std::vector<std::uint8_t>(64, 0)));
}

}  // namespace
}  // namespace sallyport::linux
