#include "simulator/topology/hosts.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "reference/base/check.h"
#include "reference/linux/error.h"
#include "reference/linux/links.h"
#include "reference/linux/namespaces.h"
#include "reference/net/socket_address.h"
#include "simulator/topology/name_files.h"

namespace sallyport::sim::topology {
namespace {

using base::Result;
using base::UniqueFd;
using linux::Operation;

// 10.200.N.1 and .2, as the field's supervisor numbers its own (NVIDIA/OpenShell,
// sandbox/linux/netns.rs), one network an inner host.
constexpr int kInnerPrefix = 24;
// N is one octet.
constexpr int kInnerHostsMax = 255;

net::IpAddress veth_address(int number, std::uint32_t last) {
  return net::IpAddress::v4((10U << 24) | (200U << 16) | (static_cast<std::uint32_t>(number) << 8) |
                            last);
}

Result<void> set_sysctl(const char* path, const char* value) {
  const UniqueFd file(::open(path, O_WRONLY | O_CLOEXEC));
  // A kernel without IPv6 has nothing to switch off.
  if (!file && errno == ENOENT) return {};
  if (!file || ::write(file.get(), value, 1) != 1) {
    return linux::failure(Operation::set_sysctl, errno);
  }
  return {};
}

// Settings that a new namespace would take from the machine, or that get in a scenario's way. In
// the caller's namespace.
Result<void> set_sysctls(const HostSpec& host) {
  const std::pair<const char*, const char*> settings[] = {
      {"/proc/sys/net/ipv6/conf/all/disable_ipv6", host.ipv6 ? "0" : "1"},
      {"/proc/sys/net/ipv4/ip_forward", "0"},
      {"/proc/sys/net/ipv4/ip_unprivileged_port_start", "0"},
  };
  for (const auto& [path, value] : settings) {
    if (auto set = set_sysctl(path, value); !set) return set;
  }
  return {};
}

Result<void> set_up_links(const HostSpec& host, linux::Links& links) {
  if (host.loopback_up) {
    if (auto up = links.set_up("lo", true); !up) return up;
  }
  for (const auto& [address, prefix] : host.addresses) {
    // Without its network's route: all of a network on lo would count as this host itself.
    if (auto added = links.add_address("lo", address, prefix, false); !added) return added;
  }
  return {};
}

Result<UniqueFd> make_socket(int family, int type) {
  UniqueFd made(::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!made) return linux::failure(Operation::make_socket, errno);
  return made;
}

Result<UniqueFd> make_bound(const net::Endpoint& at, int type) {
  auto made = make_socket(at.address.is_v4() ? AF_INET : AF_INET6, type);
  if (!made) return made;
  const int on = 1;
  const auto address = net::to_socket_address(at);
  if (type == SOCK_STREAM) {
    ::setsockopt(made->get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  }
  if (!at.address.is_v4()) {
    ::setsockopt(made->get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  if (::bind(made->get(), address.get(), address.length) != 0) {
    return linux::failure(Operation::bind_socket, errno);
  }
  return made;
}

}  // namespace

Result<void> Hosts::build_one(std::map<std::string, Host, std::less<>>& hosts, Host& host) {
  const bool box = host.spec.name == kBox;
  auto ns = box ? linux::open_namespace(linux::NamespaceKind::net) : linux::make_net_namespace();
  if (!ns) return ns.error();
  host.ns = std::move(*ns);
  auto inside = linux::NetNamespaceGuard::enter(host.ns.get());
  if (!inside) return inside.error();
  auto links = linux::Links::open();
  if (!links) return links.error();
  if (auto set = set_sysctls(host.spec); !set) return set;
  if (auto set = set_up_links(host.spec, *links); !set) return set;
  if (auto written = write_name_files(host.spec, host.folder); !written) return written;
  if (host.spec.inside.empty()) return {};

  const auto parent = hosts.find(host.spec.inside);
  CHECK(parent != hosts.end() && parent->second.ns);
  auto parent_links = linux::Links::open(parent->second.ns.get());
  if (!parent_links) return parent_links.error();
  const std::string number = std::to_string(host.number);
  const std::string outer = "veth-h-" + number;
  const std::string inner = "veth-s-" + number;
  if (auto made = parent_links->add_veth(outer, inner, host.ns.get()); !made) return made;
  const auto gateway = veth_address(host.number, 1);
  if (auto added = parent_links->add_address(outer, gateway, kInnerPrefix); !added) return added;
  if (auto up = links->set_up(inner, true); !up) return up;
  const auto own = veth_address(host.number, 2);
  if (auto added = links->add_address(inner, own, kInnerPrefix); !added) return added;
  if (auto added = links->add_default_route(gateway); !added) return added;
  if (auto up = parent_links->await_operational(outer); !up) return up;
  if (!host.spec.loopback_up) {
    // The default route must not swallow what a host whose lo is down has no route for.
    return links->add_throw_route(*net::Cidr::parse("127.0.0.0/8"));
  }
  return {};
}

Result<Hosts> Hosts::build(const std::vector<HostSpec>& specs, const std::string& folder,
                           std::string& about) {
  Hosts made;
  std::vector<std::string> order;
  int inner_hosts = 0;
  auto add = [&](const HostSpec& spec) {
    Host host;
    host.spec = spec;
    host.folder = folder + "/" + spec.name;
    if (!spec.inside.empty()) host.number = inner_hosts++;
    CHECK(made.hosts_.emplace(spec.name, std::move(host)).second);
    order.push_back(spec.name);
  };
  for (const auto& spec : specs) add(spec);
  if (!made.has(kBox)) {
    HostSpec box;
    box.name = kBox;
    add(box);
  }
  CHECK(inner_hosts <= kInnerHostsMax);

  // Parents first; each round builds what has its parent, so a cycle would build nothing.
  std::size_t built = 0;
  while (built < order.size()) {
    const std::size_t before = built;
    for (const auto& name : order) {
      Host& host = made.hosts_.find(name)->second;
      if (host.ns) continue;
      const auto parent = made.hosts_.find(host.spec.inside);
      CHECK(host.spec.inside.empty() || parent != made.hosts_.end());
      if (!host.spec.inside.empty() && !parent->second.ns) continue;
      about = name;
      if (auto done = build_one(made.hosts_, host); !done) return done.error();
      for (const auto& [address, prefix] : host.spec.addresses) made.owners_[address] = name;
      if (host.number >= 0) {
        made.owners_[veth_address(host.number, 1)] = host.spec.inside;
        made.owners_[veth_address(host.number, 2)] = name;
      }
      ++built;
    }
    CHECK(built > before);
  }
  about.clear();
  return made;
}

std::vector<std::string> Hosts::names() const {
  std::vector<std::string> all;
  for (const auto& [name, host] : hosts_) all.push_back(name);
  return all;
}

bool Hosts::has(std::string_view host) const { return hosts_.find(host) != hosts_.end(); }

const Hosts::Host& Hosts::get(std::string_view name) const {
  const auto found = hosts_.find(name);
  CHECK(found != hosts_.end());
  return found->second;
}

const HostSpec& Hosts::spec(std::string_view host) const { return get(host).spec; }
int Hosts::fd(std::string_view host) const { return get(host).ns.get(); }

world::HostView Hosts::view(std::string_view host) const {
  const Host& found = get(host);
  world::HostView view;
  view.net_namespace = found.ns.get();
  view.resolv_conf = found.folder + "/resolv.conf";
  view.hosts = found.folder + "/hosts";
  view.nsswitch = found.folder + "/nsswitch.conf";
  return view;
}

Result<UniqueFd> Hosts::socket(std::string_view host, int family, int type) const {
  auto inside = linux::NetNamespaceGuard::enter(get(host).ns.get());
  if (!inside) return inside.error();
  return make_socket(family, type);
}

Result<UniqueFd> Hosts::listen_tcp(std::string_view host, const net::Endpoint& at,
                                   int backlog) const {
  auto inside = linux::NetNamespaceGuard::enter(get(host).ns.get());
  if (!inside) return inside.error();
  auto made = make_bound(at, SOCK_STREAM);
  if (made && ::listen(made->get(), backlog) != 0) {
    return linux::failure(Operation::bind_socket, errno);
  }
  return made;
}

Result<UniqueFd> Hosts::bind_udp(std::string_view host, const net::Endpoint& at) const {
  auto inside = linux::NetNamespaceGuard::enter(get(host).ns.get());
  if (!inside) return inside.error();
  return make_bound(at, SOCK_DGRAM);
}

std::string Hosts::host_of(const net::IpAddress& address, std::string_view asking) const {
  const auto plain = address.unmapped();
  if (plain.is_loopback() || plain.is_unspecified()) return std::string(asking);
  const auto found = owners_.find(plain);
  return found == owners_.end() ? std::string() : found->second;
}

std::vector<net::IpAddress> Hosts::addresses() const {
  std::vector<net::IpAddress> all;
  for (const auto& [address, owner] : owners_) all.push_back(address);
  for (const auto& [name, host] : hosts_) {
    if (host.number >= 0) all.push_back(veth_address(host.number, 255));
  }
  return all;
}

std::optional<net::IpAddress> Hosts::inner_address(std::string_view host) const {
  const int number = get(host).number;
  if (number < 0) return std::nullopt;
  return veth_address(number, 2);
}

std::optional<net::IpAddress> Hosts::parent_address(std::string_view host) const {
  const int number = get(host).number;
  if (number < 0) return std::nullopt;
  return veth_address(number, 1);
}

std::optional<net::Endpoint> bound_endpoint(int socket) { return net::local_endpoint_of(socket); }

}  // namespace sallyport::sim::topology
