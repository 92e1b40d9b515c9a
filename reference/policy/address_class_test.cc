#include "reference/policy/address_class.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::policy {
namespace {

net::IpAddress at(const std::string& text) { return net::IpAddress::parse(text).value(); }

AddressClass class_of(const std::string& text) { return classify(at(text)); }

TEST(AddressClass, BlocksWhatIsNeverADestination) {
  for (const char* text :
       {"127.0.0.1", "127.255.255.254", "169.254.0.1", "169.254.169.254", "0.0.0.0", "0.1.2.3",
        "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1",
        "febf::1", "ff02::1", "ff0e::1"}) {
    EXPECT_EQ(class_of(text), AddressClass::always_blocked) << text;
  }
}

TEST(AddressClass, TellsInternalAddresses) {
  for (const char* text :
       {"10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1",
        "100.127.255.255", "192.0.0.8", "198.18.0.1", "198.19.255.255", "192.0.2.1", "198.51.100.7",
        "203.0.113.10", "fc00::1", "fdff::1", "fec0::1", "2001::1", "64:ff9b:1::1"}) {
    EXPECT_EQ(class_of(text), AddressClass::internal) << text;
  }
}

TEST(AddressClass, LeavesGlobalAddressesAlone) {
  for (const char* text : {"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "20.0.0.1",
                           "172.15.255.255", "172.32.0.1", "192.0.1.1", "100.63.255.255",
                           "100.128.0.1", "223.255.255.255", "2606:4700::1111", "2001:1::1"}) {
    EXPECT_EQ(class_of(text), AddressClass::global) << text;
  }
}

TEST(AddressClass, JudgesAnIpv6AddressByTheIpv4AddressThatItCarries) {
  for (const char* form : {"::ffff:", "::", "64:ff9b::", "::ffff:0:"}) {
    const std::string prefix = form;
    EXPECT_EQ(class_of(prefix + "127.0.0.1"), AddressClass::always_blocked) << form;
    EXPECT_EQ(class_of(prefix + "169.254.169.254"), AddressClass::always_blocked) << form;
    EXPECT_EQ(class_of(prefix + "10.1.2.3"), AddressClass::internal) << form;
    EXPECT_EQ(class_of(prefix + "8.8.8.8"), AddressClass::global) << form;
  }
  EXPECT_EQ(class_of("2002:7f00:1::1"), AddressClass::always_blocked);
  EXPECT_EQ(class_of("2002:a9fe:a9fe::1"), AddressClass::always_blocked);
  EXPECT_EQ(class_of("2002:c0a8:101::1"), AddressClass::internal);
  EXPECT_EQ(class_of("2002:808:808::1"), AddressClass::global);
}

TEST(AddressClass, BlocksMetadataServicesWhereverTheyLie) {
  for (const char* text : {"169.254.169.254", "::ffff:169.254.169.254", "169.254.170.2",
                           "100.100.100.200", "fd00:ec2::254", "2002:a9fe:a9fe::"}) {
    EXPECT_TRUE(is_metadata(at(text))) << text;
    EXPECT_EQ(class_of(text), AddressClass::always_blocked) << text;
  }
  EXPECT_FALSE(is_metadata(at("169.254.1.1")));
  EXPECT_FALSE(is_metadata(at("fd00:ec2::253")));
}

TEST(AddressClass, TellsLinkLocal) {
  for (const char* text : {"169.254.1.1", "fe80::1", "::ffff:169.254.1.1"}) {
    EXPECT_TRUE(is_link_local(at(text))) << text;
  }
  EXPECT_FALSE(is_link_local(at("169.253.1.1")));
  EXPECT_FALSE(is_link_local(at("fec0::1")));
}

TEST(AddressClass, SeesNetsThatOverlapBlockedOnes) {
  for (const char* text :
       {"0.0.0.0/0", "::/0", "0.0.0.0/1", "127.0.0.0/8", "127.0.0.1", "169.254.169.254/32",
        "169.0.0.0/8", "::1", "::/64", "fe80::/64", "::ffff:169.254.0.0/112", "::ffff:0:0/96",
        "64:ff9b::/96", "2002::/16", "224.0.0.0/8", "255.255.255.255", "ff00::/8"}) {
    EXPECT_TRUE(overlaps_always_blocked(net::Cidr::parse(text).value())) << text;
  }
  for (const char* text : {"10.0.0.0/8", "192.168.0.0/16", "1.0.0.0/8", "fd00::/8", "2606::/16",
                           "::ffff:10.0.0.0/104", "100.64.0.0/10", "20.0.0.1"}) {
    EXPECT_FALSE(overlaps_always_blocked(net::Cidr::parse(text).value())) << text;
  }
}

TEST(AddressClass, KnowsControlPlanePorts) {
  for (const int port : {2379, 2380, 6443, 10250, 10255}) {
    EXPECT_TRUE(is_control_plane_port(static_cast<std::uint16_t>(port))) << port;
  }
  for (const int port : {80, 443, 2378, 6444, 10251}) {
    EXPECT_FALSE(is_control_plane_port(static_cast<std::uint16_t>(port))) << port;
  }
}

}  // namespace
}  // namespace sallyport::policy
