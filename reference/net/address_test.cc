#include "reference/net/address.h"

#include <gtest/gtest.h>

namespace sallyport::net {
namespace {

std::string canonical(std::string_view text) {
  const auto address = IpAddress::parse(text);
  return address ? address->to_string() : "refused";
}

TEST(IpAddress, PrintsTheCanonicalForm) {
  EXPECT_EQ(canonical("10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(canonical("2001:DB8:0:0:1:0:0:1"), "2001:db8::1:0:0:1");
  EXPECT_EQ(canonical("0:0:0:0:0:0:0:0"), "::");
  EXPECT_EQ(canonical("::FFFF:1.2.3.4"), "::ffff:1.2.3.4");
  EXPECT_EQ(canonical("2001:db8:0:1:1:1:1:1"), "2001:db8:0:1:1:1:1:1");
  EXPECT_EQ(canonical("::102:304"), "::102:304");
  EXPECT_EQ(canonical("::1"), "::1");
}

TEST(IpAddress, RefusesEveryLooseSpelling) {
  for (const char* text : {"", "1", "127.1", "1.2.3", "01.2.3.4", "0x7f.0.0.1", "1.2.3.4 ",
                           " 1.2.3.4", "1.2.3.256", "[::1]", "::1%lo", "1::2::3", "fe80::1/64",
                           "1.2.3.4.5", "+1.2.3.4", "2130706433", "12345::"}) {
    EXPECT_EQ(canonical(text), "refused") << text;
  }
  EXPECT_FALSE(IpAddress::parse(std::string_view("1.2.3.4\0x", 9)));
  EXPECT_FALSE(IpAddress::parse(std::string(4096, '1')));
}

TEST(IpAddress, UnmapsOnlyMappedAddresses) {
  EXPECT_EQ(IpAddress::parse("::ffff:10.0.0.1")->unmapped(), IpAddress::v4(0x0a000001));
  EXPECT_FALSE(IpAddress::parse("::10.0.0.1")->unmapped().is_v4());
}

TEST(IpAddress, KnowsLoopbackAndUnspecifiedInBothFamilies) {
  EXPECT_TRUE(IpAddress::parse("127.255.0.1")->is_loopback());
  EXPECT_TRUE(IpAddress::parse("::1")->is_loopback());
  EXPECT_TRUE(IpAddress::parse("::ffff:127.0.0.1")->is_loopback());
  EXPECT_FALSE(IpAddress::parse("::2")->is_loopback());
  EXPECT_TRUE(IpAddress::parse("0.0.0.0")->is_unspecified());
  EXPECT_TRUE(IpAddress::parse("::")->is_unspecified());
  EXPECT_TRUE(IpAddress::parse("::ffff:0.0.0.0")->is_unspecified());
  EXPECT_FALSE(IpAddress::parse("0.0.0.1")->is_unspecified());
}

TEST(Endpoint, ReadsBothFamilies) {
  EXPECT_EQ(Endpoint::parse("10.0.0.1:80")->to_string(), "10.0.0.1:80");
  EXPECT_EQ(Endpoint::parse("[::1]:65535")->to_string(), "[::1]:65535");
  EXPECT_EQ(Endpoint::parse("10.0.0.1:0")->port, 0);
}

TEST(Endpoint, RefusesWhatIsNotOne) {
  for (const char* text :
       {"", ":80", "10.0.0.1", "10.0.0.1:", "10.0.0.1:65536", "10.0.0.1:+1", "10.0.0.1:080",
        "::1:80", "[10.0.0.1]:80", "[::1]", "[::1]80", "localhost:80", "10.0.0.1:80 "}) {
    EXPECT_FALSE(Endpoint::parse(text)) << text;
  }
}

TEST(Cidr, ClearsHostBits) {
  EXPECT_EQ(Cidr::parse("10.1.2.3/8")->to_string(), "10.0.0.0/8");
  EXPECT_EQ(Cidr::parse("10.1.2.3")->to_string(), "10.1.2.3/32");
  EXPECT_EQ(Cidr::parse("fe80::1/10")->to_string(), "fe80::/10");
  EXPECT_EQ(Cidr::parse("1.2.3.4/0")->to_string(), "0.0.0.0/0");
  EXPECT_EQ(Cidr::parse("10.255.255.255/13")->to_string(), "10.248.0.0/13");
}

TEST(Cidr, RefusesBadPrefixes) {
  for (const char* text : {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/08", "::/129", "/8",
                           "10.0.0/8", "10.0.0.0/8/8"}) {
    EXPECT_FALSE(Cidr::parse(text)) << text;
  }
}

TEST(Cidr, ContainsNeverMixesFamilies) {
  const Cidr any4 = *Cidr::parse("0.0.0.0/0");
  EXPECT_TRUE(any4.contains(*IpAddress::parse("203.0.113.9")));
  EXPECT_FALSE(any4.contains(*IpAddress::parse("::ffff:203.0.113.9")));
  const Cidr ten = *Cidr::parse("10.0.0.0/8");
  EXPECT_TRUE(ten.contains(*IpAddress::parse("10.255.0.1")));
  EXPECT_FALSE(ten.contains(*IpAddress::parse("11.0.0.0")));
}

TEST(Cidr, OverlapsEitherWayRound) {
  const Cidr wide = *Cidr::parse("10.0.0.0/8");
  const Cidr narrow = *Cidr::parse("10.9.0.0/16");
  EXPECT_TRUE(wide.overlaps(narrow));
  EXPECT_TRUE(narrow.overlaps(wide));
  EXPECT_FALSE(narrow.overlaps(*Cidr::parse("10.8.0.0/16")));
}

}  // namespace
}  // namespace sallyport::net
