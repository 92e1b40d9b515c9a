#include "reference/policy/loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "reference/base/scalars.h"
#include "reference/policy/endpoint_reader.h"
#include "reference/policy/index.h"
#include "reference/policy/middleware_reader.h"
#include "reference/policy/removed_keys.h"
#include "reference/policy/static_reader.h"

namespace sallyport::policy {
namespace {

using base::yaml::Entry;
using base::yaml::MapReader;
using base::yaml::Node;

constexpr std::string_view kAnyBinary = "/**";

// FNV-1a, 64 bits: enough to tell one document from the next.
std::string revision_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3ULL;
  }
  return fmt::format("{:016x}", hash);
}

// What the revision covers. Middleware entries in their one form: the order in which a config's
// keys are written, or arrive from a gateway, means nothing.
std::string revised_text(const Node& root, const Policy& policy) {
  Node rest = root;
  std::erase_if(rest.entries,
                [](const Entry& entry) { return entry.key == "network_middlewares"; });
  return base::yaml::emit(rest) + canonical_text(policy.network_middlewares);
}

void read_version(MapReader& document, const Notes& notes) {
  const Node* const node = document.require("version");
  if (node == nullptr) return;
  if (!node->is_scalar() || base::parse_integer(node->text) != 1U) {
    notes.complain(*node, "\"version\" must be 1");
  }
}

std::optional<Binary> read_binary(const Node& node, const Notes& notes) {
  MapReader map(node, notes.file, "a binary", notes.complaints);
  if (!node.is_map()) return std::nullopt;
  const Node* const path = map.require("path");
  if (map.has("harness")) {
    static_cast<void>(map.boolean("harness", false));
    notes.warn(*map.node("harness"), "\"harness\" has no effect");
  }
  map.finish();
  if (path == nullptr) return std::nullopt;
  const auto text = base::yaml::as_text(*path, notes.file, notes.complaints);
  if (!text) return std::nullopt;
  Binary binary;
  binary.path = *text;
  if (text->find('*') == std::string::npos) {
    if (const auto fault = path_fault(*text)) notes.complain(*path, *fault);
    return binary;
  }
  if (const auto fault = Glob::fault(*text)) notes.complain(*path, *fault);
  binary.pattern = Glob::parse(*text, '/');
  if (!text->starts_with('/') && !text->starts_with('*')) {
    notes.complain(*path, fmt::format("\"{}\" matches no program: a path begins with `/`", *text));
  }
  return binary;
}

// In the field a rule without binaries matches nobody; a rule that silently allows nothing is
// nobody's wish, so it must be said.
std::vector<Binary> read_binaries(MapReader& rule, const Notes& notes) {
  std::vector<Binary> binaries;
  const Node* const node = rule.node("binaries");
  if (node == nullptr || (node->is_list() && node->items.empty())) {
    notes.complain(node == nullptr ? rule.self() : *node,
                   fmt::format("a rule without \"binaries\" matches no program: write binaries: "
                               "[{{path: \"{}\"}}] for any",
                               kAnyBinary));
    return binaries;
  }
  for (const auto& item : rule.list("binaries")) {
    if (auto binary = read_binary(*item, notes)) binaries.push_back(std::move(*binary));
  }
  return binaries;
}

Rule read_rule(const Entry& entry, const Notes& notes) {
  MapReader map(*entry.value, notes.file, "a rule of \"network_policies\"", notes.complaints);
  Rule rule;
  if (!entry.value->is_map()) return rule;
  rule.name = map.text("name", entry.key);
  if (map.has("name") && rule.name.empty()) map.complain("name", "\"name\" is empty");
  for (const auto& item : map.list("endpoints")) {
    rule.endpoints.push_back(read_endpoint(*item, notes));
  }
  rule.binaries = read_binaries(map, notes);
  refuse_removed_keys(map);
  map.finish();
  return rule;
}

void read_rules(MapReader& document, const Notes& notes, Policy& policy) {
  const Node* const rules = document.map("network_policies");
  if (rules == nullptr) return;
  for (const Entry& entry : rules->entries) {
    const auto complain = [&](std::string message) {
      notes.complaints.add({notes.file, entry.key_mark, std::move(message), entry.value->used_at});
    };
    if (entry.key.empty()) complain("a rule needs a name");
    if (entry.key.starts_with("_provider_")) {
      complain("names that begin with \"_provider_\" are those of provider profiles");
    }
    policy.network_policies.insert_or_assign(entry.key, read_rule(entry, notes));
  }
}

}  // namespace

std::optional<Policy> load_policy(const Node& root, const std::string& file,
                                  base::Diagnostics& complaints, base::Diagnostics* warnings) {
  base::Diagnostics found;
  const Notes notes{file, found, warnings};
  MapReader document(root, file, "a policy", found);
  Policy policy;
  if (root.is_map()) {
    read_version(document, notes);
    read_rules(document, notes, policy);
    policy.network_middlewares = read_middlewares(document, policy.network_policies, notes);
    policy.fixed = read_static_sections(document, notes);
    refuse_removed_keys(document);
    document.finish();
  }
  for (const base::Diagnostic& diagnostic : found.all()) complaints.add(diagnostic);
  if (!found.empty()) return std::nullopt;
  policy.revision = revision_of(revised_text(root, policy));
  index_rules(policy);
  return policy;
}

std::optional<Policy> load_policy_text(std::string_view text, const std::string& file,
                                       base::Diagnostics& complaints, base::Diagnostics* warnings) {
  const base::yaml::NodePtr root = base::yaml::parse(text, file, complaints);
  if (root == nullptr) return std::nullopt;
  return load_policy(*root, file, complaints, warnings);
}

std::optional<Policy> load_policy_file(const std::string& path, base::Diagnostics& complaints,
                                       base::Diagnostics* warnings) {
  const base::yaml::NodePtr root = base::yaml::parse_file(path, complaints);
  if (root == nullptr) return std::nullopt;
  return load_policy(*root, path, complaints, warnings);
}

}  // namespace sallyport::policy
