#include "simulator/topology/hosts_builder.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "reference/base/check.h"
#include "reference/linux/error.h"
#include "reference/linux/namespaces.h"
#include "simulator/topology/error.h"
#include "simulator/topology/hosts_settings.h"
#include "simulator/topology/name_files.h"

namespace sallyport::sim::topology {
namespace {

using base::Result;

// 10.200.N.1 and .2, as the field's supervisor numbers its own (NVIDIA/OpenShell,
// sandbox/linux/netns.rs), one network an inner host; IPv6 beside it, numbered alike.
constexpr int kInnerPrefix = 24;
constexpr int kInnerPrefix6 = 64;
// N is one octet.
constexpr int kInnerHostsMax = 255;
// Of a host that stands alone and whose IPv6 is black-holed: after those of all inner hosts.
constexpr int kFirstVoid = 0x100;
constexpr const char* kVoid = "void";
constexpr const char* kVoidPeer = "void-peer";
constexpr const char* kBridge = "bridge";

net::Cidr everything(bool v4) { return *net::Cidr::parse(v4 ? "0.0.0.0/0" : "::/0"); }

net::IpAddress broadcast_of(const net::Cidr& network) {
  const std::uint32_t host_bits = network.prefix() == 0 ? ~0U : (1U << (32 - network.prefix())) - 1;
  return net::IpAddress::v4(network.network().v4_value() | host_bits);
}

linux::Route route_of(const RouteSpec& spec) {
  linux::Route route{spec.to};
  route.via = spec.via;
  switch (spec.kind) {
    case RouteSpec::Kind::via:
      route.kind = linux::Route::Kind::via;
      break;
    case RouteSpec::Kind::blackhole:
      route.kind = linux::Route::Kind::blackhole;
      break;
    case RouteSpec::Kind::unreachable:
      route.kind = linux::Route::Kind::unreachable;
      break;
    case RouteSpec::Kind::prohibit:
      route.kind = linux::Route::Kind::prohibit;
      break;
  }
  return route;
}

}  // namespace

net::IpAddress inner_v4(int number, std::uint32_t last) {
  return net::IpAddress::v4((10U << 24) | (200U << 16) | (static_cast<std::uint32_t>(number) << 8) |
                            last);
}

net::IpAddress inner_v6(int number, std::uint8_t last) {
  std::array<std::uint8_t, 16> octets{0xfd, 0, 0x02, 0};
  octets[4] = static_cast<std::uint8_t>(number >> 8);
  octets[5] = static_cast<std::uint8_t>(number & 0xff);
  octets[15] = last;
  return net::IpAddress::v6(octets);
}

bool HostBuilder::has_ipv6(const std::string& host, Ipv6 wanted) const {
  return made_.get(made_.get(host).owner).spec.ipv6 == wanted;
}

void HostBuilder::plan_inner(const std::string& name, const Hosts::Host& host) {
  const std::string& parent = made_.owner(host.spec.inside);
  on_links_[inner_v4(host.number, 1)] = parent;
  on_links_[inner_v4(host.number, 2)] = name;
  made_.broadcasts_.push_back(inner_v4(host.number, 255));
  if (has_ipv6(name, Ipv6::enabled) && has_ipv6(parent, Ipv6::enabled)) {
    on_links_[inner_v6(host.number, 1)] = parent;
    on_links_[inner_v6(host.number, 2)] = name;
  }
}

Result<void> HostBuilder::plan(const std::vector<HostSpec>& specs,
                               const std::vector<NetworkSpec>& networks) {
  int inner_hosts = 0;
  auto add = [&](const HostSpec& spec) {
    Hosts::Host host;
    host.spec = spec;
    host.owner = spec.name;
    host.folder = folder_ + "/" + spec.name;
    if (!spec.inside.empty() && spec.shares.empty()) host.number = inner_hosts++;
    CHECK(made_.hosts_.emplace(spec.name, std::move(host)).second);
    order_.push_back(spec.name);
  };
  for (const auto& spec : specs) add(spec);
  if (!made_.has(kBox)) {
    HostSpec box;
    box.name = kBox;
    add(box);
  }
  CHECK(inner_hosts <= kInnerHostsMax);
  for (const std::string& name : order_) {
    about_ = name;
    Hosts::Host& host = made_.hosts_.find(name)->second;
    for (std::size_t steps = 0; !made_.get(host.owner).spec.shares.empty(); ++steps) {
      if (steps > order_.size() || !made_.has(made_.get(host.owner).spec.shares))
        return failure(TopologyError::unknown_host);
      host.owner = made_.get(host.owner).spec.shares;
    }
    if (!host.spec.inside.empty() && !made_.has(host.spec.inside))
      return failure(TopologyError::unknown_host);
  }
  for (const std::string& name : order_) {
    const Hosts::Host& host = made_.get(name);
    if (host.number >= 0) plan_inner(name, host);
    if (host.owner == name && host.spec.ipv6 == Ipv6::blackholed) {
      const auto at = std::find(order_.begin(), order_.end(), name) - order_.begin();
      const int number = host.number >= 0 ? host.number : kFirstVoid + static_cast<int>(at);
      on_links_[inner_v6(number, 2)] = name;
    }
  }
  for (const NetworkSpec& network : networks) {
    about_ = network.name;
    for (const auto& [member, address] : network.members) {
      if (!made_.has(member)) return failure(TopologyError::unknown_host);
      on_links_[address] = made_.owner(member);
    }
    if (network.subnet.network().is_v4()) made_.broadcasts_.push_back(broadcast_of(network.subnet));
  }
  networks_there_ = !networks.empty();
  made_.owners_ = on_links_;
  return {};
}

Result<void> HostBuilder::make_namespace(Hosts::Host& host) {
  if (auto written = write_name_files(host.spec, host.folder); !written) return written;
  if (host.owner != host.spec.name) return {};
  if (host.spec.made_by_subject) {
    // Something that nobody can enter, rather than nothing, which means the caller's own.
    host.ns = base::UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!host.ns) return linux::failure(linux::Operation::open_namespace, errno);
    return {};
  }
  const bool box = host.spec.name == kBox;
  auto ns = box ? linux::open_namespace(linux::NamespaceKind::net) : linux::make_net_namespace();
  if (!ns) return ns.error();
  host.ns = std::move(*ns);
  host.stands = true;
  auto inside = linux::NetNamespaceGuard::enter(host.ns.get());
  if (!inside) return inside.error();
  auto links = linux::Links::open();
  if (!links) return links.error();
  const bool routed = host.spec.forward || !host.spec.routes.empty() || networks_there_;
  if (auto done = apply_settings(host.spec, routed); !done) return done;
  if (host.spec.loopback_up) {
    if (auto up = links->set_up("lo", true); !up) return up;
  }
  links_.emplace(host.spec.name, std::move(*links));
  return {};
}

