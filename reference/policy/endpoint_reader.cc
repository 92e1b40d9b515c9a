#include "reference/policy/endpoint_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "reference/base/scalars.h"
#include "reference/policy/address_class.h"
#include "reference/policy/engine.h"
#include "reference/policy/removed_keys.h"
#include "reference/policy/rule_reader.h"

namespace sallyport::policy {
namespace {

using base::yaml::MapReader;
using base::yaml::Node;

constexpr int kBroadPrefix = 16;  // allowed_ips broader than this deserves a second look

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

// A word of the field system that has no effect here yet.
std::string not_enforced(std::string_view key, std::string_view value) {
  return fmt::format("\"{}: {}\" isn't enforced yet: remove it", key, value);
}

std::optional<HostPattern> read_host(MapReader& map, const Notes& notes) {
  const Node* const node = map.node("host");
  if (node == nullptr) return std::nullopt;
  const auto text = base::yaml::as_text(*node, notes.file, notes.complaints);
  if (!text || text->empty()) return std::nullopt;
  if (const auto fault = HostPattern::fault(*text)) notes.complain(*node, *fault);
  std::optional<HostPattern> host = HostPattern::parse(*text);
  if (host && (host->text() == "inference.local" || host->text() == "policy.local")) {
    notes.warn(*node,
               fmt::format("{} is never an upstream: the endpoint has no effect", host->text()));
  }
  return host;
}

std::optional<std::uint16_t> read_port(const Node& node, const Notes& notes) {
  const auto number = node.is_scalar() ? base::parse_integer(node.text) : std::nullopt;
  if (number && *number >= 1 && *number <= 65535) return static_cast<std::uint16_t>(*number);
  notes.complain(node, "a port is an integer from 1 to 65535");
  return std::nullopt;
}

std::vector<std::uint16_t> read_ports(MapReader& map, const Notes& notes) {
  std::vector<std::uint16_t> ports;
  const Node* const one = map.node("port");
  const Node* const many = map.node("ports");
  if (one != nullptr && many != nullptr) {
    notes.complain(*many, "\"port\" and \"ports\" exclude each other: keep one");
    return ports;
  }
  if (one != nullptr) {
    if (const auto port = read_port(*one, notes)) ports.push_back(*port);
    return ports;
  }
  for (const auto& item : map.list("ports")) {
    if (const auto port = read_port(*item, notes)) ports.push_back(*port);
  }
  if (many == nullptr || (many->is_list() && many->items.empty())) {
    notes.complain(many == nullptr ? map.self() : *many,
                   "an endpoint needs \"port\" or a \"ports\" that isn't empty");
  }
  std::sort(ports.begin(), ports.end());
  ports.erase(std::unique(ports.begin(), ports.end()), ports.end());
  return ports;
}

std::vector<net::Cidr> read_allowed_ips(MapReader& map, const Notes& notes) {
  std::vector<net::Cidr> nets;
  for (const auto& item : map.list("allowed_ips")) {
    const auto text = base::yaml::as_text(*item, notes.file, notes.complaints);
    if (!text) continue;
    const auto net = net::Cidr::parse(*text);
    if (!net) {
      notes.complain(*item, fmt::format("\"{}\" is neither an IP address nor a CIDR", *text));
      continue;
    }
    if (overlaps_always_blocked(*net)) {
      notes.complain(*item, fmt::format("{} overlaps addresses that are always blocked (loopback, "
                                        "link-local, unspecified, multicast, reserved)",
                                        net->to_string()));
      continue;
    }
    if (net->prefix() < kBroadPrefix) {
      notes.warn(*item, fmt::format("{} is very broad", net->to_string()));
    }
    nets.push_back(*net);
  }
  return nets;
}

TlsMode read_tls(MapReader& map, const Notes& notes) {
  static constexpr std::array<std::string_view, 2> kWords{"auto", "skip"};
  const Node* const node = map.node("tls");
  if (node == nullptr) return TlsMode::automatic;
  if (node->is_scalar() && (node->text == "terminate" || node->text == "passthrough")) {
    notes.warn(*node, fmt::format("\"tls: {}\" is deprecated and means auto", node->text));
    return TlsMode::automatic;
  }
  return map.word("tls", kWords, "auto") == "skip" ? TlsMode::skip : TlsMode::automatic;
}

Protocol read_protocol(MapReader& map, const Notes& notes) {
  static constexpr std::array<std::string_view, 7> kWords{"tcp", "rest",     "websocket", "graphql",
                                                          "sql", "json-rpc", "mcp"};
  const Node* const node = map.node("protocol");
  if (node == nullptr) return Protocol::unset;
  const auto text = base::yaml::as_text(*node, notes.file, notes.complaints);
  if (!text) return Protocol::unset;
  const std::string word = lower(*text);
  if (word.empty()) return Protocol::unset;
  if (word == "rest") return Protocol::rest;
  if (word == "websocket") return Protocol::websocket;
  if (std::find(kWords.begin(), kWords.end(), word) != kWords.end()) {
    notes.complain(*node, not_enforced("protocol", word));
  } else {
    notes.complain(
        *node, fmt::format("\"{}\" is not a protocol{}", *text, base::suggestion(word, kWords)));
  }
  return Protocol::unset;
}

std::optional<PathScope> read_scope(MapReader& map, const Notes& notes) {
  const Node* const node = map.node("path");
  if (node == nullptr) return std::nullopt;
  const auto text = base::yaml::as_text(*node, notes.file, notes.complaints);
  if (!text || text->empty()) return std::nullopt;
  if (const auto fault = PathScope::fault(*text)) notes.complain(*node, *fault);
  return PathScope::parse(*text);
}

std::string read_credential_provider(MapReader& map, const Notes& notes) {
  const Node* const node = map.map("credential_binding");
  if (node == nullptr) return {};
  MapReader binding(*node, notes.file, "\"credential_binding\"", notes.complaints);
  const std::string provider = binding.text("provider");
  if (provider.empty()) binding.complain("provider", "\"credential_binding\" needs \"provider\"");
  binding.finish();
  return provider;
}

// What keys demand of one another.
void judge_together(MapReader& map, const Endpoint& endpoint, const Notes& notes) {
  const Node& node = map.self();
  const Node* const host = node.find("host");
  const Node* const ips = node.find("allowed_ips");
  const bool hostless = host == nullptr || (host->is_scalar() && host->text.empty());
  const bool without_ips = ips == nullptr || (ips->is_list() && ips->items.empty());
  if (hostless && without_ips) {
    notes.complain(host == nullptr ? node : *host,
                   "an endpoint needs \"host\", or \"allowed_ips\" that say which addresses");
  }
  if (endpoint.tls == TlsMode::skip && judges_requests(endpoint)) {
    map.complain("tls",
                 "\"tls: skip\" leaves nothing that \"protocol\", \"path\" or rules could judge");
  }
}

}  // namespace

void Notes::complain(const Node& node, std::string message) const {
  complaints.add({file, node.mark, std::move(message), node.used_at});
}

void Notes::warn(const Node& node, std::string message) const {
  if (warnings != nullptr) warnings->add({file, node.mark, std::move(message), node.used_at});
}

void refuse_keys(MapReader& map, std::initializer_list<std::string_view> keys, const Notes& notes) {
  map.known(keys);
  for (const auto& entry : map.self().entries) {
    if (std::find(keys.begin(), keys.end(), entry.key) == keys.end()) continue;
    notes.complaints.add({notes.file, entry.key_mark,
                          fmt::format("\"{}\" isn't enforced yet: remove it", entry.key),
                          entry.value->used_at});
  }
}

Endpoint read_endpoint(const Node& node, const Notes& notes) {
  static constexpr std::array<std::string_view, 2> kEnforcement{"audit", "enforce"};
  MapReader map(node, notes.file, "an endpoint", notes.complaints);
  Endpoint endpoint;
  if (!node.is_map()) return endpoint;
  endpoint.host = read_host(map, notes);
  endpoint.ports = read_ports(map, notes);
  endpoint.tls = read_tls(map, notes);
  endpoint.protocol = read_protocol(map, notes);
  if (map.word("enforcement", kEnforcement, "audit") == "enforce") {
    endpoint.enforcement = Enforcement::enforce;
  }
  endpoint.path = read_scope(map, notes);
  read_rules(map, endpoint, notes);
  endpoint.allowed_ips = read_allowed_ips(map, notes);
  endpoint.allow_encoded_slash = map.boolean("allow_encoded_slash", false);
  endpoint.allow_uninspected_credentials = map.boolean("allow_uninspected_credentials", false);
  endpoint.credential_provider = read_credential_provider(map, notes);
  refuse_keys(
      map,
      {"websocket_credential_rewrite", "request_body_credential_rewrite", "credential_signing",
       "signing_service", "signing_region", "persisted_queries", "graphql_persisted_queries",
       "graphql_max_body_bytes", "json_rpc", "mcp", "advisor_proposed", "provider_credentialed"},
      notes);
  refuse_removed_keys(map);
  map.finish();
  judge_together(map, endpoint, notes);
  return endpoint;
}

}  // namespace sallyport::policy
