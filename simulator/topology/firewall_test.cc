#include "simulator/topology/firewall.h"

#include <gtest/gtest.h>

#include "reference/linux/error.h"
#include "reference/net/testing/run.h"
#include "simulator/topology/testing/scene.h"

namespace sallyport::sim::topology {
namespace {

using namespace testing;
using Verdict = FirewallRule::Verdict;
using Direction = FirewallRule::Direction;

FirewallRule rule(std::string name, std::string where, Verdict verdict, std::uint16_t port = 0) {
  FirewallRule made;
  made.name = std::move(name);
  made.host = std::move(where);
  made.verdict = verdict;
  made.port = port;
  return made;
}

struct Scene {
  explicit Scene(Hosts& all) : hosts(all) {}

  Hosts& hosts;
  net::testing::TestLoop loop;
  std::string told;
  Firewall firewall{loop.executor(), loop.clock, hosts, [this](const RuleHit& hit) {
                      told += hit.rule + (hit.stopped ? "!" : "") + (hit.opening ? "syn:" : ":") +
                              hit.protocol + ":" + hosts.host_of(hit.from.address, hit.host) + ">" +
                              hit.to.to_string() + " ";
                    }};

  [[nodiscard]] std::string apply(const std::vector<FirewallRule>& rules,
                                  const std::vector<std::string>& removed = {}) {
    std::string about;
    const auto done = firewall.apply(rules, removed, about);
    return done ? std::string() : about + ": " + done.error().message() + " ";
  }
  [[nodiscard]] std::string dial(std::string_view from, const char* to) {
    return connect_from(hosts, from, at(to), [this] { firewall.drain(); }).how;
  }
  // What was told since.
  [[nodiscard]] std::string hits() {
    firewall.drain();
    return std::exchange(told, {});
  }
};

// A box with listeners on every address, ports 80 and 81 (TCP) and 53 (UDP), and an agent inside;
// both have IPv6.
std::string in_scene(const std::function<std::string(Scene&)>& scene) {
  std::vector<HostSpec> specs{a_host("box"), a_host("agent", "box"), a_host("other", "box")};
  for (HostSpec& spec : specs) spec.ipv6 = Ipv6::enabled;
  specs[0].forward = true;
  return with_hosts(specs, {}, [&](Hosts& hosts) {
    std::vector<base::UniqueFd> kept;
    for (const char* const where : {"0.0.0.0:80", "[::]:80", "0.0.0.0:81"}) {
      auto made = hosts.listen_tcp("box", at(where));
      if (!made) return made.error().message();
      kept.push_back(std::move(*made));
    }
    auto other = hosts.listen_tcp("other", at("0.0.0.0:80"));
    auto udp = hosts.bind_udp("box", at("0.0.0.0:53"));
    if (!other || !udp) return std::string("no listener");
    Scene made(hosts);
    return scene(made);
  });
}

TEST(TopologyFirewall, EachVerdictEndsAConnectInItsOwnWay) {
  EXPECT_EQ(in_scene([](Scene& scene) {
              std::string seen;
              for (const Verdict verdict : {Verdict::accept, Verdict::drop, Verdict::reject,
                                            Verdict::reset, Verdict::prohibit}) {
                seen += scene.apply({rule("wall", "box", verdict)});
                seen += scene.dial("agent", "10.200.0.1:80") + " ";
              }
              return seen;
            }),
            "connected silence ECONNREFUSED ECONNREFUSED EHOSTUNREACH ");
}

TEST(TopologyFirewall, EachVerdictDoesTheSameWithIpv6) {
  EXPECT_EQ(in_scene([](Scene& scene) {
              std::string seen;
              for (const Verdict verdict : {Verdict::accept, Verdict::drop, Verdict::reject,
                                            Verdict::reset, Verdict::prohibit}) {
                seen += scene.apply({rule("wall", "box", verdict, 80)});
                seen += scene.dial("agent", "[fd00:200::1]:80") + " ";
              }
              return seen;
            }),
            "connected silence ECONNREFUSED ECONNREFUSED EACCES ");
}

TEST(TopologyFirewall, EachVerdictDoesTheSameOnTheWayOutAndBetweenLinks) {
  for (const Direction direction : {Direction::output, Direction::forward}) {
    EXPECT_EQ(in_scene([direction](Scene& scene) {
                std::string seen;
                for (const Verdict verdict : {Verdict::accept, Verdict::drop, Verdict::reject,
                                              Verdict::reset, Verdict::prohibit}) {
                  FirewallRule wall =
                      rule("wall", direction == Direction::output ? "agent" : "box", verdict, 80);
                  wall.direction = direction;
                  seen += scene.apply({wall});
                  seen += scene.dial("agent", "10.200.1.2:80") + " ";
                }
                return seen;
              }),
              "connected silence ECONNREFUSED ECONNREFUSED EHOSTUNREACH ");
  }
}

TEST(TopologyFirewall, DatagramsAreDroppedOrRefused) {
  EXPECT_EQ(in_scene([](Scene& scene) {
              std::string seen;
              for (const Verdict verdict : {Verdict::accept, Verdict::drop, Verdict::reject,
                                            Verdict::reset, Verdict::prohibit}) {
                seen += scene.apply({rule("wall", "box", verdict, 53)});
                seen += send_datagram(scene.hosts, "agent", "10.200.0.1:53") + " ";
              }
              return seen + scene.hits().substr(0, 28);
            }),
            "sent sent ECONNREFUSED ECONNREFUSED EHOSTUNREACH wall:udp:agent>10.200.0.1:53");
}

TEST(TopologyFirewall, ManyRefusalsAreAllTold) {
  EXPECT_EQ(in_scene([](Scene& scene) {
              std::string seen = scene.apply({rule("wall", "box", Verdict::reject)});
              int refused = 0;
              for (int i = 0; i < 30; ++i)
                refused += scene.dial("agent", "10.200.0.1:80") == "ECONNREFUSED" ? 1 : 0;
              return seen + std::to_string(refused);
            }),
            "30");
}

TEST(TopologyFirewall, AHostsTrafficWithItselfIsNotTouched) {
  EXPECT_EQ(in_scene([](Scene& scene) {
              FirewallRule out = rule("out", "box", Verdict::drop);
              out.direction = Direction::output;
              const std::string seen = scene.apply({rule("in", "box", Verdict::drop), out});
              return seen +
                     words({scene.dial("box", "127.0.0.1:80"), scene.dial("box", "10.200.0.1:80"),
                            scene.dial("agent", "10.200.0.1:80"), scene.hits()});
            }),
            "connected connected silence in!syn:tcp:agent>10.200.0.1:80 ");
}

TEST(TopologyFirewall, TheFirstThatMatchesDecides) {
  EXPECT_EQ(
      in_scene([](Scene& scene) {
        FirewallRule agent = rule("agent_may", "box", Verdict::accept, 80);
        agent.from.host = "agent";
        FirewallRule net = rule("web", "box", Verdict::reset, 80);
        net.from.network = cidr("10.200.0.0/16");
        const std::string seen = scene.apply({agent, net, rule("rest", "box", Verdict::drop)});
        return seen +
               words({scene.dial("agent", "10.200.0.1:80"), scene.dial("other", "10.200.1.1:80"),
                      scene.dial("other", "10.200.1.1:81"), scene.hits()});
      }),
      "connected ECONNREFUSED silence agent_maysyn:tcp:agent>10.200.0.1:80 "
      "web!syn:tcp:other>10.200.1.1:80 rest!syn:tcp:other>10.200.1.1:81 ");
}

TEST(TopologyFirewall, WhomAPacketIsForCounts) {
  EXPECT_EQ(in_scene([](Scene& scene) {
              FirewallRule to_other = rule("to_other", "agent", Verdict::reject);
              to_other.direction = Direction::output;
              to_other.to.host = "other";
              const std::string seen = scene.apply({to_other});
              return seen + words({scene.dial("agent", "10.200.0.1:80"),
                                   scene.dial("agent", "10.200.1.2:80")});
            }),
            "connected ECONNREFUSED");
}

TEST(TopologyFirewall, EachAttemptIsToldOnceAndAPacketFlowOnce) {
  EXPECT_EQ(in_scene([](Scene& scene) {
              std::string seen = scene.apply({rule("all", "box", Verdict::accept)});
              for (int i = 0; i < 2; ++i) {
                auto peer = connect_from(scene.hosts, "agent", at("10.200.0.1:80"));
                for (int j = 0; j < 3; ++j) (void)::send(peer.socket.get(), "hello", 5, 0);
              }
              return seen + scene.hits();
            }),
            "allsyn:tcp:agent>10.200.0.1:80 allsyn:tcp:agent>10.200.0.1:80 ");
}

TEST(TopologyFirewall, ARuleThatIsReplacedStopsWhatIsOpenAndTellsIt) {
  EXPECT_EQ(in_scene([](Scene& scene) {
              std::string seen = scene.apply({rule("wall", "box", Verdict::accept, 80),
                                              rule("next", "box", Verdict::drop, 81)});
              const auto peer = connect_from(scene.hosts, "agent", at("10.200.0.1:80"));
              seen += scene.hits() + "; ";
              seen += scene.apply({rule("wall", "box", Verdict::reset, 80)});
              (void)::send(peer.socket.get(), "hello", 5, 0);
              seen += words({receive(peer.socket.get()), scene.hits()}) + "; ";
              return seen + scene.dial("agent", "10.200.0.1:81");
            }),
            "wallsyn:tcp:agent>10.200.0.1:80 ; ECONNRESET wall!:tcp:agent>10.200.0.1:80 ; silence");
}

TEST(TopologyFirewall, RulesThatStayKeepTheirPlaceAndWhomTheyTold) {
  EXPECT_EQ(in_scene([](Scene& scene) {
              std::string seen = scene.apply(
                  {rule("one", "box", Verdict::accept, 80), rule("two", "box", Verdict::drop)});
              const auto peer = connect_from(scene.hosts, "agent", at("10.200.0.1:80"));
              seen += scene.hits() + "; ";
              seen += scene.apply({rule("three", "box", Verdict::reset)}, {"two"});
              (void)::send(peer.socket.get(), "hello", 5, 0);
              seen += scene.dial("agent", "10.200.0.1:81") + " ";
              seen += scene.apply({rule("one", "box", Verdict::prohibit, 80)});
              return seen + words({scene.dial("agent", "10.200.0.1:80"), scene.hits()});
            }),
            "onesyn:tcp:agent>10.200.0.1:80 ; ECONNREFUSED EHOSTUNREACH "
            "three!syn:tcp:agent>10.200.0.1:81 one!syn:tcp:agent>10.200.0.1:80 ");
}

TEST(TopologyFirewall, ARuleThatIsTakenAwayTouchesNothing) {
  EXPECT_EQ(in_scene([](Scene& scene) {
              std::string seen = scene.apply({rule("wall", "box", Verdict::prohibit)});
              seen += scene.apply({}, {"wall", "unknown"});
              seen += words({scene.dial("agent", "10.200.0.1:80"), scene.hits()});
              return seen + std::to_string(scene.firewall.rules().size());
            }),
            "connected0");
}

TEST(TopologyFirewall, HitsAreToldByTheLoopToo) {
  EXPECT_EQ(in_scene([](Scene& scene) {
              std::string seen = scene.apply({rule("wall", "box", Verdict::prohibit)});
              (void)connect_from(scene.hosts, "agent", at("10.200.0.1:80"));
              while (scene.told.empty()) scene.loop.loop.context().run_one();
              return seen + scene.told;
            }),
            "wall!syn:tcp:agent>10.200.0.1:80 ");
}

TEST(TopologyFirewall, TellsNothingOnceClosedAndItsRulesStay) {
  EXPECT_EQ(in_scene([](Scene& scene) {
              std::string seen = scene.apply({rule("wall", "box", Verdict::reset)});
              scene.firewall.close();
              seen += scene.dial("agent", "10.200.0.1:80");
              return seen + "<" + scene.hits() + ">";
            }),
            "ECONNREFUSED<>");
}

TEST(TopologyFirewall, MistakesNameTheRuleAndChangeNothing) {
  EXPECT_EQ(in_scene([](Scene& scene) {
              FirewallRule peer = rule("peer", "box", Verdict::drop);
              peer.from.host = "nobody";
              std::string seen = scene.apply({rule("where", "nobody", Verdict::drop)});
              seen += scene.apply({peer});
              return seen + scene.dial("agent", "10.200.0.1:80");
            }),
            "where: there is no such host peer: there is no such host connected");
}

TEST(TopologyFirewall, AHostWithoutAnAddressCantBeMeant) {
  EXPECT_EQ(with_hosts({a_host("box"), a_host("alone")}, {},
                       [](Hosts& hosts) {
                         Scene scene(hosts);
                         FirewallRule about = rule("about", "box", Verdict::drop);
                         about.to.host = "alone";
                         return scene.apply({about});
                       }),
            "about: the host has no address that a packet could have ");
}

TEST(TopologyFirewall, RulesOfAHostThatIsntThereYetWait) {
  std::vector<HostSpec> specs{a_host("box"), a_host("agent", "box")};
  specs[1].made_by_subject = true;
  EXPECT_EQ(with_hosts(specs, {},
                       [](Hosts& hosts) {
                         Scene scene(hosts);
                         FirewallRule of = rule("of", "agent", Verdict::drop);
                         FirewallRule about = rule("about", "box", Verdict::drop);
                         about.from.host = "agent";
                         const std::string seen = scene.apply({of, about});
                         return seen + "<" + *scene.firewall.listing("agent") + ">";
                       }),
            "<>");
}

}  // namespace
}  // namespace sallyport::sim::topology
