#include "reference/egress/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "reference/policy/address_class.h"
#include "reference/policy/host_pattern.h"

namespace sallyport::egress {
namespace {

using policy::AddressClass;

DenyReason reason_of(const RelayPlan& plan) {
  if (plan.private_only) return DenyReason::allowed_ips_failed;
  switch (plan.validation) {
    case Validation::allowed_ips:
    case Validation::named_literal:
      return DenyReason::allowed_ips_failed;
    case Validation::declared_host:
      return DenyReason::declared_endpoint_failed;
    case Validation::any_host:
      break;
  }
  return DenyReason::internal_address;
}

bool in_list(const std::vector<net::Cidr>& nets, const net::IpAddress& address) {
  return std::any_of(nets.begin(), nets.end(), [&](const net::Cidr& net) {
    return net.contains(address) || net.contains(address.unmapped());
  });
}

bool in_every_list(const RelayPlan& plan, const net::IpAddress& address) {
  return std::all_of(plan.allowed_ips.begin(), plan.allowed_ips.end(),
                     [&](const auto& nets) { return in_list(nets, address); });
}

// What OpenShell PR #158 means by private: RFC 1918, also v4-mapped, and nothing else that is
// internal.
bool is_private(const net::IpAddress& address) {
  static const std::array<net::Cidr, 3> kRanges{*net::Cidr::parse("10.0.0.0/8"),
                                                *net::Cidr::parse("172.16.0.0/12"),
                                                *net::Cidr::parse("192.168.0.0/16")};
  const net::IpAddress plain = address.unmapped();
  return std::any_of(kRanges.begin(), kRanges.end(),
                     [&](const net::Cidr& range) { return range.contains(plain); });
}

// What is wrong with one address, or nothing.
std::optional<std::string> fault_of(const Intent& intent, const RelayPlan& plan,
                                    const net::IpAddress& address) {
  const AddressClass kind = policy::classify(address);
  const std::string place = address.unmapped().to_string();
  if (kind == AddressClass::always_blocked) {
    return fmt::format("{} resolves to always-blocked address {}, connection rejected", intent.host,
                       place);
  }
  if (plan.private_only && !is_private(address)) {
    return fmt::format("{} resolves to {} which is not a private address, connection rejected",
                       intent.host, place);
  }
  if (plan.validation == Validation::allowed_ips) {
    if (in_every_list(plan, address)) return std::nullopt;
    return fmt::format("{} resolves to {} which is not in allowed_ips, connection rejected",
                       intent.host, place);
  }
  if (plan.validation == Validation::named_literal) {
    if (policy::normalise_host(intent.host) == address.to_string()) return std::nullopt;
    return fmt::format("{} resolves to {} which is not in allowed_ips, connection rejected",
                       intent.host, place);
  }
  if (kind == AddressClass::internal) {
    return fmt::format("{} resolves to internal address {}, connection rejected", intent.host,
                       place);
  }
  return std::nullopt;
}

std::optional<std::string> fault_of_all(const Intent& intent, const RelayPlan& plan,
                                        std::span<const net::IpAddress> addresses,
                                        std::size_t addresses_max) {
  if (policy::is_control_plane_port(intent.port)) {
    return fmt::format("port {} is a blocked control-plane port, connection rejected", intent.port);
  }
  if (intent.port == 0) return "port 0 can't be connected to, connection rejected";
  if (plan.private_only && plan.allowed_ips.empty()) {
    return fmt::format("{} has no allowed_ips, which absolute form needs here, connection rejected",
                       intent.host);
  }
  if (addresses.size() > addresses_max) {
    return fmt::format("{} resolves to {} addresses, more than {}, connection rejected",
                       intent.host, addresses.size(), addresses_max);
  }
  for (const net::IpAddress& address : addresses) {
    if (auto fault = fault_of(intent, plan, address)) return fault;
  }
  return std::nullopt;
}

}  // namespace

Destination judge(const Intent& intent, const Allow& allow,
                  std::span<const net::IpAddress> addresses, std::size_t addresses_max) {
  if (auto fault = fault_of_all(intent, allow.plan, addresses, addresses_max)) {
    return deny(reason_of(allow.plan), intent, allow.policy, std::move(*fault));
  }
  if (addresses.empty()) {
    return deny(DenyReason::name_not_resolved, intent, allow.policy, "no addresses");
  }
  Pinned pinned;
  for (const net::IpAddress& address : addresses) {
    pinned.endpoints.push_back({address.unmapped(), intent.port});
  }
  return pinned;
}

std::optional<std::string> refuse_route_addresses(std::string_view host,
                                                  std::span<const net::IpAddress> addresses) {
  if (net::IpAddress::parse(host)) return std::nullopt;
  for (const net::IpAddress& address : addresses) {
    const std::string place = address.unmapped().to_string();
    if (policy::is_metadata(address)) {
      return fmt::format("{} resolves to metadata address {}", host, place);
    }
    if (policy::is_link_local(address)) {
      return fmt::format("{} resolves to link-local address {}", host, place);
    }
  }
  return std::nullopt;
}

}  // namespace sallyport::egress
