#include "simulator/topology/dns_client.h"

#include <gtest/gtest.h>

#include <chrono>

#include "simulator/topology/testing/named_world.h"

namespace sallyport::sim::topology {
namespace {

using namespace testing;

TEST(DnsClient, TakesALiteralAsItsOwnAnswer) {
  EXPECT_EQ(with_name_server({host("box", "none")}, {},
                             [](Named& named) {
                               return describe(named.look_up("box", "192.0.2.1")) +
                                      describe(named.look_up("box", "fd00::7"));
                             }),
            " 192.0.2.1 fd00::7");
}

TEST(DnsClient, LooksIntoTheHostsFileFirst) {
  auto box = host("box");
  box.hosts_file = {{"Api.test", *net::IpAddress::parse("192.0.2.7")}};
  const Zone zone{{"api.test", addresses({"20.0.0.1"})}};
  EXPECT_EQ(with_name_server({box}, zone,
                             [](Named& named) {
                               return describe(named.look_up("box", "api.test")) +
                                      describe(named.look_up("box", "localhost")) +
                                      queries(named.journal);
                             }),
            " 192.0.2.7 hosts 127.0.0.1 hosts");
}

TEST(DnsClient, AsksNobodyWithoutAResolver) {
  const Zone zone{{"api.test", addresses({"20.0.0.1"})}};
  EXPECT_EQ(with_name_server({host("box"), host("agent", "none")}, zone,
                             [](Named& named) {
                               return "[" + describe(named.look_up("agent", "api.test")) + "]" +
                                      queries(named.journal);
                             }),
            "[]");
}

TEST(DnsClient, GivesUpAtOnceWhereNobodyListens) {
  EXPECT_EQ(with_name_server({host("box", "127.0.0.1")}, {},
                             [](Named& named) {
                               return "[" + describe(named.look_up("box", "api.test")) + "]";
                             }),
            "[]");
}

TEST(DnsClient, RefusesANameThatCannotBeAskedFor) {
  EXPECT_EQ(with_name_server({host("box")}, {},
                             [](Named& named) {
                               return "[" + describe(named.look_up("box", "a..b")) + "]" +
                                      queries(named.journal);
                             }),
            "[]");
}

TEST(DnsClient, WaitsOnWhenAnAnswerHasAnotherId) {
  DnsAnswer forged = addresses({"192.0.2.66"});
  forged.kind = DnsAnswer::Kind::wrong_id;
  DnsAnswer turns = outcome(DnsAnswer::Kind::sequence);
  turns.sequence = {forged, addresses({"20.0.0.1"})};
  EXPECT_EQ(with_name_server({host("box")}, {{"a.test", turns}},
                             [](Named& named) {
                               // Asked again after a while, as over silence.
                               return describe(named.look_up("box", "a.test")).substr(0, 16);
                             }),
            "NOERROR 20.0.0.1");
}

TEST(DnsClient, NeverTakesAnAnswerOfAnotherId) {
  DnsAnswer forged = addresses({"192.0.2.66"});
  forged.kind = DnsAnswer::Kind::wrong_id;
  EXPECT_EQ(with_name_server({host("box")}, {{"a.test", forged}},
                             [](Named& named) {
                               const auto bound = std::chrono::milliseconds(50);
                               return describe(named.look_up("box", "a.test", bound));
                             }),
            " expired");
}

TEST(DnsClient, GivesUpAtItsBoundWhenOverTcpNobodyAnswers) {
  DnsAnswer turns = outcome(DnsAnswer::Kind::sequence);
  turns.sequence = {outcome(DnsAnswer::Kind::truncated), outcome(DnsAnswer::Kind::silent)};
  EXPECT_EQ(with_name_server({host("box")}, {{"a.test", turns}},
                             [](Named& named) {
                               const auto bound = std::chrono::milliseconds(100);
                               return describe(named.look_up("box", "a.test", bound));
                             }),
            " expired");
}

}  // namespace
}  // namespace sallyport::sim::topology