Result<linux::Links*> HostBuilder::links_of(const std::string& owner) {
  const auto found = links_.find(owner);
  if (found == links_.end()) return failure(TopologyError::host_not_there);
  return &found->second;
}

Result<void> HostBuilder::add_address(const std::string& owner, std::string_view link,
                                      const net::IpAddress& address, int prefix,
                                      bool network_route) {
  auto links = links_of(owner);
  if (!links) return links.error();
  if (!address.is_v4()) awaited_.emplace_back(owner, address);
  return (*links)->add_address(link, address, prefix, network_route);
}

Result<void> HostBuilder::add_own_addresses(const std::string& name) {
  const Hosts::Host& host = made_.get(name);
  for (const auto& [address, prefix] : host.spec.addresses) {
    if (!made_.owners_.emplace(address, host.owner).second) continue;
    // Without its network's route: all of a network on lo would count as this host itself.
    if (auto added = add_address(host.owner, "lo", address, prefix, false); !added) return added;
  }
  return {};
}

Result<void> HostBuilder::link_to_parent(const std::string& name) {
  const Hosts::Host& host = made_.get(name);
  const std::string& parent = made_.owner(host.spec.inside);
  auto here = links_of(name);
  if (!here) return here.error();
  auto there = links_of(parent);
  if (!there) return there.error();
  const std::string outer = "veth-h-" + std::to_string(host.number);
  const std::string inner = "veth-s-" + std::to_string(host.number);
  if (auto made = (*there)->add_veth(outer, inner, host.ns.get(), host.spec.mtu); !made)
    return made;
  if (auto up = (*here)->set_up(inner, true); !up) return up;
  const auto gateway = inner_v4(host.number, 1);
  if (auto added = add_address(parent, outer, gateway, kInnerPrefix, true); !added) return added;
  const auto own = inner_v4(host.number, 2);
  if (auto added = add_address(name, inner, own, kInnerPrefix, true); !added) return added;
  if (auto added = (*here)->add_default_route(gateway); !added) return added;
  if (on_links_.contains(inner_v6(host.number, 1))) {
    const auto gateway6 = inner_v6(host.number, 1);
    const auto own6 = inner_v6(host.number, 2);
    if (auto added = add_address(parent, outer, gateway6, kInnerPrefix6, true); !added)
      return added;
    if (auto added = add_address(name, inner, own6, kInnerPrefix6, true); !added) return added;
    if (auto added = (*here)->add_default_route(gateway6); !added) return added;
  }
  return (*there)->await_operational(outer);
}

