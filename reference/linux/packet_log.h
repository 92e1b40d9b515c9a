// NFLOG: what the packet filter's log statements tell, for one group of one namespace. Internal to
// this module.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "reference/base/result.h"
#include "reference/base/unique_fd.h"
#include "reference/linux/firewall.h"

namespace sallyport::linux {

// A non-blocking socket in the caller's namespace, and the free group that it has taken. The group
// is given up when the socket is closed.
[[nodiscard]] base::Result<std::pair<base::UniqueFd, std::uint16_t>> open_packet_log();

// The sender of a TCP packet, from its IP header on. Nothing when it isn't one, or is cut.
[[nodiscard]] std::optional<SeenPacket> parse_packet(std::span<const std::uint8_t> packet);

// The packets in one datagram of the socket, from their IP headers on, as views into it; anything
// else in it is passed over.
[[nodiscard]] std::vector<std::span<const std::uint8_t>> packets_in(
    std::span<const std::uint8_t> datagram);

// As packets_in(), each with the prefix that its log statement has.
struct LoggedPacket {
  std::string_view prefix;
  std::span<const std::uint8_t> packet;
  std::optional<std::uint32_t> uid{};  // of the socket that sent it, as the log's opener sees it
};
[[nodiscard]] std::vector<LoggedPacket> logged_in(std::span<const std::uint8_t> datagram);

// Both ends of a packet, from its IP header on; ports are 0 where the protocol has none.
struct FlowPacket {
  net::Endpoint from, to;
  std::uint8_t protocol = 0;
  bool opening = false;        // a TCP SYN
  std::uint32_t sequence = 0;  // TCP's
};
[[nodiscard]] std::optional<FlowPacket> parse_flow(std::span<const std::uint8_t> packet);

// As packets_in(), what of them parse_packet() understands.
[[nodiscard]] std::vector<SeenPacket> parse_log(std::span<const std::uint8_t> datagram);

}  // namespace sallyport::linux
