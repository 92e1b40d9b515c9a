// ICMP's word that a packet wasn't let through, sent by us. The packet filter says it too, but
// while the sender is still within connect(): then the kernel takes it for advice, and the attempt
// goes on until its second SYN, a second later. Internal to this module.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace sallyport::linux {

enum class Unreachable { port, prohibited };

// To the sender of `packet`, from its IP header on, out of the caller's namespace; from the
// packet's destination if that is an address here. What can't be sent isn't.
void answer_unreachable(std::span<const std::uint8_t> packet, Unreachable why);

// The message without an IP header; of IPv6 without a checksum, which the kernel adds.
[[nodiscard]] std::vector<std::uint8_t> unreachable_message(std::span<const std::uint8_t> packet,
                                                            Unreachable why);

}  // namespace sallyport::linux
