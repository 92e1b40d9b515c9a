#include "reference/linux/links.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "reference/linux/error.h"
#include "reference/linux/namespaces.h"
#include "reference/linux/testing/in_namespaces.h"

namespace sallyport::linux {
namespace {

using testing::in_namespaces;

net::IpAddress ip(const char* text) { return *net::IpAddress::parse(text); }

std::string text_of(const base::Result<void>& result) {
  return result ? std::string("ok") : result.error().message();
}

TEST(Links, BringsUpLoopback) {
  EXPECT_EQ(in_namespaces([] {
              auto links = Links::open();
              return text_of(links->set_up("lo", true)) + " " + text_of(links->set_up("lo", false));
            }),
            "ok ok");
}

TEST(Links, MakesAPairIntoAnotherNamespaceWithOneQueueAnEnd) {
  EXPECT_EQ(in_namespaces([] {
              const auto other = make_net_namespace();
              auto here = Links::open();
              auto there = Links::open(other->get());
              if (auto made = here->add_veth("a", "b", other->get()); !made) {
                return made.error().message();
              }
              std::string seen = here->index("a") ? "a here, " : "a missing, ";
              seen += here->index("b") ? "b here, " : "b not here, ";
              seen += there->index("b") ? "b there" : "b missing";
              return seen;
            }),
            "a here, b not here, b there");
}

TEST(Links, AddsAddressesAndADefaultRoute) {
  EXPECT_EQ(in_namespaces([] {
              const auto other = make_net_namespace();
              auto links = Links::open();
              if (!links->add_veth("a", "b", other->get())) return std::string("veth");
              const auto added = links->add_address("a", ip("10.200.0.1"), 24);
              const auto again = links->add_address("a", ip("10.200.0.1"), 24);
              const auto v6 = links->add_address("a", ip("fd00::1"), 64);
              const auto route = links->add_default_route(ip("10.200.0.2"));
              return text_of(added) + "; " + text_of(again) + "; " + text_of(v6) + "; " +
                     text_of(route);
            }),
            "ok; adding an address: File exists (EEXIST); ok; ok");
}

TEST(Links, AddressWithoutNetworkRouteReachesNothingElse) {
  EXPECT_EQ(in_namespaces([] {
              auto links = Links::open();
              if (!links->set_up("lo", true)) return std::string("lo");
              if (!links->add_address("lo", ip("172.17.0.1"), 16, false)) return std::string("add");
              std::ifstream routes("/proc/thread-self/net/route");
              std::ostringstream text;
              text << routes.rdbuf();
              return text.str().find("000011AC") == std::string::npos ? std::string("no route")
                                                                      : text.str();
            }),
            "no route");
}

TEST(Links, TellsThatALinkIsMissing) {
  EXPECT_EQ(in_namespaces([] {
              auto links = Links::open();
              return text_of(links->set_up("nowhere", true)) + "; " +
                     text_of(links->add_address("nowhere", ip("10.0.0.1"), 32));
            }),
            "setting a link up or down: No such device (ENODEV); "
            "finding a link: No such device (ENODEV)");
}

}  // namespace
}  // namespace sallyport::linux
