#include "reference/linux/icmp_answer.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>

#include <algorithm>

#include "reference/base/unique_fd.h"
#include "reference/linux/packet_log.h"
#include "reference/net/socket_address.h"

namespace sallyport::linux {
namespace {

constexpr std::size_t kHeaderBytes = 8;

std::uint16_t checksum(std::span<const std::uint8_t> octets) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < octets.size(); ++i)
    sum += i % 2 == 0 ? static_cast<std::uint32_t>(octets[i]) << 8 : octets[i];
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

}  // namespace

std::vector<std::uint8_t> unreachable_message(std::span<const std::uint8_t> packet,
                                              Unreachable why) {
  const bool v4 = !packet.empty() && packet[0] >> 4 == 4;
  std::vector<std::uint8_t> message(kHeaderBytes + packet.size(), 0);
  message[0] = v4 ? ICMP_DEST_UNREACH : ICMP6_DST_UNREACH;
  if (why == Unreachable::port) {
    message[1] = v4 ? ICMP_PORT_UNREACH : ICMP6_DST_UNREACH_NOPORT;
  } else {
    message[1] = v4 ? ICMP_PKT_FILTERED : ICMP6_DST_UNREACH_ADMIN;
  }
  std::copy(packet.begin(), packet.end(), message.begin() + kHeaderBytes);
  if (v4) {
    const std::uint16_t sum = checksum(message);
    message[2] = static_cast<std::uint8_t>(sum >> 8);
    message[3] = static_cast<std::uint8_t>(sum & 0xff);
  }
  return message;
}

void answer_unreachable(std::span<const std::uint8_t> packet, Unreachable why) {
  const auto flow = parse_flow(packet);
  if (!flow) return;
  const bool v4 = flow->from.address.is_v4();
  const int protocol = v4 ? static_cast<int>(IPPROTO_ICMP) : static_cast<int>(IPPROTO_ICMPV6);
  const base::UniqueFd socket(
      ::socket(v4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
  if (!socket) return;
  const auto from = net::to_socket_address({flow->to.address, 0});
  (void)::bind(socket.get(), from.get(), from.length);
  const auto message = unreachable_message(packet, why);
  const auto to = net::to_socket_address({flow->from.address, 0});
  (void)::sendto(socket.get(), message.data(), message.size(), 0, to.get(), to.length);
}

}  // namespace sallyport::linux