// What is sent by IPv6 goes into a pair whose other end takes nothing.
Result<void> HostBuilder::add_void(const std::string& name) {
  const Hosts::Host& host = made_.get(name);
  auto links = links_of(name);
  if (!links) return links.error();
  if (auto made = (*links)->add_veth(kVoid, kVoidPeer, host.ns.get()); !made) return made;
  {
    const auto inside = linux::NetNamespaceGuard::enter(host.ns.get());
    if (!inside) return inside.error();
    if (auto off = disable_ipv6_on(kVoidPeer); !off) return off;
  }
  if (auto set = (*links)->stop_asking_neighbours(kVoid); !set) return set;
  if (auto up = (*links)->set_up(kVoidPeer, true); !up) return up;
  for (const auto& [address, owner] : on_links_) {
    if (owner != name || address.is_v4()) continue;
    if (auto added = add_address(name, kVoid, address, kInnerPrefix6, true); !added) return added;
  }
  linux::Route route{everything(false)};
  route.kind = linux::Route::Kind::link;
  route.link = kVoid;
  if (auto added = (*links)->set_route(route); !added) return added;
  return (*links)->await_operational(kVoid);
}

Result<void> HostBuilder::add_member(const NetworkSpec& network, const std::string& host,
                                     linux::Links& bridge, std::size_t number) {
  const std::string& owner = made_.owner(host);
  auto links = links_of(owner);
  if (!links) return links.error();
  const net::IpAddress address = network.members.at(host);
  if (!address.is_v4() && has_ipv6(owner, Ipv6::blackholed)) return {};
  const std::string link = "eth-" + std::to_string(number);
  const std::string port =
      "port-" + std::to_string(std::distance(network.members.begin(), network.members.find(host)));
  const int ns = made_.get(owner).ns.get();
  if (auto made = bridge.add_veth(port, link, ns, network.mtu); !made) return made;
  if (auto up = (*links)->set_up(link, true); !up) return up;
  if (auto up = bridge.await_operational(port); !up) return up;
  if (auto joined = bridge.join_bridge(port, kBridge); !joined) return joined;
  return add_address(owner, link, address, network.subnet.prefix(), true);
}

Result<void> HostBuilder::add_network(const NetworkSpec& network, std::size_t number) {
  auto ns = linux::make_net_namespace();
  if (!ns) return ns.error();
  {
    auto inside = linux::NetNamespaceGuard::enter(ns->get());
    if (!inside) return inside.error();
    // A bridge says nothing of its own.
    if (auto set = apply_settings(HostSpec{}, false); !set) return set;
  }
  auto bridge = linux::Links::open(ns->get());
  if (!bridge) return bridge.error();
  if (auto made = bridge->add_bridge(kBridge, network.mtu); !made) return made;
  made_.networks_.push_back(std::move(*ns));
  for (const auto& [host, address] : network.members) {
    about_ = network.name + " of " + host;
    if (auto added = add_member(network, host, *bridge, number); !added) return added;
  }
  return {};
}

Result<void> HostBuilder::add_routes(const Hosts::Host& host) {
  const bool own = host.owner == host.spec.name;
  if (host.spec.routes.empty() && (host.spec.loopback_up || !own)) return {};
  auto links = links_of(host.owner);
  if (!links) return links.error();
  for (const RouteSpec& route : host.spec.routes) {
    about_ = host.spec.name + ", its route to " + route.to.to_string();
    if (auto added = (*links)->set_route(route_of(route)); !added) return added;
  }
  if (!own || host.spec.loopback_up) return {};
  // A default route must not swallow what a host whose lo is down has no route for.
  return (*links)->add_throw_route(*net::Cidr::parse("127.0.0.0/8"));
}

Result<Hosts> HostBuilder::build(const std::vector<HostSpec>& specs,
                                 const std::vector<NetworkSpec>& networks) && {
  if (auto done = plan(specs, networks); !done) return done.error();
  for (const std::string& name : order_) {
    about_ = name;
    if (auto done = make_namespace(made_.hosts_.find(name)->second); !done) return done.error();
  }
  for (const std::string& name : order_) {
    about_ = name;
    const Hosts::Host& host = made_.get(name);
    if (host.spec.made_by_subject) continue;
    if (host.number >= 0) {
      if (auto done = link_to_parent(name); !done) return done.error();
    }
    if (host.owner == name && host.spec.ipv6 == Ipv6::blackholed) {
      if (auto done = add_void(name); !done) return done.error();
    }
    if (auto done = add_own_addresses(name); !done) return done.error();
  }
  for (std::size_t i = 0; i < networks.size(); ++i) {
    about_ = networks[i].name;
    if (auto done = add_network(networks[i], i); !done) return done.error();
  }
  for (const std::string& name : order_) {
    about_ = name;
    const Hosts::Host& host = made_.get(name);
    if (host.spec.made_by_subject) continue;
    if (auto done = add_routes(host); !done) return done.error();
  }
  for (const auto& [owner, address] : awaited_) {
    about_ = owner;
    if (auto done = links_.at(owner).await_address(address); !done) return done.error();
  }
  about_.clear();
  return std::move(made_);
}

}  // namespace sallyport::sim::topology
