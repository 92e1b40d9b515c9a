#include "simulator/topology/escape_guard.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <functional>

#include "reference/net/socket_address.h"
#include "reference/net/testing/run.h"
#include "simulator/world/testing/in_world.h"

namespace sallyport::sim::topology {
namespace {

using world::testing::in_world;
using world::testing::plan_with;
using world::testing::TemporaryFolder;

struct Scene {
  Scene(Hosts& all, std::string& told)
      : hosts(all), guard(loop.executor(), [this, &told](const Escape& escape) {
          told += escape.host + ">" + escape.protocol + ":" +
                  net::Endpoint{escape.to, escape.port}.to_string() + " ";
          any = true;
        }) {}

  Hosts& hosts;
  bool any = false;
  net::testing::TestLoop loop;
  EscapeGuard guard;

  // One octet by UDP: `sent`, or an errno's name.
  [[nodiscard]] std::string send(std::string_view from, const char* to) const {
    const auto at = *net::Endpoint::parse(to);
    auto socket = hosts.socket(from, at.address.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM);
    if (!socket) return socket.error().message();
    const auto address = net::to_socket_address(at);
    const ssize_t size = ::sendto(socket->get(), "x", 1, 0, address.get(), address.length);
    return size == 1 ? "sent" : strerrorname_np(errno);
  }
};

// A box with an address of its own, and an agent inside.
std::string in_scene(const std::function<std::string(Scene&, std::string& told)>& see) {
  const TemporaryFolder folder;
  return in_world(plan_with(folder), [&](world::WorldContext&) {
    std::string about;
    HostSpec box;
    box.name = "box";
    box.addresses = {{*net::IpAddress::parse("20.0.0.1"), 32}};
    HostSpec agent;
    agent.name = "agent";
    agent.inside = "box";
    auto hosts = Hosts::build({box, agent}, folder.path(), about);
    if (!hosts) return about + ": " + hosts.error().message();
    std::string told;
    Scene scene(*hosts, told);
    if (const auto done = scene.guard.install(*hosts, about); !done)
      return about + ": " + done.error().message();
    return see(scene, told);
  });
}

TEST(EscapeGuard, TellsWhichHostSentAPacketToNobody) {
  EXPECT_EQ(in_scene([](Scene& scene, std::string& told) {
              const std::string sent = scene.send("agent", "20.0.0.2:53");
              scene.guard.drain();
              return sent + ": " + told;
            }),
            "sent: agent>udp:20.0.0.2:53 ");
}

TEST(EscapeGuard, TellsFromTheLoopWhatNobodyDrains) {
  EXPECT_EQ(in_scene([](Scene& scene, std::string& told) {
              (void)scene.send("agent", "20.0.0.2:53");
              scene.loop.run_until(scene.any);
              return told;
            }),
            "agent>udp:20.0.0.2:53 ");
}

TEST(EscapeGuard, TheWorldsOwnAddressesAreNoEscape) {
  EXPECT_EQ(in_scene([](Scene& scene, std::string& told) {
              std::string seen;
              for (const char* const to : {"20.0.0.1:53", "10.200.0.1:53", "10.200.0.2:53"})
                seen += scene.send("agent", to) + " ";
              for (const char* const to : {"20.0.0.1:53", "10.200.0.2:53", "127.0.0.53:53"})
                seen += scene.send("box", to) + " ";
              scene.guard.drain();
              return seen + told;
            }),
            "sent sent sent sent sent sent ");
}

TEST(EscapeGuard, WithoutARouteNothingLeaves) {
  EXPECT_EQ(in_scene([](Scene& scene, std::string& told) {
              const std::string sent = scene.send("box", "20.0.0.2:53");
              scene.guard.drain();
              return sent + " " + told;
            }),
            "ENETUNREACH ");
}

TEST(EscapeGuard, SaysWhichHostItCannotWatch) {
  EXPECT_EQ(in_scene([](Scene& scene, std::string& told) {
              // A namespace has room for one.
              EscapeGuard second(scene.loop.executor(),
                                 [&told](const Escape&) { told += "twice"; });
              std::string about;
              const auto done = second.install(scene.hosts, about);
              (void)scene.send("agent", "20.0.0.2:53");
              second.drain();
              return (done ? "watched" : about) + told;
            }),
            "agent");
}

TEST(EscapeGuard, TellsNothingOnceClosed) {
  EXPECT_EQ(in_scene([](Scene& scene, std::string& told) {
              (void)scene.send("agent", "20.0.0.2:53");
              scene.guard.close();
              scene.guard.drain();
              return "<" + told + ">";
            }),
            "<>");
}

// A box and a host of its own on one bridge, with a guard that knows of `rules`.
std::string on_a_bridge(const std::vector<FirewallRule>& rules,
                        const std::function<std::string(Scene&, std::string& told)>& see) {
  HostSpec box;
  box.name = "box";
  HostSpec peer;
  peer.name = "peer";
  peer.routes = {{*net::Cidr::parse("0.0.0.0/0"), RouteSpec::Kind::via,
                  *net::IpAddress::parse("192.168.7.1")}};
  HostSpec alias;
  alias.name = "alias";
  alias.shares = "peer";
  NetworkSpec lan{"lan", *net::Cidr::parse("192.168.7.0/24"), {}, 0, {}};
  lan.members["box"] = *net::IpAddress::parse("192.168.7.1");
  lan.members["peer"] = *net::IpAddress::parse("192.168.7.2");
  const TemporaryFolder folder;
  return in_world(plan_with(folder), [&](world::WorldContext&) {
    std::string about;
    auto hosts = Hosts::build({box, peer, alias}, {lan}, folder.path(), about);
    if (!hosts) return about + ": " + hosts.error().message();
    std::string told;
    Scene scene(*hosts, told);
    if (const auto done = scene.guard.install(*hosts, rules, about); !done)
      return about + ": " + done.error().message();
    return see(scene, told);
  });
}

TEST(EscapeGuard, OverABridgeNobodysAddressIsToldAndMembersArent) {
  EXPECT_EQ(on_a_bridge({},
                        [](Scene& scene, std::string& told) {
                          for (const char* const to : {"192.168.7.1:53", "192.168.7.9:53"})
                            (void)scene.send("peer", to);
                          (void)scene.send("alias", "20.0.0.2:53");
                          scene.guard.drain();
                          return told;
                        }),
            "peer>udp:192.168.7.9:53 peer>udp:20.0.0.2:53 ");
}

TEST(EscapeGuard, WhatARuleNamesIsKnownUnlessItIsEverything) {
  FirewallRule one;
  one.to.network = *net::Cidr::parse("198.51.100.0/24");
  one.from.network = *net::Cidr::parse("0.0.0.0/0");
  EXPECT_EQ(on_a_bridge({one},
                        [](Scene& scene, std::string& told) {
                          (void)scene.send("peer", "198.51.100.7:53");
                          (void)scene.send("peer", "198.51.101.7:53");
                          scene.guard.drain();
                          FirewallRule late;
                          late.to.network = *net::Cidr::parse("198.51.102.0/24");
                          scene.guard.know({late});
                          (void)scene.send("peer", "198.51.102.7:53");
                          scene.guard.drain();
                          return told;
                        }),
            "peer>udp:198.51.101.7:53 ");
}

}  // namespace
}  // namespace sallyport::sim::topology
