// Which policy, if any, lets a connection to host:port begin, and what its endpoints demand of it.
// Pure; deterministic: policies are asked in the order of their names.
//
// Where several endpoints match one host:port and disagree, the strictest holds (the field takes
// the first policy's first endpoint): a tunnel is opaque only if all say `tls: skip`; an address
// must be in every `allowed_ips` list that a matching endpoint states; requests must be readable if
// one says `protocol: rest`; `%2F` is permitted only if all permit it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reference/net/address.h"
#include "reference/policy/model.h"

namespace sallyport::policy {

struct Match {
  bool allowed = false;
  // When allowed: the name of the first policy that matched; otherwise empty.
  std::string policy;
  // When not: `endpoint H:P is not allowed by any policy`, or `network connections not allowed by
  // policy` where there are no policies at all.
  std::string reason;

  TlsMode tls = TlsMode::automatic;
  Protocol protocol = Protocol::unset;
  Enforcement enforcement = Enforcement::audit;
  bool allow_encoded_slash = false;
  // One list for each endpoint that states one: an address must be in all of them.
  std::vector<std::vector<net::Cidr>> allowed_ips;
  // An endpoint names this host itself, not by a wildcard and not by leaving the host out.
  bool host_is_named = false;
};

// `host` in any case, with or without brackets.
[[nodiscard]] Match find(const Policy& policy, std::string_view host, std::uint16_t port);

// `host:port`, IPv6 in brackets: how every text of this program writes a destination.
[[nodiscard]] std::string host_port(std::string_view host, std::uint16_t port);

}  // namespace sallyport::policy
