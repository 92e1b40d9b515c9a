#include "reference/policy/address_class.h"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "reference/base/check.h"

namespace sallyport::policy {
namespace {

using net::Cidr;
using net::IpAddress;

std::vector<Cidr> cidrs(std::initializer_list<std::string_view> texts) {
  std::vector<Cidr> nets;
  for (const std::string_view text : texts) {
    const std::optional<Cidr> net = Cidr::parse(text);
    CHECK(net.has_value());
    nets.push_back(*net);
  }
  return nets;
}

const std::vector<Cidr>& blocked_v4() {
  static const std::vector<Cidr> nets =
      cidrs({"0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4"});
  return nets;
}

const std::vector<Cidr>& blocked_v6() {
  static const std::vector<Cidr> nets = cidrs({"::/128", "::1/128", "fe80::/10", "ff00::/8"});
  return nets;
}

const std::vector<Cidr>& internal_v4() {
  static const std::vector<Cidr> nets =
      cidrs({"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "192.0.0.0/24",
             "198.18.0.0/15", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"});
  return nets;
}

// Unique local, site-local (deprecated, still private), Teredo (its peer is hidden in the address)
// and NAT64's local-use prefix (where the IPv4 address sits depends on the network).
const std::vector<Cidr>& internal_v6() {
  static const std::vector<Cidr> nets =
      cidrs({"fc00::/7", "fec0::/10", "2001::/32", "64:ff9b:1::/48"});
  return nets;
}

// The well-known metadata service; ECS; Alibaba Cloud; EC2 over IPv6.
const std::vector<Cidr>& metadata_services() {
  static const std::vector<Cidr> nets =
      cidrs({"169.254.169.254", "169.254.170.2", "100.100.100.200", "fd00:ec2::254"});
  return nets;
}

bool in_any(const std::vector<Cidr>& nets, const IpAddress& address) {
  return std::any_of(nets.begin(), nets.end(),
                     [&](const Cidr& net) { return net.contains(address); });
}

// Where an IPv6 prefix carries an IPv4 address: in which octets it begins.
struct Carrier {
  Cidr prefix;
  std::size_t offset;
};

const std::vector<Carrier>& carriers() {
  static const std::vector<Carrier> all = [] {
    const std::vector<Cidr> nets =
        cidrs({"::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "2002::/16", "::/96"});
    return std::vector<Carrier>{
        {nets[0], 12}, {nets[1], 12}, {nets[2], 12}, {nets[3], 2}, {nets[4], 12}};
  }();
  return all;
}

// The net of all carried forms of an IPv4 net.
Cidr carried(const Carrier& carrier, const Cidr& v4) {
  std::array<std::uint8_t, 16> octets = carrier.prefix.network().octets();
  for (std::size_t i = 0; i < 4; ++i) octets[carrier.offset + i] = v4.network().octets()[i];
  return {IpAddress::v6(octets), static_cast<int>(carrier.offset * 8) + v4.prefix()};
}

const std::vector<Cidr>& blocked_carried() {
  static const std::vector<Cidr> nets = [] {
    std::vector<Cidr> all;
    for (const Carrier& carrier : carriers()) {
      for (const Cidr& v4 : blocked_v4()) all.push_back(carried(carrier, v4));
    }
    return all;
  }();
  return nets;
}

bool overlaps_any(const std::vector<Cidr>& nets, const Cidr& net) {
  return std::any_of(nets.begin(), nets.end(),
                     [&](const Cidr& other) { return other.overlaps(net); });
}

}  // namespace

std::optional<IpAddress> embedded_v4(const IpAddress& address) {
  if (address.is_v4()) return std::nullopt;
  for (const Carrier& carrier : carriers()) {
    if (!carrier.prefix.contains(address)) continue;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value << 8 | address.octets()[carrier.offset + i];
    return IpAddress::v4(value);
  }
  return std::nullopt;
}

bool is_metadata(const IpAddress& address) {
  if (const auto inner = embedded_v4(address)) return is_metadata(*inner);
  return in_any(metadata_services(), address);
}

bool is_link_local(const IpAddress& address) {
  static const std::vector<Cidr> nets = cidrs({"169.254.0.0/16", "fe80::/10"});
  if (const auto inner = embedded_v4(address)) return is_link_local(*inner);
  return in_any(nets, address);
}

AddressClass classify(const IpAddress& address) {
  if (is_metadata(address)) return AddressClass::always_blocked;
  if (const auto inner = embedded_v4(address)) return classify(*inner);
  const bool v4 = address.is_v4();
  if (in_any(v4 ? blocked_v4() : blocked_v6(), address)) return AddressClass::always_blocked;
  if (in_any(v4 ? internal_v4() : internal_v6(), address)) return AddressClass::internal;
  return AddressClass::global;
}

std::string_view class_name(AddressClass address_class) {
  switch (address_class) {
    case AddressClass::always_blocked:
      return "always-blocked";
    case AddressClass::internal:
      return "internal";
    case AddressClass::global:
      return "global";
  }
  return "always-blocked";
}

bool overlaps_always_blocked(const Cidr& net) {
  if (net.network().is_v4()) return overlaps_any(blocked_v4(), net);
  return overlaps_any(blocked_v6(), net) || overlaps_any(blocked_carried(), net);
}

bool is_control_plane_port(std::uint16_t port) {
  static constexpr std::array<std::uint16_t, 5> kPorts{2379, 2380, 6443, 10250, 10255};
  return std::find(kPorts.begin(), kPorts.end(), port) != kPorts.end();
}

}  // namespace sallyport::policy
