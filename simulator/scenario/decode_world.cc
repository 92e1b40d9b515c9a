// Hosts, names and decoys.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "simulator/scenario/decode.h"

namespace sallyport::sim::scenario {
namespace {

using topology::DnsAnswer;
using topology::HostSpec;

constexpr std::array<std::string_view, 2> kUpDown{"up", "down"};
constexpr std::array<std::string_view, 3> kAnswers{"nxdomain", "servfail", "silent"};

void decode_addresses(Reader& reader, HostSpec& host) {
  const Node* list = reader.get("addresses");
  if (list == nullptr) return;
  for (const std::string& text : as_texts(*list, reader.complaints())) {
    const auto address = net::IpAddress::parse(text.substr(0, text.find('/')));
    const auto prefix = net::Cidr::parse(text);
    if (!address || !prefix) {
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

HostSpec decode_host(const Entry& entry, Context& context) {
  Reader reader(*entry.value, "a host", context.complaints);
  HostSpec host;
  host.name = entry.key;
  host.mark = entry.key_mark;
  if (const Node* inside = reader.get("inside")) {
    host.inside = as_text(*inside, context.complaints).value_or("");
    check_known(*inside, host.inside, context.hosts, "host", context.complaints);
  }
  reader.later({"shares"});
  reader.only("by", "harness");
  reader.only("ipv6", "disabled");
  reader.only("forward", "false");
  decode_addresses(reader, host);
  host.loopback_up = reader.word("loopback", kUpDown, "up") == "up";
  decode_resolver(reader, host);
  decode_hosts_file(reader, host);
  reader.finish();
  return host;
}

DnsAnswer decode_answer_of_name(const Node& node, Context& context) {
  DnsAnswer answer;
  if (node.is_map()) {
    Reader reader(node, "a name's answer", context.complaints);
    answer.kind = DnsAnswer::Kind::sequence;
    const Node* sequence = reader.require("sequence");
    if (sequence != nullptr) {
      if (sequence->items.empty())
        context.complaints.at(*sequence, "a sequence is a list of answers");
      for (const NodePtr& item : sequence->items) {
        answer.sequence.push_back(decode_answer_of_name(*item, context));
      }
    }
    reader.finish();
    return answer;
  }
  if (node.is_list()) {
    for (const NodePtr& item : node.items) {
      if (const auto address = as_address(*item, context.complaints)) {
        answer.addresses.push_back(*address);
      }
    }
    return answer;
  }
  if (node.is_word("wrong_id") || node.is_word("truncated")) {
    context.complaints.at(node, not_yet(fmt::format("the answer \"{}\"", node.text)));
    return answer;
  }
  const auto* kind = std::find(kAnswers.begin(), kAnswers.end(), node.text);
  if (kind != kAnswers.end()) {
    answer.kind = static_cast<DnsAnswer::Kind>(1 + (kind - kAnswers.begin()));
  } else if (const auto address = net::IpAddress::parse(node.text)) {
    answer.addresses.push_back(*address);
  } else {
    context.complaints.at(node, fmt::format("\"{}\" isn't an answer: an address, a list of them, "
                                            "{{sequence: [...]}}{}",
                                            node.text, base::suggestion(node.text, kAnswers)));
  }
  return answer;
}

std::string zone_name(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (name.ends_with('.')) name.pop_back();
  return name;
}

}  // namespace

std::optional<net::Endpoint> as_endpoint(const Node& node, Complaints& complaints) {
  const auto endpoint = node.is_scalar() ? net::Endpoint::parse(node.text) : std::nullopt;
  if (!endpoint) {
    complaints.at(node, "this must be an address and a port (10.0.0.1:80, \"[::1]:80\")");
  }
  return endpoint;
}

std::optional<net::IpAddress> as_address(const Node& node, Complaints& complaints) {
  const auto address = node.is_scalar() ? net::IpAddress::parse(node.text) : std::nullopt;
  if (!address) complaints.at(node, "this must be an address (10.0.0.1, or IPv6 in quotes)");
  return address;
}

namespace {

// A host inside itself, by way of others: it could never be made.
void check_cycles(const Node& hosts, const Cell& cell, Context& context) {
  std::map<std::string, std::string> parents;
  for (const HostSpec& host : cell.hosts) parents[host.name] = host.inside;
  for (const HostSpec& host : cell.hosts) {
    std::string at = host.inside;
    for (std::size_t steps = 0; !at.empty() && at != host.name && steps < parents.size(); ++steps) {
      at = parents[at];
    }
    if (at.empty()) continue;
    context.complaints.at(*hosts.find(host.name)->find("inside"),
                          fmt::format("\"{}\" is inside itself", host.name));
    return;
  }
}

}  // namespace

void decode_hosts(const Node& hosts, Context& context) {
  Cell& cell = context.cell;
  if (!hosts.is_map()) context.complaints.at(hosts, "\"hosts\" is a map from name to host");
  for (const Entry& entry : hosts.entries) {
    cell.hosts.push_back(decode_host(entry, context));
    if (cell.hosts.back().inside.empty()) continue;
    const auto number = static_cast<std::uint32_t>(cell.inner_links.size());
    const std::uint32_t network = (10U << 24U) | (200U << 16U) | (number << 8U);
    cell.inner_links[entry.key] = {cell.hosts.back().inside, net::IpAddress::v4(network | 1U),
                                   net::IpAddress::v4(network | 2U)};
  }
  check_cycles(hosts, cell, context);
}

void decode_dns(const Node& dns, Context& context) {
  if (!dns.is_map()) context.complaints.at(dns, "\"dns\" is a map from name to answer");
  for (const Entry& entry : dns.entries) {
    context.cell.zone[zone_name(entry.key)] = decode_answer_of_name(*entry.value, context);
  }
  for (const providers::ProviderSpec& provider : context.cell.providers) {
    for (const std::string& name : provider.names) {
      DnsAnswer answer;
      answer.addresses = {provider.listen.address};
      context.cell.zone.emplace(zone_name(name), std::move(answer));
    }
  }
}

void decode_decoys(const Node& decoys, Context& context) {
  if (!decoys.is_map()) context.complaints.at(decoys, "\"decoys\" is a map from name to decoy");
  for (const Entry& entry : decoys.entries) {
    Reader reader(*entry.value, "a decoy", context.complaints);
    providers::DecoySpec decoy;
    decoy.name = entry.key;
    decoy.mark = entry.key_mark;
    if (const Node* host = reader.get("host")) {
      decoy.host = as_text(*host, context.complaints).value_or("box");
      check_known(*host, decoy.host, context.hosts, "host", context.complaints);
    }
    if (const Node* listen = reader.require("listen")) {
      decoy.listen = as_endpoint(*listen, context.complaints).value_or(net::Endpoint{});
    }
    reader.finish();
    context.cell.decoys.push_back(std::move(decoy));
  }
}

void drop_unused_hosts(Cell& cell) {
  std::set<std::string> used;
  if (cell.supervisor) used.insert({cell.supervisor->host, cell.supervisor->serves});
  for (const auto& provider : cell.providers) used.insert(provider.host);
  for (const auto& decoy : cell.decoys) used.insert(decoy.host);
  for (const auto& service : cell.middleware) used.insert(service.host);
  if (cell.gateway) used.insert(cell.gateway->host);
  for (const Step& step : cell.steps) {
    const bool client = std::holds_alternative<agents::RequestSpec>(step.verb) ||
                        std::holds_alternative<agents::RunSpec>(step.verb);
    if (client) used.insert(step.from);
  }
  // An inner host needs its parents.
  for (std::size_t round = 0; round < cell.hosts.size(); ++round) {
    for (const HostSpec& host : cell.hosts) {
      if (used.contains(host.name) && !host.inside.empty()) used.insert(host.inside);
    }
  }
  std::erase_if(cell.hosts, [&](const HostSpec& host) { return !used.contains(host.name); });
  std::erase_if(cell.inner_links, [&](const auto& link) { return !used.contains(link.first); });
}

}  // namespace sallyport::sim::scenario
