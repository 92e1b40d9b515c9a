// Tells which packets leave a network namespace for addresses that nobody named beforehand: one
// table of the packet filter, that logs and lets everything pass. Packets are seen where the kernel
// has routed them, so what has no route is no packet. Owned by who asks, for the one thread of its
// process; works for root of a user namespace. The table goes with the namespace, and until then
// logs into nothing.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "reference/base/result.h"
#include "reference/base/unique_fd.h"
#include "reference/net/address.h"

namespace sallyport::linux {

struct StrayPacket {
  net::IpAddress destination;
  std::uint8_t protocol = 0;  // IPPROTO_TCP ...
  std::uint16_t port = 0;     // 0 where the protocol has none

  friend auto operator<=>(const StrayPacket&, const StrayPacket&) = default;
};

// `tcp`, `udp`, `icmp`, `icmpv6`, else `protocol 132`.
[[nodiscard]] std::string protocol_name(std::uint8_t protocol);

// The destination of a packet, from its IP header on. Nothing when it is cut before its addresses.
// An extension header of IPv6 counts as the protocol.
[[nodiscard]] std::optional<StrayPacket> parse_destination(std::span<const std::uint8_t> packet);

class DestinationWatch {
 public:
  // -1: the caller's own namespace. One watch a namespace. Always known are loopback, multicast and
  // 255.255.255.255, and IPv6's link-local addresses. One transaction, in force when this returns;
  // not read back, for that costs as much again. An error: install_rules with the errno (EEXIST:
  // there is one), operations of namespaces and sockets.
  [[nodiscard]] static base::Result<DestinationWatch> install(int net_namespace,
                                                              const std::vector<net::Cidr>& known);

  // Readable when next() has something.
  [[nodiscard]] int log_fd() const { return log_.get(); }
  // Never waits. Each destination once; after some hundred different ones no more.
  [[nodiscard]] std::optional<StrayPacket> next();

 private:
  explicit DestinationWatch(base::UniqueFd log) : log_(std::move(log)) {}

  base::UniqueFd log_;
  std::deque<StrayPacket> seen_;  // read, not yet handed out
  std::set<StrayPacket> told_;
};

}  // namespace sallyport::linux
