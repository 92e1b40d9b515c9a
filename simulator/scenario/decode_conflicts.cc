// What can't stand in one world: two actors at one place, networks that overlap, addresses that
// belong to somebody else.

#include <fmt/format.h>

#include <algorithm>

#include "simulator/scenario/decode.h"

namespace sallyport::sim::scenario {
namespace {

struct Listener {
  std::string name;
  std::string host;
  net::Endpoint at;
  const Node* where;
};

const Node* entry_at(const Node& root, std::string_view section, const std::string& name) {
  const Node* map = root.find(section);
  const Node* entry = map == nullptr ? nullptr : map->find(name);
  return entry == nullptr ? &root : entry;
}

std::vector<Listener> listeners(const Node& root, const Cell& cell) {
  std::vector<Listener> all;
  const auto add = [&](std::string_view section, const auto& actor) {
    all.push_back({actor.name, real_host(actor.host, cell), actor.listen,
                   entry_at(root, section, actor.name)});
  };
  for (const auto& provider : cell.providers) add("providers", provider);
  for (const auto& decoy : cell.decoys) add("decoys", decoy);
  for (const auto& service : cell.middleware) add("middleware", service);
  for (const Supervisor& one : cell.supervisors) {
    add("supervisors", one);
    if (const Node* own = root.find("supervisor")) all.back().where = own;
  }
  if (cell.gateway) {
    all.push_back({"gateway", real_host(cell.gateway->host, cell), cell.gateway->listen,
                   root.find("gateway")});
  }
  return all;
}

bool collide(const Listener& one, const Listener& other) {
  if (one.host != other.host || one.at.port != other.at.port || one.at.port == 0) return false;
  if (one.at.address == other.at.address) return true;
  return one.at.address.is_v4() == other.at.address.is_v4() &&
         (one.at.address.is_unspecified() || other.at.address.is_unspecified());
}

void check_listeners(const std::vector<Listener>& all, Context& context) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (!collide(all[j], all[i])) continue;
      context.complaints.at(*all[i].where,
                            fmt::format("\"{}\" and \"{}\" both listen on {}", all[j].name,
                                        all[i].name, all[i].at.to_string()));
    }
  }
}

// An address that a host is given, and who says so.
struct Given {
  std::string host;
  net::IpAddress address;
  const Node* where;
};

std::vector<Given> given_addresses(const Node& root, const std::vector<Listener>& listeners,
                                   const Cell& cell) {
  std::vector<Given> all;
  for (const topology::HostSpec& host : cell.hosts) {
    for (const auto& [address, prefix] : host.addresses) {
      all.push_back({real_host(host.name, cell), address, entry_at(root, "hosts", host.name)});
    }
  }
  for (const topology::NetworkSpec& network : cell.networks) {
    const Node* members = entry_at(root, "networks", network.name)->find("members");
    for (const auto& [host, address] : network.members) {
      all.push_back({real_host(host, cell), address, members->find(host)});
    }
  }
  for (const Listener& one : listeners) {
    if (one.at.address.is_loopback() || one.at.address.is_unspecified()) continue;
    all.push_back({one.host, one.at.address, one.where});
  }
  return all;
}

// The two ends of an inner host's link are its parent's and its own; the rest of its network is
// nobody's.
void check_links(const std::vector<Given>& all, Context& context) {
  const Cell& cell = context.cell;
  for (const auto& [inner, link] : cell.inner_links) {
    const net::Cidr network(link.inner, link.prefix);
    for (const Given& one : all) {
      if (!network.contains(one.address)) continue;
      const bool outer_end = one.address == link.outer && one.host == real_host(link.parent, cell);
      const bool inner_end = one.address == link.inner && one.host == inner;
      if (outer_end || inner_end) continue;
      context.complaints.at(
          *one.where,
          fmt::format("{} is in {}, the link of \"{}\" to \"{}\": {} is \"{}\"'s, {} \"{}\"'s",
                      one.address.to_string(), network.to_string(), inner, link.parent,
                      link.outer.to_string(), link.parent, link.inner.to_string(), inner));
    }
  }
}

// An address of one host that a member of a network has.
void check_members(const std::vector<Given>& all, Context& context) {
  const Cell& cell = context.cell;
  for (const topology::NetworkSpec& network : cell.networks) {
    for (const auto& [host, address] : network.members) {
      for (const Given& one : all) {
        if (one.address != address || one.host == real_host(host, cell)) continue;
        context.complaints.at(*one.where, fmt::format("{} is \"{}\"'s in the network \"{}\"",
                                                      address.to_string(), host, network.name));
      }
    }
  }
}

void check_networks(const Node& root, Context& context) {
  const Cell& cell = context.cell;
  for (std::size_t i = 0; i < cell.networks.size(); ++i) {
    const topology::NetworkSpec& one = cell.networks[i];
    const Node* subnet = entry_at(root, "networks", one.name)->find("subnet");
    // Without a subnet, or with none that is one: that has been said.
    if (subnet == nullptr || !subnet->is_scalar() || !net::Cidr::parse(subnet->text)) continue;
    for (std::size_t j = 0; j < i; ++j) {
      if (!one.subnet.overlaps(cell.networks[j].subnet)) continue;
      context.complaints.at(
          *subnet, fmt::format("{} overlaps {} of \"{}\"", one.subnet.to_string(),
                               cell.networks[j].subnet.to_string(), cell.networks[j].name));
    }
    for (const auto& [inner, link] : cell.inner_links) {
      const net::Cidr network(link.inner, link.prefix);
      if (!one.subnet.overlaps(network)) continue;
      context.complaints.at(
          *subnet, fmt::format("{} overlaps {}, the link of \"{}\" to \"{}\"",
                               one.subnet.to_string(), network.to_string(), inner, link.parent));
    }
  }
}

// Every IPv6 address needs a host that has IPv6.
void check_ipv6(const std::vector<Given>& all, Context& context) {
  for (const Given& one : all) {
    if (one.address.is_v4()) continue;
    for (const topology::HostSpec& host : context.cell.hosts) {
      if (host.name != one.host || host.ipv6 != topology::Ipv6::disabled) continue;
      context.complaints.at(*one.where, fmt::format("{} is an address of \"{}\", which has no "
                                                    "IPv6; give it ipv6: enabled",
                                                    one.address.to_string(), host.name));
    }
  }
}

}  // namespace

void check_conflicts(const Node& root, Context& context) {
  // Addresses of a file with other mistakes may not be what they seem.
  if (!context.complaints.empty()) return;
  const std::vector<Listener> all = listeners(root, context.cell);
  check_listeners(all, context);
  const std::vector<Given> given = given_addresses(root, all, context.cell);
  check_networks(root, context);
  check_links(given, context);
  check_members(given, context);
  check_ipv6(given, context);
}

}  // namespace sallyport::sim::scenario
