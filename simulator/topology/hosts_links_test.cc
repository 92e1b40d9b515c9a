// Networks, shared and adopted namespaces, IPv6, routes and MTU of hosts.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reference/linux/links.h"
#include "reference/linux/namespaces.h"
#include "simulator/topology/hosts.h"
#include "simulator/topology/testing/scene.h"

namespace sallyport::sim::topology {
namespace {

using namespace testing;

std::string listening(Hosts& hosts, const char* name, const char* where, base::UniqueFd& kept) {
  auto made = hosts.listen_tcp(name, at(where));
  if (!made) return made.error().message();
  kept = std::move(*made);
  return {};
}

std::vector<HostSpec> three() { return {a_host("box"), a_host("left"), a_host("right")}; }

NetworkSpec lan() {
  return network(
      "lan", "192.168.7.0/24",
      {{"box", ip("192.168.7.1")}, {"left", ip("192.168.7.2")}, {"right", ip("192.168.7.3")}});
}

TEST(HostsNetworks, MembersOfABridgeReachEachOtherAtOnce) {
  EXPECT_EQ(with_hosts(three(), {lan()},
                       [](Hosts& hosts) {
                         base::UniqueFd kept;
                         std::string seen = listening(hosts, "right", "192.168.7.3:80", kept);
                         for (const char* const from : {"box", "left", "right"})
                           seen += dial(hosts, from, "192.168.7.3:80") + " ";
                         return seen + dial(hosts, "left", "192.168.7.1:80") + " " +
                                dial(hosts, "left", "192.168.8.1:80");
                       }),
            "connected connected connected ECONNREFUSED ENETUNREACH");
}

TEST(HostsNetworks, MembersAddressesAreKnown) {
  EXPECT_EQ(with_hosts(three(), {lan()},
                       [](Hosts& hosts) {
                         std::string seen = hosts.host_of(ip("192.168.7.2"), "box");
                         for (const auto& one : hosts.addresses()) seen += " " + one.to_string();
                         return seen + "; " + hosts.addresses("right").at(0).to_string();
                       }),
            "left 192.168.7.255 192.168.7.1 192.168.7.2 192.168.7.3; 192.168.7.3");
}

TEST(HostsNetworks, AHostOfTwoForwardsBetweenThemOnlyIfItIsTold) {
  for (const bool forward : {true, false}) {
    auto specs = three();
    specs[0].forward = forward;
    specs[1].routes = {{cidr("0.0.0.0/0"), RouteSpec::Kind::via, ip("192.168.1.1")}};
    specs[2].routes = {{cidr("192.168.1.0/24"), RouteSpec::Kind::via, ip("192.168.2.1")}};
    const std::vector<NetworkSpec> networks{
        network("one", "192.168.1.0/24", {{"box", ip("192.168.1.1")}, {"left", ip("192.168.1.2")}}),
        network("two", "192.168.2.0/24",
                {{"box", ip("192.168.2.1")}, {"right", ip("192.168.2.2")}})};
    EXPECT_EQ(with_hosts(specs, networks,
                         [](Hosts& hosts) {
                           base::UniqueFd kept;
                           return words({listening(hosts, "right", "192.168.2.2:80", kept),
                                         dial(hosts, "left", "192.168.2.2:80")});
                         }),
              forward ? "connected" : "silence");
  }
}

TEST(HostsNetworks, AnUnknownMemberIsAnErrorThatNamesTheNetwork) {
  EXPECT_EQ(with_hosts({a_host("box")}, {lan()}, [](Hosts&) { return std::string("built"); }),
            "lan: there is no such host");
}

TEST(HostsNetworks, AnAddressOfAMemberIsNotPutOnItsLoopbackToo) {
  auto specs = three();
  specs[1].addresses = {{ip("192.168.7.2"), 32}, {ip("20.0.0.1"), 32}};
  EXPECT_EQ(with_hosts(specs, {lan()},
                       [](Hosts& hosts) {
                         return hosts.host_of(ip("20.0.0.1"), "box") + " " +
                                dial(hosts, "box", "192.168.7.2:80");
                       }),
            "left ECONNREFUSED");
}

TEST(HostsNetworks, PacketsOverTheMtuDontFit) {
  auto small = lan();
  small.mtu = 1280;
  EXPECT_EQ(with_hosts(three(), {small},
                       [](Hosts& hosts) {
                         auto command = world::testing::shell(
                             "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' \\n'");
                         command.host = hosts.view("left");
                         base::UniqueFd kept;
                         std::string seen = listening(hosts, "right", "192.168.7.3:80", kept);
                         const auto peer = connect_from(hosts, "left", at("192.168.7.3:80"));
                         int mtu = 0;
                         socklen_t size = sizeof mtu;
                         ::getsockopt(peer.socket.get(), IPPROTO_IP, 14 /* IP_MTU */, &mtu, &size);
                         return seen + std::to_string(mtu) + " " + world::testing::run(command).out;
                       }),
            "1280 loeth-0");
}

TEST(HostsLinks, InnerLinkHasTheMtuThatItsHostSays) {
  std::vector<HostSpec> specs{a_host("box"), a_host("agent", "box")};
  specs[1].mtu = 1300;
  EXPECT_EQ(with_hosts(specs, {},
                       [](Hosts& hosts) {
                         base::UniqueFd kept;
                         std::string seen = listening(hosts, "agent", "10.200.0.2:80", kept);
                         const auto peer = connect_from(hosts, "box", at("10.200.0.2:80"));
                         int mtu = 0;
                         socklen_t size = sizeof mtu;
                         ::getsockopt(peer.socket.get(), IPPROTO_IP, 14 /* IP_MTU */, &mtu, &size);
                         return seen + std::to_string(mtu);
                       }),
            "1300");
}

TEST(HostsShares, IsAnotherNameForOneNamespace) {
  std::vector<HostSpec> specs{a_host("alias"), a_host("box"), a_host("agent", "box")};
  specs[0].shares = "agent";
  specs[0].hosts_file = {{"only.alias", ip("20.0.0.9")}};
  specs[0].addresses = {{ip("20.0.0.1"), 32}};
  EXPECT_EQ(with_hosts(specs, {},
                       [](Hosts& hosts) {
                         base::UniqueFd kept;
                         std::string seen = listening(hosts, "alias", "127.0.0.1:80", kept);
                         seen += dial(hosts, "agent", "127.0.0.1:80") + " ";
                         seen += hosts.owner("alias") + " " + hosts.host_of(ip("20.0.0.1"), "box");
                         auto command = world::testing::shell("grep only /etc/hosts");
                         command.host = hosts.view("alias");
                         return seen + " " + world::testing::run(command).out +
                                hosts.inner_address("alias")->to_string();
                       }),
            "connected agent agent 20.0.0.9 only.alias\n10.200.0.2");
}

TEST(HostsShares, NothingOrInACircleIsAnError) {
  std::vector<HostSpec> nobody{a_host("box"), a_host("alias")};
  nobody[1].shares = "nobody";
  std::vector<HostSpec> circle{a_host("box"), a_host("one"), a_host("two")};
  circle[1].shares = "two";
  circle[2].shares = "one";
  for (const auto& specs : {nobody, circle}) {
    const auto seen = with_hosts(specs, {}, [](Hosts&) { return std::string("built"); });
    EXPECT_NE(seen.find("there is no such host"), std::string::npos) << seen;
  }
}

// A process in network namespaces of its own, until its end of the pipe is closed.
struct Holder {
  pid_t pid = -1;
  base::UniqueFd lifeline;
  Holder() {
    int ends[2];
    int made[2];
    if (::pipe(ends) != 0 || ::pipe(made) != 0) return;
    pid = ::fork();
    if (pid == 0) {
      ::close(ends[1]);
      const bool there = ::unshare(CLONE_NEWNET) == 0;
      char octet = 0;
      if (::write(made[1], there ? "y" : "n", 1) != 1) ::_exit(1);
      (void)!::read(ends[0], &octet, 1);
      ::_exit(0);
    }
    ::close(ends[0]);
    ::close(made[1]);
    char octet = 0;
    (void)!::read(made[0], &octet, 1);
    ::close(made[0]);
    lifeline = base::UniqueFd(ends[1]);
  }
  ~Holder() {
    lifeline.reset();
    ::waitpid(pid, nullptr, 0);
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
};

std::vector<HostSpec> with_subjects_agent() {
  std::vector<HostSpec> specs{a_host("box"), a_host("agent", "box"), a_host("alias")};
  specs[1].made_by_subject = true;
  specs[2].shares = "agent";
  return specs;
}

TEST(HostsAdopt, AskedBeforeTheSubjectHasMadeItIsAnError) {
  EXPECT_EQ(with_hosts(with_subjects_agent(), {},
                       [](Hosts& hosts) {
                         auto command = world::testing::shell("true");
                         command.host = hosts.view("agent");
                         const auto kind = world::testing::run(command).exit.kind;
                         return hosts.listen_tcp("agent", at("127.0.0.1:80")).error().message() +
                                "; " +
                                hosts.socket("alias", AF_INET, SOCK_STREAM).error().message() +
                                (hosts.stands("alias") ? " stands" : " doesn't") +
                                (kind == world::Exit::Kind::setup_failed ? " no command" : " ran");
                       }),
            "the subject makes this host, and hasn't told of it yet; the subject makes this host, "
            "and hasn't told of it yet doesn't no command");
}

TEST(HostsAdopt, JoinsTheNamespaceOfTheProcessAndLearnsItsAddresses) {
  EXPECT_EQ(with_hosts(with_subjects_agent(), {},
                       [](Hosts& hosts) {
                         const Holder holder;
                         {
                           auto ns = linux::open_namespace(linux::NamespaceKind::net, holder.pid);
                           auto links = linux::Links::open(ns->get());
                           (void)links->set_up("lo", true);
                           (void)links->add_address("lo", ip("10.66.0.2"), 32);
                         }
                         if (auto done = hosts.adopt("agent", holder.pid); !done)
                           return done.error().message();
                         base::UniqueFd kept;
                         std::string seen = listening(hosts, "alias", "10.66.0.2:80", kept);
                         return seen + dial(hosts, "agent", "10.66.0.2:80") + " " +
                                hosts.host_of(ip("10.66.0.2"), "box") + "; " +
                                hosts.adopt("alias", holder.pid).error().message() + "; " +
                                hosts.adopt("box", holder.pid).error().message();
                       }),
            "connected agent; the host is there already; the host isn't made by the subject");
}

TEST(HostsAdopt, AProcessThatIsGoneIsAnErrorAndAnotherOneMayCome) {
  EXPECT_EQ(with_hosts(with_subjects_agent(), {},
                       [](Hosts& hosts) {
                         const bool gone = !hosts.adopt("agent", 4000000);
                         const Holder holder;
                         return std::string(gone ? "gone " : "there ") +
                                (hosts.adopt("agent", holder.pid) ? "adopted" : "failed");
                       }),
            "gone adopted");
}

TEST(HostsIpv6, InnerPairHasAddressesThatWorkAtOnce) {
  std::vector<HostSpec> specs{a_host("box"), a_host("agent", "box")};
  for (auto& spec : specs) spec.ipv6 = Ipv6::enabled;
  specs[0].addresses = {{ip("fd00::7"), 128}};
  EXPECT_EQ(with_hosts(specs, {},
                       [](Hosts& hosts) {
                         base::UniqueFd kept;
                         std::string seen = listening(hosts, "box", "[::]:80", kept);
                         for (const char* const to : {"[fd00:200::1]:80", "[fd00::7]:80"})
                           seen += dial(hosts, "agent", to) + " ";
                         return seen + dial(hosts, "box", "[fd00:200::2]:80") + " " +
                                hosts.host_of(ip("fd00:200::2"), "box");
                       }),
            "connected connected ECONNREFUSED agent");
}

TEST(HostsIpv6, WithoutItInTheParentThereIsNoWayOut) {
  std::vector<HostSpec> specs{a_host("box"), a_host("agent", "box")};
  specs[1].ipv6 = Ipv6::enabled;
  EXPECT_EQ(
      with_hosts(specs, {}, [](Hosts& hosts) { return dial(hosts, "agent", "[fd00::7]:80"); }),
      "ENETUNREACH");
}

TEST(HostsIpv6, BlackHoledHasAddressAndRouteAndWhatIsSentVanishes) {
  std::vector<HostSpec> specs{a_host("box"), a_host("agent", "box"), a_host("alone")};
  specs[0].ipv6 = Ipv6::enabled;
  specs[1].ipv6 = Ipv6::blackholed;
  specs[2].ipv6 = Ipv6::blackholed;
  specs[0].addresses = {{ip("fd00::7"), 128}};
  EXPECT_EQ(with_hosts(specs, {},
                       [](Hosts& hosts) {
                         base::UniqueFd box6, own6, box4;
                         std::string seen = listening(hosts, "box", "[::]:80", box6);
                         seen += listening(hosts, "box", "0.0.0.0:81", box4);
                         seen += listening(hosts, "agent", "[::1]:82", own6);
                         seen += dial(hosts, "agent", "[fd00::7]:80") + " ";
                         seen += dial(hosts, "alone", "[fd00::7]:80") + " ";
                         seen += send_datagram(hosts, "agent", "[fd00::7]:80") + " ";
                         seen += dial(hosts, "agent", "10.200.0.1:81") + " ";
                         return seen + dial(hosts, "agent", "[::1]:82");
                       }),
            "silence silence sent connected connected");
}

TEST(HostsIpv6, NetworkOfIpv6WorksAtOnce) {
  auto specs = three();
  for (auto& spec : specs) spec.ipv6 = Ipv6::enabled;
  EXPECT_EQ(with_hosts(specs,
                       {network("six", "fd00:7::/64",
                                {{"left", ip("fd00:7::2")}, {"right", ip("fd00:7::3")}})},
                       [](Hosts& hosts) {
                         base::UniqueFd kept;
                         return words({listening(hosts, "right", "[fd00:7::3]:80", kept),
                                       dial(hosts, "left", "[fd00:7::3]:80")});
                       }),
            "connected");
}

TEST(HostsRoutes, EachKindEndsAConnectInItsOwnWay) {
  auto specs = three();
  specs[1].routes = {{cidr("198.51.100.0/26"), RouteSpec::Kind::blackhole, {}},
                     {cidr("198.51.100.64/26"), RouteSpec::Kind::unreachable, {}},
                     {cidr("198.51.100.128/26"), RouteSpec::Kind::prohibit, {}},
                     {cidr("198.51.100.192/26"), RouteSpec::Kind::via, ip("192.168.7.1")}};
  EXPECT_EQ(with_hosts(specs, {lan()},
                       [](Hosts& hosts) {
                         std::string seen;
                         for (const char* const to : {"198.51.100.1:80", "198.51.100.65:80",
                                                      "198.51.100.129:80", "198.51.100.193:80"})
                           seen += dial(hosts, "left", to) + " ";
                         return seen;
                       }),
            "EINVAL EHOSTUNREACH EACCES silence ");
}

TEST(HostsRoutes, ADefaultRouteTakesThePlaceOfTheInnerOne) {
  std::vector<HostSpec> specs{a_host("box"), a_host("agent", "box")};
  specs[1].routes = {{cidr("0.0.0.0/0"), RouteSpec::Kind::unreachable, {}}};
  EXPECT_EQ(
      with_hosts(specs, {}, [](Hosts& hosts) { return dial(hosts, "agent", "203.0.113.9:443"); }),
      "EHOSTUNREACH");
}

TEST(HostsRoutes, AGatewayThatNobodyReachesIsAnErrorThatNamesTheRoute) {
  auto specs = three();
  specs[1].routes = {{cidr("198.51.100.0/24"), RouteSpec::Kind::via, ip("192.168.9.9")}};
  EXPECT_EQ(with_hosts(specs, {}, [](Hosts&) { return std::string("built"); }),
            "left, its route to 198.51.100.0/24: adding a route: Network is unreachable "
            "(ENETUNREACH)");
}

}  // namespace
}  // namespace sallyport::sim::topology
