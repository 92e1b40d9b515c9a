#include "reference/policy/rule_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "reference/http/text.h"

namespace sallyport::policy {
namespace {

using base::yaml::Entry;
using base::yaml::MapReader;
using base::yaml::Node;

constexpr std::string_view kAny = "**";
constexpr std::array<std::string_view, 10> kMethods{"GET",   "HEAD",          "POST",    "PUT",
                                                    "PATCH", "DELETE",        "OPTIONS", "CONNECT",
                                                    "TRACE", "WEBSOCKET_TEXT"};

// What a pattern that isn't one comes to: an allow rule without it allows less, so a warning will
// do; a deny rule without it would let pass what it is there to stop.
enum class Purpose { allow, deny };

std::optional<Glob> read_glob(const Node& node, const std::string& text, char separator,
                              Purpose purpose, const Notes& notes) {
  if (const auto fault = Glob::fault(text)) {
    if (purpose == Purpose::deny) {
      notes.complain(node, fmt::format("\"{}\" is not a pattern: {}", text, *fault));
      return std::nullopt;
    }
    notes.warn(node, fmt::format("\"{}\" is not a pattern and matches nothing: {}", text, *fault));
    return Glob::never(text);
  }
  return Glob::parse(text, separator);
}

// Values are matched with `.` for a separator, as in the field: `*` crosses `/` in them.
void read_pattern(const Node& node, Purpose purpose, const Notes& notes, QueryMatcher& matcher) {
  const auto text = base::yaml::as_text(node, notes.file, notes.complaints);
  if (!text) return;
  if (auto glob = read_glob(node, *text, '.', purpose, notes)) matcher.any.push_back(*glob);
}

void read_matcher(const Node& node, Purpose purpose, const Notes& notes, QueryMatcher& matcher) {
  if (node.is_scalar()) return read_pattern(node, purpose, notes, matcher);
  MapReader map(node, notes.file, "a query matcher", notes.complaints);
  if (!node.is_map()) return;
  const Node* const glob = map.node("glob");
  const Node* const any = map.node("any");
  map.finish();
  if ((glob == nullptr) == (any == nullptr)) {
    notes.complain(node, "a query matcher is a pattern, or a map with either \"glob\" or \"any\"");
    return;
  }
  if (glob != nullptr) return read_pattern(*glob, purpose, notes, matcher);
  const auto patterns = map.list("any");
  if (any->is_list() && patterns.empty()) notes.complain(*any, "\"any\" is empty");
  for (const auto& item : patterns) read_pattern(*item, purpose, notes, matcher);
}

void read_query(MapReader& map, Purpose purpose, const Notes& notes, RequestRule& rule) {
  const Node* const node = map.map("query");
  if (node == nullptr) return;
  for (const Entry& entry : node->entries) {
    QueryMatcher matcher;
    matcher.key = entry.key;
    read_matcher(*entry.value, purpose, notes, matcher);
    rule.query.push_back(std::move(matcher));
  }
}

void read_method(MapReader& map, const Notes& notes, RequestRule& rule) {
  const Node* const node = map.node("method");
  if (node == nullptr) return;
  const auto text = base::yaml::as_text(*node, notes.file, notes.complaints);
  if (!text) return;
  rule.method = http::upper(*text);
  if (!http::is_token(rule.method)) {
    notes.complain(*node, fmt::format("\"{}\" is not a method", *text));
  } else if (rule.method != "*" &&
             std::find(kMethods.begin(), kMethods.end(), rule.method) == kMethods.end()) {
    notes.warn(*node, fmt::format("\"{}\" is not a method of HTTP", *text));
  }
}

void read_path(MapReader& map, Purpose purpose, const Notes& notes, RequestRule& rule) {
  const Node* const node = map.node("path");
  if (node == nullptr) return;
  const auto text = base::yaml::as_text(*node, notes.file, notes.complaints);
  if (!text) return;
  if (text->find_first_of("/*?[{") != 0) {
    notes.complain(*node, fmt::format("\"{}\" matches no path: a path begins with `/`", *text));
    return;
  }
  if (auto glob = read_glob(*node, *text, '/', purpose, notes)) rule.path = std::move(*glob);
}

RequestRule read_rule(const Node& node, Purpose purpose, const Notes& notes) {
  MapReader map(node, notes.file, purpose == Purpose::deny ? "a deny rule" : "an allow rule",
                notes.complaints);
  RequestRule rule;
  if (!node.is_map()) return rule;
  read_method(map, notes, rule);
  read_path(map, purpose, notes, rule);
  read_query(map, purpose, notes, rule);
  refuse_keys(map, {"command", "operation_type", "operation_name", "fields", "params", "tool"},
              notes);
  map.finish();
  if (!map.has("method") || !map.has("path")) {
    notes.complain(node, fmt::format("a rule without \"method\" and \"path\" never {}: write "
                                     "method: \"*\", path: \"**\" for any",
                                     purpose == Purpose::deny ? "denies" : "allows"));
  }
  return rule;
}

void read_allow_rules(MapReader& map, Endpoint& endpoint, const Notes& notes) {
  const Node* const node = map.node("rules");
  if (node == nullptr) return;
  if (map.has("access")) notes.complain(*node, "\"access\" and \"rules\" exclude each other");
  const auto items = map.list("rules");
  if (node->is_list() && items.empty())
    notes.complain(*node, "\"rules\" is empty: nothing is allowed");
  for (const auto& item : items) {
    MapReader rule(*item, notes.file, "an item of \"rules\"", notes.complaints);
    if (!item->is_map()) continue;
    const Node* const allow = rule.require("allow");
    rule.finish();
    if (allow != nullptr) endpoint.allow.push_back(read_rule(*allow, Purpose::allow, notes));
  }
}

void read_deny_rules(MapReader& map, Endpoint& endpoint, const Notes& notes) {
  const Node* const node = map.node("deny_rules");
  if (node == nullptr) return;
  const auto items = map.list("deny_rules");
  if (node->is_list() && items.empty()) notes.complain(*node, "\"deny_rules\" is empty");
  for (const auto& item : items) {
    endpoint.deny.push_back(read_rule(*item, Purpose::deny, notes));
  }
  if (endpoint.protocol == Protocol::unset && !map.has("protocol")) {
    notes.complain(*node, "\"deny_rules\" needs \"protocol\"");
  }
  if (!map.has("access") && !map.has("rules")) {
    notes.complain(*node, "\"deny_rules\" needs \"access\" or \"rules\" to take from");
  }
}

void allow(Endpoint& endpoint, std::initializer_list<std::string_view> methods) {
  for (const std::string_view method : methods) {
    RequestRule rule;
    rule.method = method;
    rule.path = *Glob::parse(kAny, '/');
    endpoint.allow.push_back(std::move(rule));
  }
}

void read_access(MapReader& map, Endpoint& endpoint) {
  static constexpr std::array<std::string_view, 3> kWords{"read-only", "read-write", "full"};
  if (!map.has("access")) return;
  const std::string word = map.word("access", kWords, "full");
  const bool web_socket = endpoint.protocol == Protocol::websocket;
  if (word == "full") {
    if (endpoint.protocol != Protocol::unset || map.has("deny_rules")) allow(endpoint, {"*"});
  } else if (web_socket) {
    allow(endpoint, {"GET"});
    if (word == "read-write") allow(endpoint, {"WEBSOCKET_TEXT"});
  } else {
    allow(endpoint, {"GET", "HEAD", "OPTIONS"});
    if (word == "read-write") allow(endpoint, {"POST", "PUT", "PATCH"});
  }
}

}  // namespace

void read_rules(MapReader& map, Endpoint& endpoint, const Notes& notes) {
  read_access(map, endpoint);
  read_allow_rules(map, endpoint, notes);
  read_deny_rules(map, endpoint, notes);
  if (endpoint.protocol != Protocol::unset && !map.has("access") && !map.has("rules")) {
    map.complain("protocol",
                 fmt::format("\"protocol: {}\" needs \"access\" or \"rules\"",
                             endpoint.protocol == Protocol::rest ? "rest" : "websocket"));
  }
}

}  // namespace sallyport::policy
