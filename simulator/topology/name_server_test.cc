#include "simulator/topology/name_server.h"

#include <gtest/gtest.h>

#include "simulator/topology/testing/named_world.h"

namespace sallyport::sim::topology {
namespace {

using namespace testing;
using Kind = DnsAnswer::Kind;

TEST(NameServer, AnswersFromItsZoneAndJournalsWhoAsked) {
  const Zone zone{{"api.test", addresses({"20.0.0.1", "fd00::1"})}};
  EXPECT_EQ(with_name_server({host("box"), host("other")}, zone,
                             [](Named& named) {
                               const auto found = describe(named.look_up("other", "API.test."));
                               return found + "; " + queries(named.journal);
                             }),
            "NOERROR 20.0.0.1 fd00::1; api.test A NOERROR 20.0.0.1 other udp;"
            "api.test AAAA NOERROR fd00::1 other udp;");
}

TEST(NameServer, SaysNxdomainToUnknownNames) {
  EXPECT_EQ(with_name_server({host("box")}, {},
                             [](Named& named) {
                               const auto found = describe(named.look_up("box", "no.test"));
                               return found + "; " + queries(named.journal);
                             }),
            "NXDOMAIN; no.test A NXDOMAIN  box udp;");
}

TEST(NameServer, SaysServfailAndNxdomainWhereToldTo) {
  const Zone zone{{"a.test", outcome(Kind::servfail)}, {"b.test", outcome(Kind::nxdomain)}};
  EXPECT_EQ(with_name_server({host("box")}, zone,
                             [](Named& named) {
                               const auto first = describe(named.look_up("box", "a.test"));
                               return first + "; " + describe(named.look_up("box", "b.test"));
                             }),
            "SERVFAIL; NXDOMAIN");
}

TEST(NameServer, JournalsAQueryToWhichItStaysSilent) {
  const Zone zone{{"a.test", outcome(Kind::silent)}};
  EXPECT_EQ(with_name_server({host("box")}, zone,
                             [](Named& named) {
                               const auto bound = std::chrono::milliseconds(50);
                               const auto found = describe(named.look_up("box", "a.test", bound));
                               return found + "; " + queries(named.journal);
                             }),
            " expired; a.test A   box udp;");
}

TEST(NameServer, WalksASequenceForEachTypeAndStaysAtItsEnd) {
  DnsAnswer sequence = outcome(Kind::sequence);
  sequence.sequence = {addresses({"20.0.0.1"}), outcome(Kind::servfail), addresses({"20.0.0.3"})};
  EXPECT_EQ(with_name_server({host("box")}, {{"a.test", sequence}},
                             [](Named& named) {
                               std::string seen;
                               for (int i = 0; i < 4; ++i) {
                                 seen += describe(named.look_up("box", "a.test")) + ";";
                               }
                               return seen;
                             }),
            "NOERROR 20.0.0.1;SERVFAIL;NOERROR 20.0.0.3;NOERROR 20.0.0.3;");
}

TEST(NameServer, GivesLongAnswersOverTcp) {
  DnsAnswer many;
  for (std::uint32_t i = 0; i < 200; ++i) {
    many.addresses.push_back(net::IpAddress::v4((20U << 24) + i));
  }
  EXPECT_EQ(with_name_server({host("box")}, {{"a.test", many}},
                             [](Named& named) {
                               const auto found = named.look_up("box", "a.test");
                               return std::to_string(found.addresses.size()) + " " +
                                      std::to_string(named.journal.events().size());
                             }),
            "200 3");
}

TEST(NameServer, AnswersTheCLibraryOfACommand) {
  const Zone zone{{"api.test", addresses({"20.0.0.1"})}};
  auto box = host("box");
  // The C library asks for no family of which the host has only loopback addresses.
  box.addresses = {{*net::IpAddress::parse("20.0.0.1"), 32}};
  EXPECT_EQ(with_name_server({box}, zone,
                             [](Named& named) {
                               auto spec = world::testing::shell("getent ahostsv4 api.test");
                               spec.host = named.hosts.view("box");
                               auto process = world::spawn(named.loop.executor(), spec);
                               if (!process) return process.error().message();
                               while (!(*process)->poll()) named.loop.context().run_one();
                               const auto found = (*process)->out();
                               return found.substr(0, found.find(' ')) + (*process)->err();
                             }),
            "20.0.0.1");
}

TEST(NameServer, TellsTheStepThatTheRunnerKnows) {
  const Zone zone{{"api.test", addresses({"20.0.0.1"})}};
  EXPECT_EQ(with_name_server({host("box")}, zone,
                             [](Named& named) {
                               named.server.set_step_of([](const auto& name, const auto& from) {
                                 return name + "@" + from;
                               });
                               (void)named.look_up("box", "api.test");
                               return named.journal.events().front().step;
                             }),
            "api.test@box");
}

}  // namespace
}  // namespace sallyport::sim::topology
