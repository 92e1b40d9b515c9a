#include "simulator/topology/hosts.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>

#include "reference/linux/error.h"
#include "reference/net/socket_address.h"
#include "simulator/world/testing/in_world.h"

namespace sallyport::sim::topology {
namespace {

using world::testing::in_world;
using world::testing::plan_with;
using world::testing::shell;
using world::testing::TemporaryFolder;

net::Endpoint at(const char* text) { return *net::Endpoint::parse(text); }
net::IpAddress ip(const char* text) { return *net::IpAddress::parse(text); }

HostSpec host(std::string name, std::string inside = {}) {
  HostSpec spec;
  spec.name = std::move(name);
  spec.inside = std::move(inside);
  return spec;
}

std::vector<HostSpec> box_and_agent() { return {host("box"), host("agent", "box")}; }

std::string with_hosts(const std::vector<HostSpec>& specs,
                       const std::function<std::string(Hosts&)>& observe) {
  const TemporaryFolder folder;
  return in_world(plan_with(folder), [&](world::WorldContext&) {
    std::string about;
    auto hosts = Hosts::build(specs, folder.path(), about);
    if (!hosts) return about + ": " + hosts.error().message();
    return observe(*hosts);
  });
}

// How connecting from a host ends: `connected`, an errno's name, or `silence`.
std::string dial(const Hosts& hosts, std::string_view from, const net::Endpoint& to) {
  auto socket = hosts.socket(from, to.address.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM);
  if (!socket) return socket.error().message();
  const auto address = net::to_socket_address(to);
  if (::connect(socket->get(), address.get(), address.length) == 0) return "connected";
  if (errno != EINPROGRESS) return strerrorname_np(errno);
  pollfd done{socket->get(), POLLOUT, 0};
  if (::poll(&done, 1, 300) != 1) return "silence";
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket->get(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error == 0 ? "connected" : strerrorname_np(error);
}

TEST(Hosts, InnerHostReachesItsParentAtTheFieldsAddress) {
  EXPECT_EQ(with_hosts(box_and_agent(),
                       [](Hosts& hosts) {
                         const auto listening = hosts.listen_tcp("box", at("10.200.0.1:3128"));
                         if (!listening) return listening.error().message();
                         return dial(hosts, "agent", at("10.200.0.1:3128"));
                       }),
            "connected");
}

TEST(Hosts, LoopbackOfABoxIsNotTheLoopbackOfItsAgent) {
  EXPECT_EQ(with_hosts(box_and_agent(),
                       [](Hosts& hosts) {
                         const auto listening = hosts.listen_tcp("box", at("127.0.0.1:11434"));
                         if (!listening) return listening.error().message();
                         return dial(hosts, "box", at("127.0.0.1:11434")) + " " +
                                dial(hosts, "agent", at("127.0.0.1:11434")) + " " +
                                dial(hosts, "agent", at("10.200.0.1:11434"));
                       }),
            "connected ECONNREFUSED ECONNREFUSED");
}

TEST(Hosts, LoopbackThatIsDownIsUnreachable) {
  auto specs = box_and_agent();
  specs[1].loopback_up = false;
  specs.push_back(host("alone"));
  specs[2].loopback_up = false;
  EXPECT_EQ(with_hosts(specs,
                       [](Hosts& hosts) {
                         return dial(hosts, "agent", at("127.0.0.1:11434")) + " " +
                                dial(hosts, "alone", at("127.0.0.1:11434"));
                       }),
            "ENETUNREACH ENETUNREACH");
}

TEST(Hosts, UnknownAddressIsUnreachableFromTheBoxAndSilentFromTheAgent) {
  EXPECT_EQ(with_hosts(box_and_agent(),
                       [](Hosts& hosts) {
                         return dial(hosts, "box", at("203.0.113.9:443")) + " " +
                                dial(hosts, "agent", at("203.0.113.9:443"));
                       }),
            "ENETUNREACH silence");
}

TEST(Hosts, ExtraAddressAnswersOnItsHostAndToItsInnerHosts) {
  auto specs = box_and_agent();
  specs[0].addresses = {{ip("20.0.0.1"), 32}, {ip("172.17.0.1"), 16}};
  EXPECT_EQ(with_hosts(specs,
                       [](Hosts& hosts) {
                         const auto listening = hosts.listen_tcp("box", at("20.0.0.1:80"));
                         if (!listening) return listening.error().message();
                         return dial(hosts, "box", at("20.0.0.1:80")) + " " +
                                dial(hosts, "agent", at("20.0.0.1:80")) + " " +
                                dial(hosts, "agent", at("172.17.0.1:80")) + " " +
                                dial(hosts, "box", at("172.17.0.2:80"));
                       }),
            "connected connected ECONNREFUSED ENETUNREACH");
}

TEST(Hosts, InnerHostsAreNumberedInTheirOrderAndBuiltParentsFirst) {
  const std::vector<HostSpec> specs{host("deep", "middle"), host("middle", "box")};
  EXPECT_EQ(with_hosts(specs,
                       [](Hosts& hosts) {
                         return hosts.parent_address("deep")->to_string() + " " +
                                hosts.inner_address("deep")->to_string() + " " +
                                hosts.inner_address("middle")->to_string() + " " +
                                (hosts.inner_address("box") ? "inner" : "none");
                       }),
            "10.200.0.1 10.200.0.2 10.200.1.2 none");
}

TEST(Hosts, SiblingsDoNotReachEachOther) {
  EXPECT_EQ(with_hosts({host("one", "box"), host("two", "box")},
                       [](Hosts& hosts) {
                         const auto listening = hosts.listen_tcp("two", at("0.0.0.0:80"));
                         if (!listening) return listening.error().message();
                         return dial(hosts, "one", at("10.200.1.2:80")) + " " +
                                dial(hosts, "box", at("10.200.1.2:80"));
                       }),
            "silence connected");
}

TEST(Hosts, Ipv6IsThereWhereItIsEnabled) {
  std::vector<HostSpec> specs{host("box"), host("six")};
  specs[1].ipv6 = Ipv6::enabled;
  EXPECT_EQ(with_hosts(specs,
                       [](Hosts& hosts) {
                         const auto without = hosts.listen_tcp("box", at("[::1]:80"));
                         const auto with = hosts.listen_tcp("six", at("[::1]:80"));
                         return std::string(strerrorname_np(linux::errno_of(without.error()))) +
                                (with ? " listens " : " refused ") +
                                dial(hosts, "six", at("[::1]:80"));
                       }),
            "EADDRNOTAVAIL listens connected");
}

TEST(Hosts, AddressHasAnOwner) {
  auto specs = box_and_agent();
  specs[0].addresses = {{ip("20.0.0.1"), 32}};
  EXPECT_EQ(with_hosts(specs,
                       [](Hosts& hosts) {
                         std::string seen;
                         for (const char* text : {"10.200.0.2", "10.200.0.1", "20.0.0.1",
                                                  "127.0.0.1", "::ffff:10.200.0.2", "192.0.2.1"}) {
                           seen += hosts.host_of(ip(text), "agent") + ";";
                         }
                         return seen;
                       }),
            "agent;box;box;agent;agent;;");
}

TEST(Hosts, ListenersOnPortZeroTellTheirPort) {
  EXPECT_EQ(with_hosts(box_and_agent(),
                       [](Hosts& hosts) {
                         const auto listening = hosts.listen_tcp("agent", at("127.0.0.1:0"));
                         if (!listening) return listening.error().message();
                         return dial(hosts, "agent", *bound_endpoint(listening->get()));
                       }),
            "connected");
}

TEST(Hosts, AddressInUseIsAnError) {
  EXPECT_EQ(with_hosts(box_and_agent(),
                       [](Hosts& hosts) {
                         const auto first = hosts.listen_tcp("box", at("127.0.0.1:80"));
                         const auto second = hosts.listen_tcp("box", at("127.0.0.1:80"));
                         return second ? std::string("no error") : second.error().message();
                       }),
            "binding a socket: Address already in use (EADDRINUSE)");
}

TEST(Hosts, CommandInAHostSeesItsLinksAndNameFiles) {
  auto specs = box_and_agent();
  specs[1].resolver = "none";
  specs[1].hosts_file = {{"metadata", ip("169.254.169.254")}};
  EXPECT_EQ(with_hosts(specs,
                       [](Hosts& hosts) {
                         auto spec = shell(
                             "cat /etc/resolv.conf /etc/hosts; "
                             "grep ^hosts /etc/nsswitch.conf; "
                             "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' \\n'");
                         spec.host = hosts.view("agent");
                         return world::testing::run(spec).out;
                       }),
            "127.0.0.1 localhost\n169.254.169.254 metadata\nhosts: files dns\nloveth-s-0");
}

TEST(Hosts, UnprivilegedCommandsMayBindLowPorts) {
  EXPECT_EQ(with_hosts(box_and_agent(),
                       [](Hosts& hosts) {
                         auto spec = shell("cat /proc/sys/net/ipv4/ip_unprivileged_port_start");
                         spec.host = hosts.view("agent");
                         return world::testing::run(spec).out;
                       }),
            "0\n");
}

}  // namespace
}  // namespace sallyport::sim::topology
