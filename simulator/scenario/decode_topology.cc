// Hosts, the networks between them, and the rules of their packet filters.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "simulator/scenario/decode.h"

namespace sallyport::sim::scenario {
namespace {

using topology::FirewallRule;
using topology::HostSpec;
using topology::NetworkSpec;
using topology::RouteSpec;

constexpr std::array<std::string_view, 3> kRouteWords{"blackhole", "unreachable", "prohibit"};
// The least that IPv4 and IPv6 ask of a link, and the most that a veth pair carries.
constexpr std::uint64_t kMtuLeast = 68;
constexpr std::uint64_t kMtuMost = 65535;

std::optional<net::Cidr> as_network(const Node& node, Complaints& complaints) {
  const auto network = node.is_scalar() && node.text.find('/') != std::string::npos
                           ? net::Cidr::parse(node.text)
                           : std::nullopt;
  if (!network) complaints.at(node, "this must be a network (10.0.0.0/24, or IPv6 in quotes)");
  return network;
}

void decode_addresses(Reader& reader, HostSpec& host) {
  const Node* list = reader.get("addresses");
  if (list == nullptr) return;
  for (const std::string& text : as_texts(*list, reader.complaints())) {
    const auto address = net::IpAddress::parse(text.substr(0, text.find('/')));
    const auto prefix = net::Cidr::parse(text);
    if (!address || !prefix || text.find('/') == std::string::npos) {
      reader.complaints().at(*list, fmt::format("\"{}\" isn't an address with its prefix "
                                                "(10.0.0.1/24)",
                                                text));
      continue;
    }
    host.addresses.emplace_back(*address, prefix->prefix());
    host.prefixes.push_back(*prefix);
  }
}

void decode_hosts_file(Reader& reader, HostSpec& host) {
  const Node* map = reader.get("hosts_file");
  if (map == nullptr) return;
  if (!map->is_map()) reader.complaints().at(*map, "\"hosts_file\" is a map from name to address");
  for (const Entry& entry : map->entries) {
    if (const auto address = as_address(*entry.value, reader.complaints())) {
      host.hosts_file[entry.key] = *address;
    }
  }
}

void decode_resolver(Reader& reader, HostSpec& host) {
  const Node* node = reader.get("resolver");
  if (node == nullptr || node->is_word("world")) return;
  host.resolver.clear();
  if (node->is_word("none")) return;
  if (node->is_scalar() && net::IpAddress::parse(node->text)) {
    host.resolver = node->text;
  } else {
    reader.complaints().at(*node, "a resolver is world, none, or an address");
  }
}

void decode_route(const Entry& entry, HostSpec& host, Complaints& complaints) {
  const auto to = net::Cidr::parse(entry.key);
  if (!to) {
    complaints.at_key(entry, fmt::format("\"{}\" isn't a network (10.0.0.0/24)", entry.key));
    return;
  }
  RouteSpec route{*to, RouteSpec::Kind::via, {}};
  const Node& node = *entry.value;
  const auto via = node.is_scalar() ? net::IpAddress::parse(node.text) : std::nullopt;
  if (via) {
    route.via = *via;
    if (via->is_v4() != to->network().is_v4()) {
      complaints.at(node, "a route and the address that it goes by are of one family");
    }
  } else if (const auto word = as_word(node, kRouteWords, "an address", complaints)) {
    const auto* const at = std::find(kRouteWords.begin(), kRouteWords.end(), *word);
    route.kind = static_cast<RouteSpec::Kind>(1 + (at - kRouteWords.begin()));
  }
  host.routes.push_back(route);
}

void decode_routes(Reader& reader, HostSpec& host) {
  const Node* map = reader.get("routes");
  if (map == nullptr) return;
  if (!map->is_map()) {
    reader.complaints().at(*map,
                           "\"routes\" is a map from network to an address, blackhole, "
                           "unreachable or prohibit");
  }
  for (const Entry& entry : map->entries) decode_route(entry, host, reader.complaints());
}

std::uint32_t decode_mtu(Reader& reader) {
  const Node* node = reader.get("mtu");
  if (node == nullptr) return 0;
  const std::uint64_t mtu = as_integer(*node, reader.complaints()).value_or(kMtuLeast);
  if (mtu < kMtuLeast || mtu > kMtuMost) {
    reader.complaints().at(*node,
                           fmt::format("an \"mtu\" is {} to {} octets", kMtuLeast, kMtuMost));
  }
  return static_cast<std::uint32_t>(mtu);
}

// Another name for a namespace: it has nothing of its own.
HostSpec decode_sharing(HostSpec host, Reader& reader, Context& context) {
  host.shares = host_at(reader, "shares", "", context);
  if (host.shares == host.name) {
    context.complaints.at(*reader.get("shares"), fmt::format("\"{}\" shares itself", host.name));
  }
  for (const Entry& entry : reader.self().entries) {
    if (entry.key == "shares") continue;
    context.complaints.at_key(
        entry, fmt::format("\"{}\" is another name for \"{}\", so \"{}\" is said there", host.name,
                           host.shares, entry.key));
  }
  return host;
}

HostSpec decode_host(const Entry& entry, Context& context) {
  Reader reader(*entry.value, keys::host(), context.complaints);
  HostSpec host;
  host.name = entry.key;
  host.mark = entry.key_mark;
  if (reader.has("shares")) return decode_sharing(std::move(host), reader, context);
  host.inside = host_at(reader, "inside", "", context);
  host.made_by_subject = reader.word("by", "harness") == "supervisor";
  host.ipv6 = reader.choice("ipv6", topology::Ipv6::disabled);
  host.forward = reader.boolean("forward", false);
  decode_addresses(reader, host);
  host.loopback_up = reader.word("loopback", "up") == "up";
  decode_routes(reader, host);
  host.mtu = decode_mtu(reader);
  if (host.mtu != 0 && host.inside.empty()) {
    context.complaints.at(*reader.get("mtu"),
                          fmt::format("\"mtu\" is of the link that an inner host has; \"{}\" is "
                                      "inside none",
                                      host.name));
  }
  decode_resolver(reader, host);
  decode_hosts_file(reader, host);
  return host;
}

// A host inside itself, or sharing itself, by way of others: it could never be made.
void check_cycles(const Node& hosts, const Cell& cell, Context& context) {
  std::map<std::string, std::string> parents;
  for (const HostSpec& host : cell.hosts) {
    parents[host.name] = host.inside.empty() ? host.shares : host.inside;
  }
  for (const HostSpec& host : cell.hosts) {
    const std::string& first = parents[host.name];
    std::string at = first == host.name && !host.shares.empty() ? "" : first;
    for (std::size_t steps = 0; !at.empty() && at != host.name && steps < parents.size(); ++steps) {
      at = parents[at];
    }
    if (at.empty()) continue;
    const Node& node = *hosts.find(host.name);
    context.complaints.at(*node.find(host.inside.empty() ? "shares" : "inside"),
                          fmt::format("\"{}\" is inside itself", host.name));
    return;
  }
}

bool has_ipv6(const Cell& cell, const std::string& name) {
  return std::any_of(cell.hosts.begin(), cell.hosts.end(), [&](const HostSpec& host) {
    return host.name == name && host.ipv6 != topology::Ipv6::disabled;
  });
}

net::IpAddress link_address6(std::uint32_t number, std::uint8_t end) {
  std::array<std::uint8_t, 16> octets{0xfd, 0x00, 0x00, 0x10, 0x02, 0x00};
  octets[6] = static_cast<std::uint8_t>(number >> 8U);
  octets[7] = static_cast<std::uint8_t>(number);
  octets[15] = end;
  return net::IpAddress::v6(octets);
}

void make_links(Cell& cell) {
  std::map<std::string, std::string> shares;
  for (const HostSpec& host : cell.hosts) shares[host.name] = host.shares;
  for (const HostSpec& host : cell.hosts) {
    if (host.inside.empty()) continue;
    const auto number = static_cast<std::uint32_t>(cell.inner_links.size());
    const std::uint32_t network = (10U << 24U) | (200U << 16U) | (number << 8U);
    InnerLink link;
    link.parent = host.inside;
    link.outer = net::IpAddress::v4(network | 1U);
    link.inner = net::IpAddress::v4(network | 2U);
    const std::string& shared = shares[host.inside];
    const bool both =
        has_ipv6(cell, host.name) && has_ipv6(cell, shared.empty() ? host.inside : shared);
    if (both) {
      link.outer6 = link_address6(number, 1);
      link.inner6 = link_address6(number, 2);
    }
    cell.inner_links[host.name] = link;
  }
}

void decode_members(Reader& reader, NetworkSpec& network, bool known, Context& context) {
  const Node* members = reader.require("members");
  if (members == nullptr) return;
  Complaints& complaints = context.complaints;
  if (!members->is_map() || members->entries.empty()) {
    complaints.at(*members, "\"members\" is a map from host to its address, of at least one host");
  }
  std::map<net::IpAddress, std::string> taken;
  for (const Entry& entry : members->entries) {
    Node where = *entry.value;
    where.mark = entry.key_mark;
    check_known(where, entry.key, context.hosts, "host", complaints);
    const auto address = as_address(*entry.value, complaints);
    if (!address) continue;
    if (known && !network.subnet.contains(*address)) {
      complaints.at(*entry.value, fmt::format("{} isn't in the subnet {}", address->to_string(),
                                              network.subnet.to_string()));
    }
    const auto [other, is_new] = taken.emplace(*address, entry.key);
    if (!is_new) {
      complaints.at(*entry.value,
                    fmt::format("\"{}\" has {} already", other->second, address->to_string()));
    }
    network.members[entry.key] = *address;
  }
}

FirewallRule::Peer decode_peer(Reader& reader, std::string_view key, Context& context) {
  FirewallRule::Peer peer;
  const Node* node = reader.get(key);
  if (node == nullptr) return peer;
  peer.network = node->is_scalar() ? net::Cidr::parse(node->text) : std::nullopt;
  if (peer.network) return peer;
  peer.host = as_text(*node, context.complaints).value_or("");
  check_known(*node, peer.host, context.hosts, "network, address or host", context.complaints);
  return peer;
}

}  // namespace

void decode_hosts(const Node& hosts, Context& context) {
  Cell& cell = context.cell;
  if (!hosts.is_map()) context.complaints.at(hosts, "\"hosts\" is a map from name to host");
  for (const Entry& entry : hosts.entries) cell.hosts.push_back(decode_host(entry, context));
  make_links(cell);
  check_cycles(hosts, cell, context);
}

void decode_networks(const Node& networks, Context& context) {
  if (!networks.is_map()) {
    context.complaints.at(networks, "\"networks\" is a map from name to network");
  }
  for (const Entry& entry : networks.entries) {
    Reader reader(*entry.value, keys::network(), context.complaints);
    const Node* subnet = reader.require("subnet");
    const auto cidr = subnet == nullptr ? std::nullopt : as_network(*subnet, context.complaints);
    NetworkSpec network{
        entry.key, cidr.value_or(net::Cidr(net::IpAddress(), 0)), {}, 0, entry.key_mark};
    decode_members(reader, network, cidr.has_value(), context);
    network.mtu = decode_mtu(reader);
    context.cell.networks.push_back(std::move(network));
  }
}

FirewallRule decode_rule(const Entry& entry, Context& context) {
  Reader reader(*entry.value, keys::firewall_rule(), context.complaints);
  FirewallRule rule;
  rule.name = entry.key;
  rule.mark = entry.key_mark;
  reader.require("host");
  rule.host = host_at(reader, "host", "", context);
  reader.require("verdict");
  rule.verdict = reader.choice("verdict", FirewallRule::Verdict::accept);
  rule.direction = reader.choice("direction", FirewallRule::Direction::input);
  rule.from = decode_peer(reader, "from", context);
  rule.to = decode_peer(reader, "to", context);
  if (const Node* port = reader.get("port")) {
    const std::uint64_t number = as_integer(*port, context.complaints).value_or(1);
    if (number == 0 || number > 65535) context.complaints.at(*port, "a port is 1 to 65535");
    rule.port = static_cast<std::uint16_t>(number);
  }
  return rule;
}

void decode_firewall(const Node& firewall, Context& context) {
  if (!firewall.is_map()) {
    context.complaints.at(firewall, "\"firewall\" is a map from name to rule");
  }
  for (const Entry& entry : firewall.entries) {
    context.cell.firewall.push_back(decode_rule(entry, context));
  }
}

}  // namespace sallyport::sim::scenario
