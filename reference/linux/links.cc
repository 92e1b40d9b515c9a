#include "reference/linux/links.h"

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <memory>
#include <optional>

#include "reference/base/check.h"
#include "reference/linux/error.h"
#include "reference/linux/namespaces.h"

namespace sallyport::linux {
namespace {

// Everything below fits; attributes that don't are a defect here, not an outside error.
constexpr std::size_t kMessageBytes = 4096;

struct FreeMessage {
  void operator()(nl_msg* message) const { nlmsg_free(message); }
};
using Message = std::unique_ptr<nl_msg, FreeMessage>;

Message make_message(int type, int flags) {
  Message message(nlmsg_alloc_size(kMessageBytes));
  CHECK(message != nullptr);
  CHECK(nlmsg_put(message.get(), NL_AUTO_PORT, NL_AUTO_SEQ, type, 0,
                  NLM_F_REQUEST | NLM_F_ACK | flags) != nullptr);
  return message;
}

template <class T>
void append(const Message& message, const T& value) {
  T copy = value;
  CHECK(nlmsg_append(message.get(), &copy, sizeof copy, NLMSG_ALIGNTO) == 0);
}

void put(const Message& message, int attribute, const void* data, std::size_t size) {
  CHECK(nla_put(message.get(), attribute, static_cast<int>(size), data) == 0);
}

void put_u32(const Message& message, int attribute, std::uint32_t value) {
  put(message, attribute, &value, sizeof value);
}

void put_text(const Message& message, int attribute, std::string_view text) {
  const std::string terminated(text);
  put(message, attribute, terminated.c_str(), terminated.size() + 1);
}

void put_address(const Message& message, int attribute, const net::IpAddress& address) {
  put(message, attribute, address.octets().data(), address.is_v4() ? 4 : 16);
}

int family_of(const net::IpAddress& address) { return address.is_v4() ? AF_INET : AF_INET6; }

// What the kernel tells of a link.
struct Seen {
  int index = 0;
  bool operational = false;
};

Seen read_link(nlmsghdr* answer) {
  Seen seen;
  seen.index = static_cast<ifinfomsg*>(nlmsg_data(answer))->ifi_index;
  const nlattr* state = nlmsg_find_attr(answer, sizeof(ifinfomsg), IFLA_OPERSTATE);
  seen.operational = state != nullptr && nla_get_u8(state) == IF_OPER_UP;
  return seen;
}

// Sends, and waits for the kernel's one answer: 0, or the errno of the operation. `link` tells of a
// link that was asked for.
int exchange(int socket, std::uint32_t sequence, const Message& message, Seen* link = nullptr) {
  nlmsghdr* header = nlmsg_hdr(message.get());
  header->nlmsg_seq = sequence;
  header->nlmsg_pid = 0;
  if (::send(socket, header, header->nlmsg_len, 0) < 0) return errno;
  alignas(nlmsghdr) std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t size = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno;
    auto* answer = reinterpret_cast<nlmsghdr*>(buffer.data());
    int left = static_cast<int>(size);
    for (; nlmsg_ok(answer, left) != 0; answer = nlmsg_next(answer, &left)) {
      if (answer->nlmsg_seq != sequence) continue;
      if (answer->nlmsg_type == RTM_NEWLINK && link != nullptr) {
        *link = read_link(answer);
      }
      if (answer->nlmsg_type == NLMSG_ERROR) {
        return -static_cast<nlmsgerr*>(nlmsg_data(answer))->error;
      }
    }
  }
}

Message ask_for(std::string_view link) {
  auto message = make_message(RTM_GETLINK, 0);
  append(message, ifinfomsg{});
  put_text(message, IFLA_IFNAME, link);
  return message;
}

}  // namespace

base::Result<Links> Links::open(int net_namespace) {
  std::optional<NetNamespaceGuard> inside;
  if (net_namespace >= 0) {
    auto entered = NetNamespaceGuard::enter(net_namespace);
    if (!entered) return entered.error();
    inside.emplace(std::move(*entered));
  }
  base::UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket) return failure(Operation::open_netlink, errno);
  // The kernel always answers; a bound all the same, so that a set-up can't hang.
  const timeval bound{5, 0};
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof bound) != 0) {
    return failure(Operation::open_netlink, errno);
  }
  base::UniqueFd changes(
      ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  sockaddr_nl links{};
  links.nl_family = AF_NETLINK;
  links.nl_groups = RTMGRP_LINK;
  if (!changes ||
      ::bind(changes.get(), reinterpret_cast<const sockaddr*>(&links), sizeof links) != 0) {
    return failure(Operation::open_netlink, errno);
  }
  return Links(std::move(socket), std::move(changes));
}

base::Result<int> Links::index(std::string_view link) {
  Seen seen;
  const int error = exchange(socket_.get(), ++sequence_, ask_for(link), &seen);
  if (error != 0) return failure(Operation::find_link, error);
  if (seen.index == 0) return failure(Operation::find_link, ENODEV);
  return seen.index;
}

