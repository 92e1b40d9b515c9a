// Which of the addresses that a name has may be dialled: all, or none. Pure; destination.h does the
// looking up. The order of rules follows OpenShell proxy/destination.rs, except that a host which a
// policy merely names doesn't open internal addresses (allowed_ips, or the literal itself, does),
// and that control-plane ports are refused under every rule.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "reference/egress/egress.h"
#include "reference/net/address.h"

namespace sallyport::egress {

// What will be dialled, in this order and nothing else: never empty, v4-mapped forms undone.
struct Pinned {
  std::vector<net::Endpoint> endpoints;
};

using Destination = std::variant<Pinned, Deny>;

// Judges every address of intent.host. Over `addresses_max` addresses, or none: denied.
[[nodiscard]] Destination judge(const Intent& intent, const Allow& allow,
                                std::span<const net::IpAddress> addresses,
                                std::size_t addresses_max);

// A route's base URL is the operator's word: a literal is trusted as written, loopback and private
// included, and so is what a name leads to, except link-local and metadata. Returns why the
// addresses are refused, or nothing. `host` without brackets.
[[nodiscard]] std::optional<std::string> refuse_route_addresses(
    std::string_view host, std::span<const net::IpAddress> addresses);

}  // namespace sallyport::egress
