#include "simulator/scenario/tree.h"

#include <fmt/format.h>

namespace sallyport::sim::scenario {
namespace {

std::shared_ptr<base::yaml::Node> to_base(const Node& node) {
  auto out = std::make_shared<base::yaml::Node>();
  out->kind = static_cast<base::yaml::Node::Kind>(node.kind);
  out->text = node.text;
  out->quoted = node.quoted;
  for (const NodePtr& item : node.items) out->items.push_back(to_base(*item));
  for (const Entry& entry : node.entries) {
    out->entries.push_back({entry.key, entry.key_mark, to_base(*entry.value)});
  }
  return out;
}

std::shared_ptr<Node> make(const Node& where, Node::Kind kind) {
  auto out = std::make_shared<Node>();
  out->kind = kind;
  out->file = where.file;
  out->mark = where.mark;
  out->alias_use = where.alias_use;
  out->matrix_use = where.matrix_use;
  return out;
}

}  // namespace

const Node* Node::find(std::string_view key) const { return at(key).get(); }

NodePtr Node::at(std::string_view key) const {
  for (const Entry& entry : entries) {
    if (entry.key == key) return entry.value;
  }
  return nullptr;
}

Place Node::written() const { return {*file, mark}; }

Place Node::use() const { return matrix_use ? *matrix_use : written(); }

std::optional<Place> Node::record() const {
  if (matrix_use) return written();
  if (matrix_part) return *matrix_part;
  return std::nullopt;
}

NodePtr from_yaml(const base::yaml::Node& node, const FileName& file) {
  auto out = std::make_shared<Node>();
  out->kind = static_cast<Node::Kind>(node.kind);
  out->text = node.text;
  out->quoted = node.quoted;
  out->file = file;
  out->mark = node.mark;
  out->alias_use = node.used_at;
  for (const auto& item : node.items) out->items.push_back(from_yaml(*item, file));
  for (const auto& entry : node.entries) {
    out->entries.push_back(
        {entry.key, entry.key_mark, file, from_yaml(*entry.value, file), node.used_at});
  }
  return out;
}

std::string to_yaml_text(const Node& node) { return base::yaml::emit(*to_base(node)); }

std::string to_json_text(const Node& node) { return base::yaml::to_json(*to_base(node)); }

NodePtr make_scalar(const Node& where, std::string text, bool quoted) {
  auto out = make(where, Node::Kind::scalar);
  out->text = std::move(text);
  out->quoted = quoted;
  return out;
}

NodePtr make_list(const Node& where, std::vector<NodePtr> items) {
  auto out = make(where, Node::Kind::list);
  out->items = std::move(items);
  return out;
}

NodePtr make_map(const Node& where) { return make(where, Node::Kind::map); }

NodePtr merge(const NodePtr& earlier, const NodePtr& later) {
  if (!earlier || !earlier->is_map() || !later->is_map()) return later;
  NodePtr out = earlier;
  for (const Entry& entry : later->entries) {
    const NodePtr old = out->at(entry.key);
    const NodePtr value = old ? merge(old, entry.value) : entry.value;
    auto next = std::make_shared<Node>(*out);
    bool found = false;
    for (Entry& known : next->entries) {
      if (known.key != entry.key) continue;
      known = entry;
      known.value = value;
      found = true;
    }
    if (!found) {
      next->entries.push_back(entry);
      next->entries.back().value = value;
    }
    out = next;
  }
  return out;
}

NodePtr with(const Node& map, const std::string& key, NodePtr value) {
  auto out = std::make_shared<Node>(map);
  for (Entry& entry : out->entries) {
    if (entry.key != key) continue;
    entry.value = std::move(value);
    return out;
  }
  out->entries.push_back({key, map.mark, map.file, std::move(value)});
  return out;
}

void Complaints::add(base::Diagnostic diagnostic) {
  if (seen_.insert(diagnostic.to_string()).second) out_.add(std::move(diagnostic));
}

void Complaints::at(const Node& node, std::string message) {
  base::Diagnostic diagnostic{*node.file, node.mark, std::move(message), node.alias_use};
  if (node.matrix_use && node.matrix_use->file == *node.file) {
    diagnostic.used_at = node.matrix_use->mark;
  } else if (node.matrix_use) {
    diagnostic.message += fmt::format(" (used at {}:{}:{})", node.matrix_use->file,
                                      node.matrix_use->mark.line, node.matrix_use->mark.column);
  }
  add(std::move(diagnostic));
}

void Complaints::at(const Place& place, std::string message) {
  add({place.file, place.mark, std::move(message), std::nullopt});
}

void Complaints::at_key(const Entry& entry, std::string message) {
  Node key;
  key.file = entry.key_file;
  key.mark = entry.key_mark;
  key.alias_use = entry.alias_use;
  key.matrix_use = entry.matrix_use;
  at(key, std::move(message));
}

}  // namespace sallyport::sim::scenario
