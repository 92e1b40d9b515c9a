// A fault that isn't in force changes nothing: what clients and listeners read, in which order, how
// their connections end, and what the name server answers, is the same before any fault began and
// after it was lifted. So it is under the faults that change nothing.
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "simulator/topology/faults.h"
#include "simulator/topology/name_server.h"
#include "simulator/topology/testing/hop_world.h"
#include "simulator/topology/testing/named_world.h"

namespace sallyport::sim::topology {
namespace {

using namespace testing;
using std::chrono::milliseconds;
using Kind = PacketFault::Kind;

// What both ends saw of one conversation.
std::string talk(HopWorld& world, const char* from, const char* to, int way_to_end) {
  std::string seen = world.connect(from, to);
  if (!seen.empty()) return seen;
  seen += world.client->local() == world.server->peer() ? "" : "strangers ";
  world.write(*world.client, "ask");
  seen += world.read(*world.server, 3) + " ";
  const std::string much(100000, 'y');
  world.loop.spawn(HopWorld::write_on(*world.server, much.size()));
  seen += std::to_string(std::hash<std::string>{}(world.read(*world.client, much.size()))) + " ";
  world.write(*world.server, "last");
  switch (way_to_end) {
    case 0:
      world.server->close();
      seen += world.read(*world.client);
      break;
    case 1:
      seen += world.read(*world.client, 4);
      world.server->abort();
      seen += world.read(*world.client);
      break;
    case 2:
      world.client->shutdown_write();
      seen += world.read(*world.server) + " ";
      world.write(*world.server, " after the end");
      world.server->shutdown_write();
      seen += world.read(*world.client);
      break;
    default:
      seen += world.read(*world.client, 4);
      world.client->abort();
      seen += world.read(*world.server);
  }
  return seen + ";";
}

std::string talks(HopWorld& world) {
  std::string seen;
  for (int way_to_end = 0; way_to_end < 4; ++way_to_end) {
    seen += talk(world, "agent", "10.200.0.1:9000", way_to_end);
    seen += talk(world, "box", "127.0.0.1:9000", way_to_end);
    seen += talk(world, "box", "20.0.0.1:9000", way_to_end);
    seen += talk(world, "box", "[fd00::1]:9000", way_to_end);
  }
  return seen;
}

std::string compared(const std::string& before, const std::string& after) {
  if (before.find("ask ") == std::string::npos) return "nobody talked: " + before;
  return before == after ? "same" : before + "\nafter:\n" + after;
}

TEST(FaultsThatAreLifted, ChangeNothingThatPacketsCarry) {
  for (const Kind kind :
       {Kind::watch, Kind::attempts, Kind::refused, Kind::filtered, Kind::blackhole, Kind::reset}) {
    EXPECT_EQ(in_hop_world([kind](HopWorld& world) {
                Faults faults(world.loop.executor(), world.loop.clock);
                PacketFault fault;
                fault.net_namespace = world.hosts.fd(kBox);
                fault.listener = *net::Endpoint::parse("[::]:9000");
                fault.kind = kind;
                const std::string before = talks(world);
                if (!faults.begin("fault", fault, nullptr)) return std::string("not begun");
                faults.lift("fault");
                return compared(before, talks(world));
              }),
              "same")
        << static_cast<int>(kind);
  }
}

TEST(FaultsThatOnlyWatch, ChangeNothing) {
  for (const Kind kind : {Kind::watch, Kind::attempts}) {
    EXPECT_EQ(in_hop_world([kind](HopWorld& world) {
                Faults faults(world.loop.executor(), world.loop.clock);
                PacketFault fault;
                fault.net_namespace = world.hosts.fd(kBox);
                fault.listener = *net::Endpoint::parse("[::]:9000");
                fault.kind = kind;
                const std::string before = talks(world);
                if (!faults.begin("fault", fault, nullptr)) return std::string("not begun");
                return compared(before, talks(world));
              }),
              "same");
  }
}

std::vector<Impairment> impairments() {
  std::vector<Impairment> all(4);
  all[1].delay = milliseconds(200);
  all[2].rate = 1000;
  all[3].delay = milliseconds(200);
  all[3].rate = 1000;
  for (const HopEnd how : {HopEnd::reset, HopEnd::fin, HopEnd::stall}) {
    Impairment cut;
    cut.cut = {1, how};
    all.push_back(cut);
    Impairment idle;
    idle.idle_cut = {milliseconds(1), how};
    all.push_back(idle);
  }
  return all;
}

TEST(FaultsThatAreLifted, ChangeNothingThatGoesThroughAHop) {
  for (const Impairment& impairment : impairments()) {
    EXPECT_EQ(in_hop_world([&impairment](HopWorld& world) {
                const std::string before = talks(world);
                std::string seen = world.begin("hop", impairment, "[::]:9000");
                world.hops.lift("hop");
                seen += compared(before, talks(world));
                return seen + world.hits;
              }),
              "same");
  }
}

TEST(FaultsThatAreLifted, ChangeNothingOfConnectionsThatStayedOpen) {
  for (const Impairment& impairment : impairments()) {
    EXPECT_EQ(in_hop_world([&impairment](HopWorld& world) {
                std::string seen = world.connect("agent", "10.200.0.1:9000");
                auto client = std::move(world.client);
                auto server = std::move(world.server);
                seen += world.begin("hop", impairment);
                world.write(*client, "ask");
                seen += world.read(*server, 3);
                world.hops.lift("hop");
                world.write(*server, "answer");
                server->close();
                return seen + world.read(*client) + world.hits;
              }),
              "askanswer|FIN");
  }
}

TEST(AHopThatDoesNothing, ChangesNothing) {
  EXPECT_EQ(in_hop_world([](HopWorld& world) {
              const std::string before = talks(world);
              std::string seen = world.begin("hop", {}, "[::]:9000");
              return seen + compared(before, talks(world)) + world.hits;
            }),
            "same");
}

// Everything that a zone can say, asked for once.
std::string answers(Named& named) {
  std::string seen;
  for (const char* name : {"a.test", "b.test", "turns.test", "none.test"}) {
    seen += describe(named.look_up("box", name)) + ";";
  }
  return seen;
}

TEST(FaultsThatAreLifted, ChangeNothingThatTheNameServerSays) {
  DnsAnswer turns = outcome(DnsAnswer::Kind::sequence);
  turns.sequence = {addresses({"20.0.0.1"}), addresses({"20.0.0.2"})};
  const Zone zone{{"a.test", addresses({"20.0.0.1", "fd00::1"})},
                  {"b.test", outcome(DnsAnswer::Kind::servfail)},
                  {"turns.test", turns}};
  const std::string without = with_name_server({host("box")}, zone, [](Named& named) {
    return answers(named) + answers(named) + queries(named.journal);
  });
  ASSERT_NE(without.find("20.0.0.2"), std::string::npos) << without;
  using Dns = DnsFault::Kind;
  for (const Dns kind :
       {Dns::nxdomain, Dns::servfail, Dns::silent, Dns::wrong_id, Dns::truncated}) {
    for (const char* name : {"", "a.test"}) {
      const std::string with = with_name_server({host("box")}, zone, [kind, name](Named& named) {
        std::string hits;
        named.server.begin_fault("fault", {kind, name}, [&hits](const auto&) { hits += "hit"; });
        named.server.lift_fault("fault");
        return answers(named) + answers(named) + queries(named.journal) + hits;
      });
      EXPECT_EQ(with, without) << static_cast<int>(kind);
    }
  }
}

TEST(AFaultOfAnotherName, ChangesNothingThatTheNameServerSays) {
  const Zone zone{{"a.test", addresses({"20.0.0.1", "fd00::1"})}};
  for (const auto kind : {DnsFault::Kind::nxdomain, DnsFault::Kind::wrong_id}) {
    EXPECT_EQ(with_name_server({host("box")}, zone,
                               [kind](Named& named) {
                                 named.server.begin_fault("fault", {kind, "other.test"}, nullptr);
                                 return describe(named.look_up("box", "a.test"));
                               }),
              "NOERROR 20.0.0.1 fd00::1");
  }
}

}  // namespace
}  // namespace sallyport::sim::topology
