#include "simulator/topology/dns_client.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace sallyport::sim::topology
