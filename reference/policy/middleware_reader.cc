#include "reference/policy/middleware_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "reference/policy/config_json.h"
#include "reference/policy/config_struct.h"

namespace sallyport::policy {
namespace {

using base::yaml::Entry;
using base::yaml::MapReader;
using base::yaml::Node;

constexpr std::string_view kFailClosed = "fail_closed";
constexpr std::string_view kFailOpen = "fail_open";

// One entry while it is read.
struct Reading {
  const Entry& entry;
  MapReader& map;
  const Notes& notes;

  void invalid(const Node& node, std::string_view why) const {
    notes.complain(node, fmt::format("middleware config '{}' is invalid: {}", entry.key, why));
  }
};

std::string read_implementation(const Reading& at) {
  const Node* const node = at.map.node("middleware");
  if (node == nullptr) {
    at.invalid(*at.entry.value, "middleware must not be empty");
    return {};
  }
  const auto text = base::yaml::as_text(*node, at.notes.file, at.notes.complaints);
  if (text && text->empty()) at.invalid(*node, "middleware must not be empty");
  return text.value_or(std::string{});
}

std::int32_t read_order(const Reading& at) {
  const Node* const node = at.map.node("order");
  if (node == nullptr) return 0;
  std::int32_t order = 0;
  const std::string& text = node->text;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), order);
  if (!node->is_scalar() || text.empty() || error != std::errc{} ||
      end != text.data() + text.size()) {
    at.invalid(*node, "order is an integer of 32 bits (-1, 0, 42)");
    return 0;
  }
  return order;
}

OnError read_on_error(const Reading& at) {
  const Node* const node = at.map.node("on_error");
  if (node == nullptr) return OnError::fail_closed;
  const auto text = base::yaml::as_text(*node, at.notes.file, at.notes.complaints);
  if (!text || text->empty() || *text == kFailClosed) return OnError::fail_closed;
  if (*text == kFailOpen) return OnError::fail_open;
  at.invalid(*node, fmt::format("invalid on_error '{}'", *text));
  return OnError::fail_closed;
}

std::string read_config(const Reading& at) {
  const Node* const node = at.map.node("config");
  if (node == nullptr) return "{}";
  if (!node->is_map()) {
    at.invalid(*node, "config is an object");
    return "{}";
  }
  return canonical_json(*node, at.notes);
}

std::vector<SelectorPattern> read_patterns(const Reading& at,
                                           std::span<const base::yaml::NodePtr> items) {
  std::vector<SelectorPattern> patterns;
  for (const auto& item : items) {
    const auto text = base::yaml::as_text(*item, at.notes.file, at.notes.complaints);
    if (!text) continue;
    if (const auto fault = SelectorPattern::fault(*text)) {
      at.invalid(*item,
                 fmt::format("endpoint selector pattern '{}' is invalid: {}", *text, *fault));
    }
    if (auto pattern = SelectorPattern::parse(*text)) patterns.push_back(std::move(*pattern));
  }
  return patterns;
}

std::optional<HostSelector> read_selector(const Reading& at) {
  const Node* const node = at.map.map("endpoints");
  if (node == nullptr) {
    if (!at.map.has("endpoints")) at.invalid(*at.entry.value, "endpoint selector is required");
    return std::nullopt;
  }
  MapReader map(*node, at.notes.file, "an endpoint selector", at.notes.complaints);
  const auto include = map.list("include");
  const auto exclude = map.list("exclude");
  map.finish();
  if (include.empty()) {
    at.invalid(*node, "endpoint selector must include at least one host pattern");
  }
  if (const std::size_t count = include.size() + exclude.size(); count > kSelectorPatternsMax) {
    at.notes.complain(*node,
                      fmt::format("middleware config '{}' has too many selector patterns ({} > {})",
                                  at.entry.key, count, kSelectorPatternsMax));
    return std::nullopt;
  }
  HostSelector selector;
  selector.include = read_patterns(at, include);
  selector.exclude = read_patterns(at, exclude);
  if (selector.include.size() != include.size() || selector.exclude.size() != exclude.size()) {
    return std::nullopt;
  }
  return selector;
}

