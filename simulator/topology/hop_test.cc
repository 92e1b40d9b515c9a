#include "simulator/topology/hop.h"

#include <gtest/gtest.h>

#include "simulator/topology/testing/hop_world.h"

namespace sallyport::sim::topology {
namespace {

using namespace testing;
using std::chrono::milliseconds;

Impairment cut_after(std::uint64_t offset, HopEnd how) {
  Impairment impairment;
  impairment.cut = {offset, how};
  return impairment;
}

Impairment late(milliseconds delay) {
  Impairment impairment;
  impairment.delay = delay;
  return impairment;
}

Impairment silent_for(milliseconds silence, HopEnd how) {
  Impairment impairment;
  impairment.idle_cut = {silence, how};
  return impairment;
}

std::string shown(bool same) { return same ? "same" : "different"; }

TEST(Hops, ShowEachEndNobodyButTheOther) {
  for (const auto& [from, to] : {std::pair("box", "127.0.0.1:9000"),
                                 {"box", "20.0.0.1:9000"},
                                 {"agent", "10.200.0.1:9000"},
                                 {"agent", "20.0.0.1:9000"},
                                 {"box", "[::1]:9000"},
                                 {"box", "[fd00::1]:9000"}}) {
    EXPECT_EQ(in_hop_world([from = from, to = to](HopWorld& world) {
                std::string seen = world.begin("hop", {}, to);
                seen += world.connect(from, to);
                if (!world.server) return seen;
                seen += shown(world.client->local() == world.server->peer());
                seen += shown(world.client->peer() == world.server->local());
                return seen + std::to_string(world.hops.connections());
              }),
              "samesame1")
        << from << " to " << to;
  }
}

TEST(Hops, StandBeforeAListenerOnEveryAddressOfBothFamilies) {
  EXPECT_EQ(in_hop_world([](HopWorld& world) {
              std::string seen = world.begin("hop", {}, "[::]:9000");
              for (const char* to : {"127.0.0.1:9000", "[::1]:9000"}) {
                seen += world.connect("box", to);
                seen += shown(world.client->local() == world.server->peer());
              }
              return seen + std::to_string(world.hops.connections());
            }),
            // The first connection is gone with its streams.
            "samesame2");
}

TEST(Hops, LeaveOtherPortsAndAddressesAlone) {
  EXPECT_EQ(in_hop_world([](HopWorld& world) {
              std::string seen = world.begin("hop", {}, "20.0.0.1:9000");
              seen += world.connect("box", "127.0.0.1:9000");
              return seen + std::to_string(world.hops.connections());
            }),
            "0");
}

TEST(Hops, LeaveWhatIsOpenAlone) {
  EXPECT_EQ(in_hop_world([](HopWorld& world) {
              std::string seen = world.connect("agent", "10.200.0.1:9000");
              world.write(*world.client, "before ");
              seen += world.begin("cut", cut_after(1, HopEnd::reset));
              world.write(*world.client, "after");
              seen += world.read(*world.server, 12);
              world.write(*world.server, "answer");
              seen += " " + world.read(*world.client, 6);
              return seen + std::to_string(world.hops.connections()) + world.hits;
            }),
            "before after answer0");
}

TEST(Hops, DelayEachWay) {
  EXPECT_EQ(in_hop_world([](HopWorld& world) {
              std::string seen = world.begin("late", late(milliseconds(40)));
              seen += world.connect("agent", "10.200.0.1:9000");
              const auto began = world.loop.clock.now();
              world.write(*world.client, "ping");
              seen += world.read(*world.server, 4);
              const auto there = world.loop.clock.now();
              world.write(*world.server, "pong");
              seen += world.read(*world.client, 4);
              const auto back = world.loop.clock.now();
              const bool both =
                  there - began >= milliseconds(40) && back - there >= milliseconds(40);
              return seen + (both ? " late " : " early ") + world.hits;
            }),
            "pingpong late late@10.200.0.2 ");
}

TEST(Hops, CarryNoMoreThanTheirRate) {
  EXPECT_EQ(in_hop_world([](HopWorld& world) {
              Impairment slow;
              slow.rate = 100000;
              std::string seen = world.begin("slow", slow);
              seen += world.connect("agent", "10.200.0.1:9000");
              const std::string much(20000, 'x');
              const auto began = world.loop.clock.now();
              world.write(*world.client, much);
              seen += shown(world.read(*world.server, much.size()) == much);
              const auto took = world.loop.clock.now() - began;
              return seen + (took >= milliseconds(190) ? " slow " : " fast ") + world.hits;
            }),
            "same slow slow@10.200.0.2 ");
}

TEST(Hops, CutAfterJustSoManyOctets) {
  for (const auto& [how, client, server] :
       {std::tuple(HopEnd::reset, "01234|ECONNRESET", "|ECONNRESET"),
        {HopEnd::fin, "01234|FIN", "|FIN"},
        {HopEnd::stall, "01234|expired", "|expired"}}) {
    EXPECT_EQ(in_hop_world([how = how](HopWorld& world) {
                std::string seen = world.begin("cut", cut_after(5, how));
                seen += world.connect("agent", "10.200.0.1:9000");
                world.write(*world.client, "ask");
                seen += world.read(*world.server, 3) + " ";
                world.write(*world.server, "0123456789");
                seen += world.read_within(*world.client, how == HopEnd::stall ? 50 : 20000) + " ";
                seen += world.read_within(*world.server, how == HopEnd::stall ? 50 : 20000);
                return seen + " " + world.hits;
              }),
              std::string("ask ") + client + " " + server + " cut@10.200.0.2 ");
  }
}

TEST(Hops, CutInPlaceOfTheFirstOctet) {
  EXPECT_EQ(in_hop_world([](HopWorld& world) {
              std::string seen = world.begin("cut", cut_after(0, HopEnd::fin));
              seen += world.connect("box", "127.0.0.1:9000");
              world.write(*world.client, "ask");
              seen += world.read(*world.server, 3) + world.hits;
              world.write(*world.server, "answer");
              return seen + world.read(*world.client) + " " + world.hits;
            }),
            "ask|FIN cut@127.0.0.1 ");
}

TEST(Hops, DoNotCutWhatEndsBefore) {
  EXPECT_EQ(in_hop_world([](HopWorld& world) {
              std::string seen = world.begin("cut", cut_after(100, HopEnd::reset));
              seen += world.connect("box", "127.0.0.1:9000");
              world.write(*world.server, "short");
              world.server->close();
              return seen + world.read(*world.client) + world.hits;
            }),
            "short|FIN");
}

TEST(Hops, DeliverALongAnswerWholeUpToAReset) {
  EXPECT_EQ(in_hop_world([](HopWorld& world) {
              const std::size_t offset = 300000;
              std::string seen = world.begin("cut", cut_after(offset, HopEnd::reset));
              seen += world.connect("agent", "10.200.0.1:9000");
              // More than the cut lets through, and than a kernel keeps of it.
              world.loop.spawn(HopWorld::write_on(*world.server, 400000));
              const std::string got = world.read(*world.client);
              return seen + shown(got == std::string(offset, 'x') + "|ECONNRESET");
            }),
            "same");
}

TEST(Hops, EndWhatIsSilent) {
  for (const auto& [how, expected] :
       {std::pair(HopEnd::reset, "|ECONNRESET|ECONNRESET"), {HopEnd::fin, "|FIN|FIN"}}) {
    EXPECT_EQ(in_hop_world([how = how](HopWorld& world) {
                std::string seen = world.begin("idle", silent_for(milliseconds(30), how));
                seen += world.connect("agent", "10.200.0.1:9000");
                seen += world.read(*world.client) + world.read(*world.server);
                return seen + " " + world.hits + std::to_string(world.hits.size() / 16);
              }),
              std::string(expected) + " idle@10.200.0.2 1");
  }
}

TEST(Hops, CountSilenceFromTheLastOctetEitherWay) {
  EXPECT_EQ(in_hop_world([](HopWorld& world) {
              const auto silence = milliseconds(60);
              std::string seen = world.begin("idle", silent_for(silence, HopEnd::fin));
              seen += world.connect("agent", "10.200.0.1:9000");
              world.write(*world.client, "a");
              seen += world.read(*world.server, 1);
              const auto last = world.loop.clock.now();
              world.write(*world.server, "b");
              seen += world.read(*world.client);
              const bool late = world.loop.clock.now() - last >= silence;
              return seen + (late ? " late" : " early");
            }),
            "ab|FIN late");
}

TEST(Hops, PassAResetOnAfterAFin) {
  EXPECT_EQ(in_hop_world([](HopWorld& world) {
              std::string seen = world.begin("hop", {});
              seen += world.connect("agent", "10.200.0.1:9000");
              world.write(*world.client, "ask");
              world.client->shutdown_write();
              seen += world.read(*world.server) + " ";
              world.client->abort();
              // Reading tells nothing more after a FIN.
              return seen + world.loop.run(HopWorld::write_until_broken(*world.server));
            }),
            "ask|FIN broken");
}

TEST(Hops, ResetWhoComesWhileNobodyListens) {
  EXPECT_EQ(in_hop_world([](HopWorld& world) {
              std::string seen = world.begin("hop", {});
              world.v4->close();
              seen += world.loop.run(HopWorld::dial(world, "agent", "10.200.0.1:9000"));
              return seen + world.read(*world.client);
            }),
            "|ECONNRESET");
}

TEST(Hops, StopAWriterWhoseReaderDoesNotRead) {
  EXPECT_EQ(in_hop_world([](HopWorld& world) {
              std::string seen = world.begin("hop", {});
              seen += world.connect("agent", "10.200.0.1:9000");
              const std::string piece(65536, 'x');
              const iovec one = net::as_iovec(piece);
              std::size_t sent = 0;
              // Until nothing is taken through many turns of the loop.
              for (int still = 0; still < 1000;) {
                const auto size = world.server->try_write(std::span(&one, 1));
                still = size ? 0 : still + 1;
                if (size) sent += *size;
                world.loop.poll();
                if (sent > 256UL * 1024 * 1024) return seen + "no end";
              }
              world.server->close();
              const std::string got = world.read(*world.client);
              return seen + shown(got.size() == sent + 4);
            }),
            "same");
}

TEST(Hops, ServeManyConnections) {
  EXPECT_EQ(in_hop_world([](HopWorld& world) {
              std::string seen = world.begin("late", late(milliseconds(5)));
              std::vector<std::unique_ptr<net::TcpStream>> all;
              for (int i = 0; i < 60; ++i) {
                seen += world.connect("agent", "10.200.0.1:9000");
                world.write(*world.server, std::to_string(i));
                all.push_back(std::move(world.client));
                all.push_back(std::move(world.server));
              }
              for (int i = 0; i < 60; ++i) {
                auto& client = all.at(static_cast<std::size_t>(2 * i));
                all.at(static_cast<std::size_t>(2 * i + 1))->close();
                if (world.read(*client) != std::to_string(i) + "|FIN") seen += "wrong ";
              }
              const std::size_t hits = world.hits.size() / std::string("late@10.200.0.2 ").size();
              return seen + std::to_string(hits);
            }),
            "60");
}

TEST(Hops, StandOneBehindTheOther) {
  for (const char* from : {"agent", "box"}) {
    EXPECT_EQ(in_hop_world([from](HopWorld& world) {
                std::string seen = world.begin("one", late(milliseconds(10)));
                seen += world.begin("two", cut_after(3, HopEnd::fin));
                seen += world.connect(from, "10.200.0.1:9000");
                seen += shown(world.client->local() == world.server->peer());
                world.write(*world.server, "abcdef");
                seen += world.read(*world.client);
                return seen + (world.hits.find("one@") != std::string::npos ? " one" : "") +
                       (world.hits.find("two@") != std::string::npos ? " two" : "");
              }),
              "sameabc|FIN one two")
        << from;
  }
}

TEST(Hops, LeadOnUnimpairedWhatIsOpenOnceLifted) {
  EXPECT_EQ(in_hop_world([](HopWorld& world) {
              std::string seen = world.begin("cut", cut_after(8, HopEnd::reset));
              seen += world.connect("agent", "10.200.0.1:9000");
              world.write(*world.server, "0123");
              seen += world.read(*world.client, 4);
              seen += world.hops.lift("cut") ? " lifted " : " not there ";
              world.write(*world.server, "456789");
              world.server->close();
              seen += world.read(*world.client);
              seen += world.connect("agent", "10.200.0.1:9000");
              seen += " " + std::to_string(world.hops.connections()) + world.hits;
              return seen + (world.hops.active("cut") ? " active" : " gone");
            }),
            "0123 lifted 456789|FIN 1 gone");
}

TEST(Hops, ThatAreNotThereCannotBeLifted) {
  EXPECT_EQ(in_hop_world([](HopWorld& world) {
              return std::string(world.hops.lift("nothing") ? "lifted" : "not there");
            }),
            "not there");
}

TEST(Hops, NeedAHostTheyCanReach) {
  EXPECT_EQ(in_hop_world([](HopWorld& world) {
              HopFault fault;
              fault.net_namespace = 0;
              fault.listener = *net::Endpoint::parse("127.0.0.1:9000");
              return std::string(world.hops.begin("wrong", fault, nullptr) ? "begun" : "refused");
            }),
            "refused");
}

}  // namespace
}  // namespace sallyport::sim::topology
