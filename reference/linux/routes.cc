// Addresses and routes of Links.
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include <array>
#include <cstring>

#include "reference/linux/error.h"
#include "reference/linux/links.h"
#include "reference/linux/netlink.h"

namespace sallyport::linux {
namespace {

using netlink::append;
using netlink::exchange;
using netlink::family_of;
using netlink::make_message;
using netlink::put_address;
using netlink::put_u32;

unsigned char type_of(Route::Kind kind) {
  switch (kind) {
    case Route::Kind::via:
    case Route::Kind::link:
      return RTN_UNICAST;
    case Route::Kind::blackhole:
      return RTN_BLACKHOLE;
    case Route::Kind::unreachable:
      return RTN_UNREACHABLE;
    case Route::Kind::prohibit:
      return RTN_PROHIBIT;
    case Route::Kind::ignore:
      return RTN_THROW;
  }
  return RTN_BLACKHOLE;
}

}  // namespace

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

base::Result<void> Links::await_address(const net::IpAddress& address, base::Duration bound) {
  auto message = make_message(RTM_GETROUTE, 0);
  rtmsg info{};
  info.rtm_family = static_cast<std::uint8_t>(family_of(address));
  info.rtm_dst_len = address.is_v4() ? 32 : 128;
  append(message, info);
  put_address(message, RTA_DST, address);
  return await(bound, Operation::add_address, [&](bool& there) -> base::Result<void> {
    // An error: no route at all yet.
    (void)exchange(socket_.get(), ++sequence_, message, [&there](nlmsghdr* answer) {
      if (answer->nlmsg_type != RTM_NEWROUTE) return;
      there = static_cast<const rtmsg*>(nlmsg_data(answer))->rtm_type == RTN_LOCAL;
    });
    return {};
  });
}

base::Result<std::vector<net::IpAddress>> Links::addresses() {
  std::vector<net::IpAddress> all;
  auto message = make_message(RTM_GETADDR, NLM_F_DUMP);
  append(message, ifaddrmsg{});
  const int error = exchange(socket_.get(), ++sequence_, message, [&all](nlmsghdr* answer) {
    if (answer->nlmsg_type != RTM_NEWADDR) return;
    const auto* const info = static_cast<const ifaddrmsg*>(nlmsg_data(answer));
    // A veth's own address of IPv4 is in IFA_LOCAL, IPv6 has IFA_ADDRESS alone.
    const nlattr* value = nlmsg_find_attr(answer, sizeof(ifaddrmsg), IFA_LOCAL);
    if (value == nullptr) value = nlmsg_find_attr(answer, sizeof(ifaddrmsg), IFA_ADDRESS);
    if (value == nullptr) return;
    std::array<std::uint8_t, 16> octets{};
    const bool v4 = info->ifa_family == AF_INET;
    const std::size_t size = v4 ? 4 : octets.size();
    if (nla_len(value) < static_cast<int>(size)) return;
    std::memcpy(octets.data(), nla_data(value), size);
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < 4; ++i) number = number << 8 | octets[i];
    all.push_back(v4 ? net::IpAddress::v4(number) : net::IpAddress::v6(octets));
  });
  if (error != 0) return failure(Operation::list_addresses, error);
  return all;
}

base::Result<void> Links::set_route(const Route& route) {
  auto message = make_message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE);
  rtmsg info{};
  info.rtm_family = static_cast<std::uint8_t>(family_of(route.to.network()));
  info.rtm_dst_len = static_cast<std::uint8_t>(route.to.prefix());
  info.rtm_table = RT_TABLE_MAIN;
  info.rtm_protocol = RTPROT_STATIC;
  info.rtm_scope = RT_SCOPE_UNIVERSE;
  if (route.kind == Route::Kind::link && route.to.network().is_v4()) info.rtm_scope = RT_SCOPE_LINK;
  info.rtm_type = type_of(route.kind);
  append(message, info);
  if (route.to.prefix() > 0) put_address(message, RTA_DST, route.to.network());
  if (route.kind == Route::Kind::via) put_address(message, RTA_GATEWAY, route.via);
  if (route.kind == Route::Kind::link) {
    const auto on = index(route.link);
    if (!on) return on.error();
    put_u32(message, RTA_OIF, static_cast<std::uint32_t>(*on));
  }
  const int error = exchange(socket_.get(), ++sequence_, message);
  if (error != 0) return failure(Operation::add_route, error);
  return {};
}

base::Result<void> Links::add_default_route(const net::IpAddress& gateway) {
  Route route{net::Cidr(gateway, 0)};
  route.via = gateway;
  return set_route(route);
}

base::Result<void> Links::add_throw_route(const net::Cidr& network) {
  Route route{network};
  route.kind = Route::Kind::ignore;
  return set_route(route);
}

}  // namespace sallyport::linux