// An entry that must see every request of a host, and an endpoint of that host that shows none.
void complain_of_blind_spots(const Reading& at, const Middleware& middleware,
                             const std::map<std::string, Rule, std::less<>>& rules) {
  for (const auto& [key, rule] : rules) {
    for (const Endpoint& endpoint : rule.endpoints) {
      if (endpoint.tls != TlsMode::skip || !endpoint.host) continue;
      const auto host = SelectorPattern::parse(endpoint.host->text());
      if (!host || !middleware.endpoints.may_match(*host)) continue;
      at.notes.complain(
          *at.entry.value,
          fmt::format("middleware config '{}' selects network policy '{}' tls: skip endpoint '{}'",
                      middleware.key, rule.name, endpoint.host->text()));
    }
  }
}

Middleware read_middleware(const Entry& entry,
                           const std::map<std::string, Rule, std::less<>>& rules,
                           const Notes& notes) {
  MapReader map(*entry.value, notes.file, "an entry of \"network_middlewares\"", notes.complaints);
  Middleware middleware;
  middleware.key = entry.key;
  if (!entry.value->is_map()) return middleware;
  const Reading at{entry, map, notes};
  middleware.name = map.text("name", entry.key);
  if (middleware.name.empty()) middleware.name = entry.key;
  middleware.implementation = read_implementation(at);
  middleware.order = read_order(at);
  middleware.config_json = read_config(at);
  middleware.config = struct_of(middleware.config_json);
  middleware.on_error = read_on_error(at);
  const auto selector = read_selector(at);
  map.finish();
  if (!selector) return middleware;
  middleware.endpoints = *selector;
  if (middleware.on_error == OnError::fail_closed) complain_of_blind_spots(at, middleware, rules);
  return middleware;
}

}  // namespace

std::vector<Middleware> read_middlewares(MapReader& document,
                                         const std::map<std::string, Rule, std::less<>>& rules,
                                         const Notes& notes) {
  std::vector<Middleware> all;
  const Node* const node = document.map("network_middlewares");
  if (node == nullptr) return all;
  if (node->entries.size() > kMiddlewaresMax) {
    notes.complain(*node, fmt::format("too many middleware configs ({} > {})", node->entries.size(),
                                      kMiddlewaresMax));
  }
  std::map<std::string_view, const Entry*> entries;
  for (const Entry& entry : node->entries) entries.emplace(entry.key, &entry);
  std::map<std::int32_t, std::string_view> orders;
  for (const auto& [key, entry] : entries) {
    const auto complain = [&notes, at = entry](std::string message) {
      notes.complaints.add({notes.file, at->key_mark, std::move(message), at->value->used_at});
    };
    if (key.empty()) complain("middleware config '' is invalid: name must not be empty");
    all.push_back(read_middleware(*entry, rules, notes));
    if (!entry->value->is_map()) continue;
    const auto [first, fresh] = orders.emplace(all.back().order, key);
    if (!fresh) {
      complain(fmt::format("middleware configs '{}' and '{}' use duplicate order {}", first->second,
                           key, first->first));
    }
  }
  std::sort(all.begin(), all.end(), [](const Middleware& a, const Middleware& b) {
    return a.order != b.order ? a.order < b.order : a.key < b.key;
  });
  return all;
}

std::string canonical_text(const std::vector<Middleware>& all) {
  std::string out;
  for (const Middleware& one : all) {
    out += "{\"key\":";
    write_string(one.key, out);
    out += ",\"name\":";
    write_string(one.name, out);
    out += ",\"middleware\":";
    write_string(one.implementation, out);
    out +=
        fmt::format(",\"order\":{},\"on_error\":\"{}\",\"config\":{}", one.order,
                    one.on_error == OnError::fail_open ? kFailOpen : kFailClosed, one.config_json);
    for (const auto* const patterns : {&one.endpoints.include, &one.endpoints.exclude}) {
      out += ",[";
      for (const SelectorPattern& pattern : *patterns) write_string(pattern.text(), out);
      out += "]";
    }
    out += "}\n";
  }
  return out;
}

}  // namespace sallyport::policy