base::Result<void> Links::await_operational(std::string_view link, base::Duration bound) {
  // Newer kernels catch up when they are asked, older ones within a turn of a worker of theirs,
  // which says so to whoever listens for changes of links.
  const auto message = ask_for(link);
  const auto give_up = std::chrono::steady_clock::now() + bound;
  for (;;) {
    std::array<char, 4096> told{};
    while (::recv(changes_.get(), told.data(), told.size(), 0) > 0) {
    }
    Seen seen;
    const int error = exchange(socket_.get(), ++sequence_, message, &seen);
    if (error != 0) return failure(Operation::find_link, error);
    if (seen.operational) return {};
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        give_up - std::chrono::steady_clock::now());
    if (left.count() <= 0) return failure(Operation::set_link, ETIMEDOUT);
    pollfd change{changes_.get(), POLLIN, 0};
    ::poll(&change, 1, static_cast<int>(left.count()));
  }
}

base::Result<void> Links::set_up(std::string_view link, bool up) {
  auto message = make_message(RTM_NEWLINK, 0);
  ifinfomsg info{};
  info.ifi_flags = up ? IFF_UP : 0;
  info.ifi_change = IFF_UP;
  append(message, info);
  put_text(message, IFLA_IFNAME, link);
  const int error = exchange(socket_.get(), ++sequence_, message);
  if (error != 0) return failure(Operation::set_link, error);
  return {};
}

base::Result<void> Links::add_veth(std::string_view link, std::string_view peer,
                                   int peer_namespace) {
  auto message = make_message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  ifinfomsg up{};
  up.ifi_flags = IFF_UP;
  up.ifi_change = IFF_UP;
  append(message, up);
  put_text(message, IFLA_IFNAME, link);
  // One queue an end: with more the kernel waits for an RCU grace period.
  put_u32(message, IFLA_NUM_TX_QUEUES, 1);
  put_u32(message, IFLA_NUM_RX_QUEUES, 1);
  nlattr* kind = nla_nest_start(message.get(), IFLA_LINKINFO);
  put_text(message, IFLA_INFO_KIND, "veth");
  nlattr* data = nla_nest_start(message.get(), IFLA_INFO_DATA);
  nlattr* other = nla_nest_start(message.get(), VETH_INFO_PEER);
  CHECK(kind != nullptr && data != nullptr && other != nullptr);
  // The kernel refuses to bring up a peer that doesn't have its other end yet (ENOTCONN).
  append(message, ifinfomsg{});
  put_text(message, IFLA_IFNAME, peer);
  put_u32(message, IFLA_NET_NS_FD, static_cast<std::uint32_t>(peer_namespace));
  put_u32(message, IFLA_NUM_TX_QUEUES, 1);
  put_u32(message, IFLA_NUM_RX_QUEUES, 1);
  nla_nest_end(message.get(), other);
  nla_nest_end(message.get(), data);
  nla_nest_end(message.get(), kind);
  const int error = exchange(socket_.get(), ++sequence_, message);
  if (error != 0) return failure(Operation::add_veth, error);
  return {};
}

base::Result<void> Links::add_address(std::string_view link, const net::IpAddress& address,
                                      int prefix, bool network_route) {
  const auto on = index(link);
  if (!on) return on.error();
  auto message = make_message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
  ifaddrmsg info{};
  info.ifa_family = static_cast<std::uint8_t>(family_of(address));
  info.ifa_prefixlen = static_cast<std::uint8_t>(prefix);
  info.ifa_index = static_cast<std::uint32_t>(*on);
  append(message, info);
  put_address(message, IFA_LOCAL, address);
  put_address(message, IFA_ADDRESS, address);
  // Duplicate address detection would make a fresh IPv6 address unusable for a second or two.
  std::uint32_t flags = address.is_v4() ? 0 : IFA_F_NODAD;
  if (!network_route) flags |= IFA_F_NOPREFIXROUTE;
  put_u32(message, IFA_FLAGS, flags);
  const int error = exchange(socket_.get(), ++sequence_, message);
  if (error != 0) return failure(Operation::add_address, error);
  return {};
}

base::Result<void> Links::add_default_route(const net::IpAddress& gateway) {
  auto message = make_message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
  rtmsg info{};
  info.rtm_family = static_cast<std::uint8_t>(family_of(gateway));
  info.rtm_table = RT_TABLE_MAIN;
  info.rtm_protocol = RTPROT_STATIC;
  info.rtm_scope = RT_SCOPE_UNIVERSE;
  info.rtm_type = RTN_UNICAST;
  append(message, info);
  put_address(message, RTA_GATEWAY, gateway);
  const int error = exchange(socket_.get(), ++sequence_, message);
  if (error != 0) return failure(Operation::add_route, error);
  return {};
}

base::Result<void> Links::add_throw_route(const net::Cidr& network) {
  auto message = make_message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
  rtmsg info{};
  info.rtm_family = static_cast<std::uint8_t>(family_of(network.network()));
  info.rtm_dst_len = static_cast<std::uint8_t>(network.prefix());
  info.rtm_table = RT_TABLE_MAIN;
  info.rtm_protocol = RTPROT_STATIC;
  info.rtm_scope = RT_SCOPE_UNIVERSE;
  info.rtm_type = RTN_THROW;
  append(message, info);
  put_address(message, RTA_DST, network.network());
  const int error = exchange(socket_.get(), ++sequence_, message);
  if (error != 0) return failure(Operation::add_route, error);
  return {};
}

}  // namespace sallyport::linux
