// What kind of place an address is, and so who may be led there. Pure tables, no policy.
//
// The classes are OpenShell's (crates/openshell-core/src/net.rs) with the gaps closed that its
// sharp edges list: multicast, 240/4, all of 0/8, site-local and Teredo are covered, and every IPv6
// form that carries an IPv4 address (mapped, compatible, translated, NAT64, 6to4) is judged by the
// address that it carries.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "reference/net/address.h"

namespace sallyport::policy {

enum class AddressClass {
  always_blocked,  // loopback, link-local, unspecified, multicast, reserved, metadata: never
  internal,        // private, shared, benchmark, documentation, unique local: only if named
  global,          // everything else
};

[[nodiscard]] AddressClass classify(const net::IpAddress& address);
[[nodiscard]] std::string_view class_name(AddressClass address_class);

// Addresses at which clouds serve credentials. All are always_blocked.
[[nodiscard]] bool is_metadata(const net::IpAddress& address);
[[nodiscard]] bool is_link_local(const net::IpAddress& address);

// The IPv4 address that an IPv6 address carries, if it is of a form that does. `::` and `::1` count
// as compatible forms of 0.0.0.0 and 0.0.0.1, which are blocked just as they are.
[[nodiscard]] std::optional<net::IpAddress> embedded_v4(const net::IpAddress& address);

// Whether a net contains always-blocked addresses as a class (0.0.0.0/0, ::/0, 127.0.0.1 ...), so
// that it can't be an entry of allowed_ips. Single metadata addresses outside those classes don't
// count here: they are refused when they are met.
[[nodiscard]] bool overlaps_always_blocked(const net::Cidr& net);

// etcd, Kubernetes API and kubelet ports: refused at every destination.
[[nodiscard]] bool is_control_plane_port(std::uint16_t port);

}  // namespace sallyport::policy
