#include "reference/linux/packet_log.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "reference/linux/destination_watch.h"
#include "reference/linux/error.h"

namespace sallyport::linux {
namespace {

// Far from the first ones, which programs under test may use.
constexpr std::uint16_t kFirstGroup = 4501;
constexpr std::uint16_t kGroups = 256;
constexpr int kBufferBytes = 1024 * 1024;

constexpr std::uint8_t kSyn = 0x02;
constexpr std::uint8_t kAck = 0x10;
constexpr std::size_t kV4HeaderBytes = 20;
constexpr std::size_t kV6HeaderBytes = 40;
constexpr std::size_t kTcpHeaderBytes = 20;

// A message that is nothing but its headers and the one command.
struct BindMessage {
  nlmsghdr head{};
  nfgenmsg family{};
  nlattr attribute{};
  nfulnl_msg_config_cmd command{};
  std::array<std::uint8_t, 3> padding{};
};

template <class T>
T read_at(std::span<const std::uint8_t> bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

// The errno of the kernel's answer; 0 for well.
int ask_for_group(int socket, std::uint16_t group) {
  BindMessage message;
  message.head.nlmsg_len = sizeof message;
  message.head.nlmsg_type = (NFNL_SUBSYS_ULOG << 8) | NFULNL_MSG_CONFIG;
  message.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  message.family.nfgen_family = AF_UNSPEC;
  message.family.version = NFNETLINK_V0;
  message.family.res_id = htons(group);
  message.attribute.nla_type = NFULA_CFG_CMD;
  message.attribute.nla_len = NLA_HDRLEN + sizeof message.command;
  message.command.command = NFULNL_CFG_CMD_BIND;
  if (::send(socket, &message, sizeof message, 0) < 0) return errno;
  // The kernel has answered when send() returns.
  std::array<std::uint8_t, 1024> answer{};
  const ssize_t size = ::recv(socket, answer.data(), answer.size(), 0);
  if (size < 0) return errno;
  if (static_cast<std::size_t>(size) < NLMSG_HDRLEN + sizeof(int)) return EPROTO;
  const auto head = read_at<nlmsghdr>(answer, 0);
  if (head.nlmsg_type != NLMSG_ERROR) return EPROTO;
  return -read_at<int>(answer, NLMSG_HDRLEN);
}

// An empty one when there is none of that type.
std::span<const std::uint8_t> attribute_of(std::span<const std::uint8_t> attributes,
                                           std::uint16_t type) {
  while (attributes.size() >= NLA_HDRLEN) {
    const auto head = read_at<nlattr>(attributes, 0);
    if (head.nla_len < NLA_HDRLEN || head.nla_len > attributes.size()) return {};
    if ((head.nla_type & NLA_TYPE_MASK) == type)
      return attributes.subspan(NLA_HDRLEN, head.nla_len - NLA_HDRLEN);
    const std::size_t step = NLA_ALIGN(head.nla_len);
    attributes = attributes.subspan(std::min(step, attributes.size()));
  }
  return {};
}

}  // namespace

base::Result<std::pair<base::UniqueFd, std::uint16_t>> open_packet_log() {
  base::UniqueFd socket(
      ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER));
  if (!socket) return failure(Operation::open_packet_log, errno);
  // As much as the machine allows; more is a loss that overflowed() tells.
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &kBufferBytes, sizeof kBufferBytes);
  int error = EBUSY;
  for (std::uint16_t group = kFirstGroup; group < kFirstGroup + kGroups; ++group) {
    error = ask_for_group(socket.get(), group);
    if (error == 0) return std::make_pair(std::move(socket), group);
    // EPERM: somebody else's; or nobody may here, then it is the same for all.
    if (error != EBUSY && error != EEXIST && error != EPERM) break;
  }
  return failure(Operation::open_packet_log, error);
}

