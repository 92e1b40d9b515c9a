#include "reference/net/resolv_conf.h"

#include <gtest/gtest.h>

namespace sallyport::net {
namespace {

TEST(ResolvConf, ReadsNameserverLinesAloneAndAtMostThree) {
  const auto servers = parse_resolv_conf(
      "# nameserver 9.9.9.9\n"
      "search example\n"
      "nameserver 10.0.0.1\n"
      "nameserver fe80::1%eth0\n"
      "nameserver   2001:db8::1   # two\n"
      "nameserver 10.0.0.3\n"
      "nameserver 10.0.0.4\n");
  ASSERT_EQ(servers.size(), 3U);
  EXPECT_EQ(servers[0].to_string(), "10.0.0.1:53");
  EXPECT_EQ(servers[1].to_string(), "[2001:db8::1]:53");
  EXPECT_EQ(servers[2].to_string(), "10.0.0.3:53");
}

}  // namespace
}  // namespace sallyport::net
