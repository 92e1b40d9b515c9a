#include "reference/linux/destination_watch.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "reference/linux/error.h"
#include "reference/linux/filter_batch.h"
#include "reference/linux/namespaces.h"
#include "reference/linux/packet_log.h"

namespace sallyport::linux {
namespace {

constexpr const char* kTable = "sallyport_watch";
constexpr const char* kChain = "output";
// Before whoever drops packets on their way out.
constexpr std::int32_t kPriority = -20;
constexpr std::size_t kLogBytes = 16384;
constexpr std::size_t kToldMax = 512;
// A rule has 128 expressions at most; each network takes two of them.
constexpr std::size_t kNetworksMax = 48;

// What is known of one family.
struct Known {
  std::vector<net::IpAddress> addresses;
  std::vector<net::Cidr> networks;
};

Known of_family(const std::vector<net::Cidr>& all, bool v4) {
  Known known;
  std::set<net::IpAddress> addresses;
  for (const char* const text : {"127.0.0.0/8", "224.0.0.0/4", "fe80::/10", "ff00::/8"}) {
    const auto network = *net::Cidr::parse(text);
    if (network.network().is_v4() == v4) known.networks.push_back(network);
  }
  addresses.insert(*net::IpAddress::parse(v4 ? "255.255.255.255" : "::1"));
  for (const net::Cidr& one : all) {
    if (one.network().is_v4() != v4) continue;
    if (one.prefix() == (v4 ? 32 : 128)) {
      addresses.insert(one.network());
    } else {
      known.networks.push_back(one);
    }
  }
  known.addresses.assign(addresses.begin(), addresses.end());
  return known;
}

// The errno of the kernel's answer; 0 for well.
int tell(int socket, const std::vector<std::uint8_t>& batch) {
  if (::send(socket, batch.data(), batch.size(), 0) < 0) return errno;
  // The kernel has answered when send() returns: each command that it refuses, and the last one.
  std::array<std::uint8_t, kLogBytes> answer;
  const ssize_t size = ::recv(socket, answer.data(), answer.size(), MSG_DONTWAIT);
  if (size < 0) return errno;
  nlmsghdr head{};
  nlmsgerr said{};
  if (static_cast<std::size_t>(size) < sizeof head + sizeof said.error) return EPROTO;
  std::memcpy(&head, answer.data(), sizeof head);
  if (head.nlmsg_type != NLMSG_ERROR) return EPROTO;
  std::memcpy(&said.error, answer.data() + NLMSG_HDRLEN, sizeof said.error);
  return -said.error;
}

bool has_port(std::uint8_t protocol) {
  return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP ||
         protocol == IPPROTO_UDPLITE;
}

}  // namespace

std::string protocol_name(std::uint8_t protocol) {
  switch (protocol) {
    case IPPROTO_TCP:
      return "tcp";
    case IPPROTO_UDP:
      return "udp";
    case IPPROTO_ICMP:
      return "icmp";
    case IPPROTO_ICMPV6:
      return "icmpv6";
    default:
      return "protocol " + std::to_string(protocol);
  }
}

std::optional<StrayPacket> parse_destination(std::span<const std::uint8_t> packet) {
  constexpr std::size_t kV4Header = 20;
  constexpr std::size_t kV6Header = 40;
  if (packet.empty()) return std::nullopt;
  StrayPacket stray;
  std::size_t header = 0;
  if (packet[0] >> 4 == 4 && packet.size() >= kV4Header) {
    header = static_cast<std::size_t>(packet[0] & 0x0f) * 4;
    if (header < kV4Header) return std::nullopt;
    std::uint32_t address = 0;
    for (std::size_t i = 16; i < 20; ++i) address = (address << 8) | packet[i];
    stray.destination = net::IpAddress::v4(address);
    stray.protocol = packet[9];
  } else if (packet[0] >> 4 == 6 && packet.size() >= kV6Header) {
    header = kV6Header;
    std::array<std::uint8_t, 16> address;
    std::memcpy(address.data(), packet.data() + 24, address.size());
    stray.destination = net::IpAddress::v6(address);
    stray.protocol = packet[6];
  } else {
    return std::nullopt;
  }
  if (has_port(stray.protocol) && packet.size() >= header + 4)
    stray.port = static_cast<std::uint16_t>((packet[header + 2] << 8) | packet[header + 3]);
  return stray;
}

base::Result<DestinationWatch> DestinationWatch::install(int net_namespace,
                                                         const std::vector<net::Cidr>& known) {
  std::optional<NetNamespaceGuard> inside;
  if (net_namespace >= 0) {
    auto entered = NetNamespaceGuard::enter(net_namespace);
    if (!entered) return entered.error();
    inside.emplace(std::move(*entered));
  }
  auto log = open_packet_log();
  if (!log) return log.error();
  FilterBatch batch(kTable);
  batch.make_table();
  batch.make_output_chain(kChain, kPriority);
  for (const bool v4 : {true, false}) {
    const Known family = of_family(known, v4);
    if (family.networks.size() > kNetworksMax) return failure(Operation::install_rules, E2BIG);
    const std::string set = v4 ? "known4" : "known6";
    batch.make_address_set(set, family.addresses);
    batch.add_log_rule(kChain, v4, set, family.networks, log->second);
  }
  const int error = tell(log->first.get(), std::move(batch).octets());
  if (error != 0) return failure(Operation::install_rules, error);
  return DestinationWatch(std::move(log->first));
}

std::optional<StrayPacket> DestinationWatch::next() {
  std::array<std::uint8_t, kLogBytes> datagram;
  for (;;) {
    while (!seen_.empty()) {
      const StrayPacket stray = seen_.front();
      seen_.pop_front();
      if (told_.size() < kToldMax && told_.insert(stray).second) return stray;
    }
    const ssize_t size = ::recv(log_.get(), datagram.data(), datagram.size(), MSG_DONTWAIT);
    // ENOBUFS: more came than the socket holds. What escaped before is told; that it was so much
    // more changes no verdict.
    if (size < 0 && (errno == EINTR || errno == ENOBUFS)) continue;
    if (size <= 0) return std::nullopt;
    for (const auto packet : packets_in({datagram.data(), static_cast<std::size_t>(size)})) {
      if (const auto stray = parse_destination(packet)) seen_.push_back(*stray);
    }
  }
}

}  // namespace sallyport::linux