std::optional<SeenPacket> parse_packet(std::span<const std::uint8_t> packet) {
  if (packet.empty()) return std::nullopt;
  SeenPacket seen;
  std::size_t header = 0;
  if (packet[0] >> 4 == 4) {
    header = static_cast<std::size_t>(packet[0] & 0x0f) * 4;
    if (header < kV4HeaderBytes || packet.size() < header || packet[9] != IPPROTO_TCP)
      return std::nullopt;
    seen.peer.address = net::IpAddress::v4(ntohl(read_at<std::uint32_t>(packet, 12)));
  } else if (packet[0] >> 4 == 6) {
    header = kV6HeaderBytes;
    if (packet.size() < header || packet[6] != IPPROTO_TCP) return std::nullopt;
    seen.peer.address = net::IpAddress::v6(read_at<std::array<std::uint8_t, 16>>(packet, 8));
  }
  if (header == 0 || packet.size() < header + kTcpHeaderBytes) return std::nullopt;
  const auto tcp = packet.subspan(header);
  seen.peer.port = ntohs(read_at<std::uint16_t>(tcp, 0));
  seen.sequence = ntohl(read_at<std::uint32_t>(tcp, 4));
  seen.opening = (tcp[13] & (kSyn | kAck)) == kSyn;
  return seen;
}

std::vector<LoggedPacket> logged_in(std::span<const std::uint8_t> datagram) {
  constexpr std::size_t kHeaders = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(nfgenmsg));
  std::vector<LoggedPacket> packets;
  while (datagram.size() >= kHeaders) {
    const auto head = read_at<nlmsghdr>(datagram, 0);
    if (head.nlmsg_len < kHeaders || head.nlmsg_len > datagram.size()) break;
    if (head.nlmsg_type == ((NFNL_SUBSYS_ULOG << 8) | NFULNL_MSG_PACKET)) {
      const auto body = datagram.subspan(kHeaders, head.nlmsg_len - kHeaders);
      const auto prefix = attribute_of(body, NFULA_PREFIX);
      std::string_view text(reinterpret_cast<const char*>(prefix.data()), prefix.size());
      LoggedPacket one{text.substr(0, text.find('\0')), attribute_of(body, NFULA_PAYLOAD)};
      const auto uid = attribute_of(body, NFULA_UID);
      if (uid.size() == sizeof(std::uint32_t)) one.uid = ntohl(read_at<std::uint32_t>(uid, 0));
      packets.push_back(one);
    }
    const std::size_t step = NLMSG_ALIGN(head.nlmsg_len);
    datagram = datagram.subspan(std::min(step, datagram.size()));
  }
  return packets;
}

std::vector<std::span<const std::uint8_t>> packets_in(std::span<const std::uint8_t> datagram) {
  std::vector<std::span<const std::uint8_t>> packets;
  for (const LoggedPacket& one : logged_in(datagram)) packets.push_back(one.packet);
  return packets;
}

std::optional<FlowPacket> parse_flow(std::span<const std::uint8_t> packet) {
  const auto destination = parse_destination(packet);
  if (!destination) return std::nullopt;
  FlowPacket flow;
  flow.protocol = destination->protocol;
  flow.to = {destination->destination, destination->port};
  std::size_t header = kV6HeaderBytes;
  if (packet[0] >> 4 == 4) {
    header = static_cast<std::size_t>(packet[0] & 0x0f) * 4;
    flow.from.address = net::IpAddress::v4(ntohl(read_at<std::uint32_t>(packet, 12)));
  } else {
    flow.from.address = net::IpAddress::v6(read_at<std::array<std::uint8_t, 16>>(packet, 8));
  }
  // The destination has a port where the protocol has ports and the packet isn't cut before them.
  if (flow.to.port != 0) flow.from.port = ntohs(read_at<std::uint16_t>(packet, header));
  if (const auto tcp = parse_packet(packet)) {
    flow.from.port = tcp->peer.port;
    flow.opening = tcp->opening;
    flow.sequence = tcp->sequence;
  }
  return flow;
}

std::vector<SeenPacket> parse_log(std::span<const std::uint8_t> datagram) {
  std::vector<SeenPacket> all;
  for (const auto packet : packets_in(datagram)) {
    if (const auto seen = parse_packet(packet)) all.push_back(*seen);
  }
  return all;
}

}  // namespace sallyport::linux
