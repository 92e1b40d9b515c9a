// Names, decoys, and which hosts are used.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "simulator/scenario/decode.h"

namespace sallyport::sim::scenario {
namespace {

using topology::DnsAnswer;
using topology::HostSpec;

struct Word {
  std::string_view name;
  DnsAnswer::Kind kind;
};
constexpr std::array<Word, 5> kAnswers{{{"nxdomain", DnsAnswer::Kind::nxdomain},
                                        {"servfail", DnsAnswer::Kind::servfail},
                                        {"silent", DnsAnswer::Kind::silent},
                                        {"wrong_id", DnsAnswer::Kind::wrong_id},
                                        {"truncated", DnsAnswer::Kind::truncated}}};
// A sequence of sequences goes no deeper.
constexpr int kSequenceDepthMax = 8;

DnsAnswer answer_of(const Node& node, int depth, Context& context);

DnsAnswer sequence_of(const Node& node, int depth, Context& context) {
  DnsAnswer answer;
  answer.kind = DnsAnswer::Kind::sequence;
  Reader reader(node, keys::name_answer(), context.complaints);
  const Node* sequence = reader.require("sequence");
  if (sequence == nullptr) return answer;
  if (sequence->items.empty()) {
    context.complaints.at(*sequence, "a sequence is a list of answers");
  } else if (depth == kSequenceDepthMax) {
    context.complaints.at(*sequence, fmt::format("sequences go {} deep", kSequenceDepthMax));
    return answer;
  }
  for (const NodePtr& item : sequence->items) {
    answer.sequence.push_back(answer_of(*item, depth + 1, context));
  }
  return answer;
}

DnsAnswer answer_of(const Node& node, int depth, Context& context) {
  if (node.is_map()) return sequence_of(node, depth, context);
  DnsAnswer answer;
  if (node.is_list()) {
    if (node.items.empty()) context.complaints.at(node, "a list of at least one address");
    for (const NodePtr& item : node.items) {
      if (const auto address = as_address(*item, context.complaints)) {
        answer.addresses.push_back(*address);
      }
    }
    return answer;
  }
  const std::span<const Word> words(kAnswers);
  if (const Word* word = find_by_name(words, node.text)) {
    answer.kind = word->kind;
  } else if (const auto address = net::IpAddress::parse(node.text)) {
    answer.addresses.push_back(*address);
  } else {
    context.complaints.at(node,
                          fmt::format("\"{}\" isn't an answer: an address, a list of them, "
                                      "{{sequence: [...]}}{}",
                                      node.text, base::suggestion(node.text, names_of(words))));
  }
  return answer;
}

}  // namespace

DnsAnswer decode_dns_answer(const Node& node, Context& context) {
  return answer_of(node, 0, context);
}

std::string zone_name(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (name.ends_with('.')) name.pop_back();
  return name;
}

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

std::string host_at(Reader& reader, std::string_view key, std::string fallback, Context& context) {
  const Node* node = reader.get(key);
  if (node == nullptr) return fallback;
  const auto name = as_text(*node, context.complaints);
  if (!name) return fallback;
  check_known(*node, *name, context.hosts, "host", context.complaints);
  return *name;
}

void decode_dns(const Node& dns, Context& context) {
  if (!dns.is_map()) context.complaints.at(dns, "\"dns\" is a map from name to answer");
  for (const Entry& entry : dns.entries) {
    context.cell.zone[zone_name(entry.key)] = decode_dns_answer(*entry.value, context);
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
    Reader reader(*entry.value, keys::decoy(), context.complaints);
    providers::DecoySpec decoy;
    decoy.name = entry.key;
    decoy.mark = entry.key_mark;
    decoy.host = host_at(reader, "host", "box", context);
    if (const Node* listen = reader.require("listen")) {
      decoy.listen = as_endpoint(*listen, context.complaints).value_or(net::Endpoint{});
    }
    context.cell.decoys.push_back(std::move(decoy));
  }
}

namespace {

bool is_client(const Step& step) {
  return std::holds_alternative<agents::RequestSpec>(step.verb) ||
         std::holds_alternative<agents::RunSpec>(step.verb) ||
         std::holds_alternative<agents::GateSpec>(step.verb) ||
         std::holds_alternative<agents::RawSpec>(step.verb) ||
         std::holds_alternative<agents::WebSocketSpec>(step.verb);
}

void use_rule(const topology::FirewallRule& rule, std::set<std::string>& used) {
  used.insert({rule.host, rule.from.host, rule.to.host});
}

std::set<std::string> named_hosts(const Cell& cell) {
  std::set<std::string> used;
  for (const Supervisor& one : cell.supervisors) used.insert({one.host, one.serves});
  for (const auto& provider : cell.providers) used.insert(provider.host);
  for (const auto& decoy : cell.decoys) used.insert(decoy.host);
  for (const auto& service : cell.middleware) used.insert(service.host);
  if (cell.gateway) used.insert(cell.gateway->host);
  for (const auto& network : cell.networks) {
    for (const auto& [host, address] : network.members) used.insert(host);
  }
  for (const auto& rule : cell.firewall) use_rule(rule, used);
  for (const Step& step : cell.steps) {
    if (is_client(step)) used.insert(step.from);
    const auto* change = std::get_if<SetFirewall>(&step.verb);
    if (change == nullptr) continue;
    for (const auto& rule : change->rules) use_rule(rule, used);
  }
  return used;
}

}  // namespace

void drop_unused_hosts(Cell& cell) {
  std::set<std::string> used = named_hosts(cell);
  // An inner host needs its parents, another name the host that it names.
  for (std::size_t round = 0; round < cell.hosts.size(); ++round) {
    for (const HostSpec& host : cell.hosts) {
      if (used.contains(host.name)) used.insert({host.inside, host.shares});
    }
  }
  std::erase_if(cell.hosts, [&](const HostSpec& host) { return !used.contains(host.name); });
  std::erase_if(cell.inner_links, [&](const auto& link) { return !used.contains(link.first); });
}

}  // namespace sallyport::sim::scenario
