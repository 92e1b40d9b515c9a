// How defaults are written into a tree: an edit of one map, and the parts of the file that more
// than one unit completes. Of defaults.cc and defaults_steps.cc alone. Pure.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "simulator/scenario/tree.h"

namespace sallyport::sim::scenario {

// Whether its value is known in a cell only.
inline bool varies(const NodePtr& node) {
  return node && node->is_scalar() && node->text.find("$(matrix.") != std::string::npos;
}

// A map that is being completed.
class Edit {
 public:
  explicit Edit(NodePtr node) : node_(std::move(node)) {}
  [[nodiscard]] bool is_map() const { return node_->is_map(); }
  [[nodiscard]] bool has(std::string_view key) const { return node_->find(key) != nullptr; }
  [[nodiscard]] NodePtr at(std::string_view key) const { return node_->at(key); }
  [[nodiscard]] const Node& self() const { return *node_; }

  void add(const std::string& key, NodePtr value) {
    if (is_map() && !has(key)) node_ = with(*node_, key, std::move(value));
  }
  void add(const std::string& key, std::string text) {
    add(key, make_scalar(*node_, std::move(text)));
  }
  void add_list(const std::string& key) { add(key, make_list(*node_)); }
  void add_map(const std::string& key) { add(key, make_map(*node_)); }
  void set(const std::string& key, NodePtr value) { node_ = with(*node_, key, std::move(value)); }
  // Replaces the value of `key`, if there is one.
  template <class Complete>
  void each(const std::string& key, Complete complete) {
    if (is_map() && has(key)) set(key, complete(at(key)));
  }
  [[nodiscard]] NodePtr take() { return node_; }

 private:
  NodePtr node_;
};

// Every value of a map completed by `complete(key, value)`.
template <class Complete>
NodePtr for_entries(const NodePtr& map, Complete complete) {
  if (!map->is_map()) return map;
  auto out = std::make_shared<Node>(*map);
  for (Entry& entry : out->entries) entry.value = complete(entry.key, entry.value);
  return out;
}

template <class Complete>
NodePtr for_items(const NodePtr& list, Complete complete) {
  if (!list->is_list()) return list;
  auto out = std::make_shared<Node>(*list);
  for (NodePtr& item : out->items) item = complete(item);
  return out;
}

// What a step's defaults hang on.
struct StepWorld {
  std::set<std::string> served;  // hosts whose traffic a supervisor takes
  NodePtr providers, middleware;
  NodePtr gateway_host;  // null without a gateway
};

[[nodiscard]] NodePtr step_defaults(const NodePtr& step, const StepWorld& world);
[[nodiscard]] NodePtr expectation_defaults(const NodePtr& item);
[[nodiscard]] NodePtr inference_defaults(const NodePtr& inference, const NodePtr& providers);

}  // namespace sallyport::sim::scenario
