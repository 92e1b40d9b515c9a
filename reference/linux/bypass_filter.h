// The packet filter of a sandbox: its processes reach the proxy and themselves (lo), and nothing
// else. TCP to anywhere else is answered with a reset, for an ICMP answer keeps a blocking connect
// waiting for a second; UDP with ICMP; whatever is left is dropped. Attempts are told through NFLOG
// with the user behind them. One table of libnftables', made in one transaction and read back.
// Follows the field system's rules (NVIDIA/OpenShell, crates/openshell-supervisor-process,
// sandbox/linux/nft_ruleset.rs), whose chain accepts what no rule names. Works for root of a user
// namespace; the table goes with the namespace.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "reference/base/result.h"
#include "reference/base/unique_fd.h"
#include "reference/net/address.h"

namespace sallyport::linux {

// A packet that tried to leave otherwise than through the proxy.
struct BypassAttempt {
  net::Endpoint from, to;     // port 0 where the protocol has none
  std::uint8_t protocol = 0;  // IPPROTO_TCP ...
  std::optional<std::uint32_t> uid;
};

class BypassFilter {
 public:
  // In a network namespace; -1: the caller's own. Returns the log's socket, non-blocking, once the
  // rules are in force as read back. An error: install_rules or list_rules with the errno, EPROTO
  // when a rule is missing afterwards; operations of namespaces and sockets.
  [[nodiscard]] static base::Result<base::UniqueFd> install(int net_namespace,
                                                            const net::Endpoint& proxy);
};

// What one datagram of the log's socket tells. Anything that isn't a packet is passed over.
[[nodiscard]] std::vector<BypassAttempt> bypass_attempts(std::span<const std::uint8_t> datagram);

// What the packet filter is told, and whether its listing has all of it and no more. Pure.
[[nodiscard]] std::string bypass_rules(const net::Endpoint& proxy, std::uint16_t log_group);
[[nodiscard]] bool lists_bypass_rules(const std::string& listing);

}  // namespace sallyport::linux
