#include "simulator/topology/hosts.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "reference/base/check.h"
#include "reference/linux/error.h"
#include "reference/linux/links.h"
#include "reference/linux/namespaces.h"
#include "reference/net/socket_address.h"
#include "simulator/topology/error.h"
#include "simulator/topology/hosts_builder.h"

namespace sallyport::sim::topology {
namespace {

using base::Result;
using base::UniqueFd;
using linux::Operation;

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

Result<Hosts> Hosts::build(const std::vector<HostSpec>& specs,
                           const std::vector<NetworkSpec>& networks, const std::string& folder,
                           std::string& about) {
  return HostBuilder(folder, about).build(specs, networks);
}

Result<Hosts> Hosts::build(const std::vector<HostSpec>& specs, const std::string& folder,
                           std::string& about) {
  return build(specs, {}, folder, about);
}

Result<void> Hosts::adopt(std::string_view host, pid_t process) {
  const std::string own_name = get(host).owner;
  Host& adopted = hosts_.find(own_name)->second;
  if (!adopted.spec.made_by_subject) return failure(TopologyError::not_the_subjects);
  if (adopted.stands) return failure(TopologyError::already_there);
  auto ns = linux::open_namespace(linux::NamespaceKind::net, process);
  if (!ns) return ns.error();
  adopted.ns = std::move(*ns);
  adopted.stands = true;
  if (auto learnt = learn_addresses(own_name); !learnt) return learnt;
  return learn_addresses(adopted.spec.inside.empty() ? std::string(kBox)
                                                     : owner(adopted.spec.inside));
}

Result<void> Hosts::learn_addresses(const std::string& host) {
  const Host& found = get(host);
  if (!found.stands) return {};
  auto links = linux::Links::open(found.ns.get());
  if (!links) return links.error();
  const auto all = links->addresses();
  if (!all) return all.error();
  const auto link_local = *net::Cidr::parse("fe80::/10");
  for (const net::IpAddress& address : *all) {
    if (address.is_loopback() || link_local.contains(address)) continue;
    owners_[address] = host;
  }
  return {};
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

bool Hosts::stands(std::string_view host) const { return get(get(host).owner).stands; }
const std::string& Hosts::owner(std::string_view host) const { return get(host).owner; }
const HostSpec& Hosts::spec(std::string_view host) const { return get(host).spec; }
int Hosts::fd(std::string_view host) const { return get(get(host).owner).ns.get(); }

Result<linux::NetNamespaceGuard> Hosts::enter(std::string_view host) const {
  if (!stands(host)) return failure(TopologyError::host_not_there);
  return linux::NetNamespaceGuard::enter(fd(host));
}

world::HostView Hosts::view(std::string_view host) const {
  const Host& found = get(host);
  world::HostView view;
  view.net_namespace = fd(host);
  view.resolv_conf = found.folder + "/resolv.conf";
  view.hosts = found.folder + "/hosts";
  view.nsswitch = found.folder + "/nsswitch.conf";
  return view;
}

Result<UniqueFd> Hosts::socket(std::string_view host, int family, int type) const {
  const auto inside = enter(host);
  if (!inside) return inside.error();
  return make_socket(family, type);
}

Result<UniqueFd> Hosts::listen_tcp(std::string_view host, const net::Endpoint& at,
                                   int backlog) const {
  const auto inside = enter(host);
  if (!inside) return inside.error();
  auto made = make_bound(at, SOCK_STREAM);
  if (made && ::listen(made->get(), backlog) != 0) {
    return linux::failure(Operation::bind_socket, errno);
  }
  return made;
}

Result<UniqueFd> Hosts::bind_udp(std::string_view host, const net::Endpoint& at) const {
  const auto inside = enter(host);
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
  std::vector<net::IpAddress> all = broadcasts_;
  for (const auto& [address, owner] : owners_) all.push_back(address);
  return all;
}

std::vector<net::IpAddress> Hosts::addresses(std::string_view host) const {
  std::vector<net::IpAddress> all;
  for (const auto& [address, owner] : owners_) {
    if (owner == get(host).owner) all.push_back(address);
  }
  return all;
}

std::optional<net::IpAddress> Hosts::inner_address(std::string_view host) const {
  const int number = get(get(host).owner).number;
  if (number < 0) return std::nullopt;
  return inner_v4(number, 2);
}

std::optional<net::IpAddress> Hosts::parent_address(std::string_view host) const {
  const int number = get(get(host).owner).number;
  if (number < 0) return std::nullopt;
  return inner_v4(number, 1);
}

std::optional<net::Endpoint> bound_endpoint(int socket) { return net::local_endpoint_of(socket); }

}  // namespace sallyport::sim::topology
