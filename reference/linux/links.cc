#include "reference/linux/links.h"

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <netlink/attr.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <optional>

#include "reference/base/check.h"
#include "reference/linux/error.h"
#include "reference/linux/namespaces.h"
#include "reference/linux/netlink.h"

namespace sallyport::linux {
namespace {

using netlink::append;
using netlink::exchange;
using netlink::make_message;
using netlink::Message;
using netlink::put_text;
using netlink::put_u32;

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

netlink::OnAnswer look_at(Seen& seen) {
  return [&seen](nlmsghdr* answer) {
    if (answer->nlmsg_type == RTM_NEWLINK) seen = read_link(answer);
  };
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
  links.nl_groups = RTMGRP_LINK | RTMGRP_IPV6_ROUTE;
  if (!changes ||
      ::bind(changes.get(), reinterpret_cast<const sockaddr*>(&links), sizeof links) != 0) {
    return failure(Operation::open_netlink, errno);
  }
  return Links(std::move(socket), std::move(changes));
}

base::Result<int> Links::index(std::string_view link) {
  Seen seen;
  const int error = exchange(socket_.get(), ++sequence_, ask_for(link), look_at(seen));
  if (error != 0) return failure(Operation::find_link, error);
  if (seen.index == 0) return failure(Operation::find_link, ENODEV);
  return seen.index;
}

base::Result<void> Links::await(base::Duration bound, Operation what, const Look& look) {
  const auto give_up = std::chrono::steady_clock::now() + bound;
  for (;;) {
    std::array<char, 4096> told{};
    while (::recv(changes_.get(), told.data(), told.size(), 0) > 0) {
    }
    bool there = false;
    if (auto looked = look(there); !looked || there) return looked;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        give_up - std::chrono::steady_clock::now());
    if (left.count() <= 0) return failure(what, ETIMEDOUT);
    pollfd change{changes_.get(), POLLIN, 0};
    ::poll(&change, 1, static_cast<int>(left.count()));
  }
}

base::Result<void> Links::await_operational(std::string_view link, base::Duration bound) {
  // Newer kernels catch up when they are asked, older ones within a turn of a worker of theirs,
  // which says so to whoever listens for changes of links.
  const auto message = ask_for(link);
  return await(bound, Operation::set_link, [&](bool& there) -> base::Result<void> {
    Seen seen;
    const int error = exchange(socket_.get(), ++sequence_, message, look_at(seen));
    if (error != 0) return failure(Operation::find_link, error);
    there = seen.operational;
    return {};
  });
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

base::Result<void> Links::add_veth(std::string_view link, std::string_view peer, int peer_namespace,
                                   std::uint32_t mtu) {
  auto message = make_message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  ifinfomsg up{};
  up.ifi_flags = IFF_UP;
  up.ifi_change = IFF_UP;
  append(message, up);
  put_text(message, IFLA_IFNAME, link);
  if (mtu != 0) put_u32(message, IFLA_MTU, mtu);
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
  if (mtu != 0) put_u32(message, IFLA_MTU, mtu);
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

base::Result<void> Links::add_bridge(std::string_view link, std::uint32_t mtu) {
  auto message = make_message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  ifinfomsg up{};
  up.ifi_flags = IFF_UP;
  up.ifi_change = IFF_UP;
  append(message, up);
  put_text(message, IFLA_IFNAME, link);
  if (mtu != 0) put_u32(message, IFLA_MTU, mtu);
  nlattr* kind = nla_nest_start(message.get(), IFLA_LINKINFO);
  CHECK(kind != nullptr);
  put_text(message, IFLA_INFO_KIND, "bridge");
  nla_nest_end(message.get(), kind);
  const int error = exchange(socket_.get(), ++sequence_, message);
  if (error != 0) return failure(Operation::add_bridge, error);
  return {};
}

base::Result<void> Links::join_bridge(std::string_view link, std::string_view bridge) {
  const auto master = index(bridge);
  if (!master) return master.error();
  auto message = make_message(RTM_NEWLINK, 0);
  append(message, ifinfomsg{});
  put_text(message, IFLA_IFNAME, link);
  put_u32(message, IFLA_MASTER, static_cast<std::uint32_t>(*master));
  const int error = exchange(socket_.get(), ++sequence_, message);
  if (error != 0) return failure(Operation::set_link, error);
  return {};
}

base::Result<void> Links::stop_asking_neighbours(std::string_view link) {
  auto message = make_message(RTM_NEWLINK, 0);
  ifinfomsg info{};
  info.ifi_flags = IFF_NOARP;
  info.ifi_change = IFF_NOARP;
  append(message, info);
  put_text(message, IFLA_IFNAME, link);
  const int error = exchange(socket_.get(), ++sequence_, message);
  if (error != 0) return failure(Operation::set_link, error);
  return {};
}

}  // namespace sallyport::linux
