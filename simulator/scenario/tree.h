// The tree that a scenario is read into: like base::yaml's, but a node knows its file, and where
// the matrix put it. Immutable and shared: a cell's tree shares with the file's whatever the matrix
// left alone. Pure.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/diagnostics.h"
#include "reference/base/yaml.h"
#include "simulator/scenario/scenario.h"

namespace sallyport::sim::scenario {

using NodePtr = std::shared_ptr<const Node>;
using FileName = std::shared_ptr<const std::string>;

struct Entry {
  std::string key;
  base::Mark key_mark;
  FileName key_file;
  NodePtr value;
  // As a node's: where an alias or the matrix put the map that this key stands in.
  std::optional<base::Mark> alias_use = std::nullopt;
  std::shared_ptr<const Place> matrix_use = nullptr;
};

struct Node {
  enum class Kind { scalar, list, map };
  Kind kind = Kind::scalar;
  std::string text;  // of a scalar
  bool quoted = false;
  std::vector<NodePtr> items;
  std::vector<Entry> entries;
  FileName file;
  base::Mark mark;                      // where it is written
  std::optional<base::Mark> alias_use;  // where an alias put it
  // Where a $(matrix...) that is nothing else put it; it is written in a record at `mark`.
  std::shared_ptr<const Place> matrix_use;
  // The record that a $(matrix...) within this longer text was replaced from.
  std::shared_ptr<const Place> matrix_part;

  [[nodiscard]] bool is_scalar() const { return kind == Kind::scalar; }
  [[nodiscard]] bool is_list() const { return kind == Kind::list; }
  [[nodiscard]] bool is_map() const { return kind == Kind::map; }
  [[nodiscard]] bool is_word(std::string_view word) const {
    return is_scalar() && !quoted && text == word;
  }
  [[nodiscard]] const Node* find(std::string_view key) const;
  [[nodiscard]] NodePtr at(std::string_view key) const;  // null when absent
  // Where it is used (where the item that a person looks at stands), and where its value is.
  [[nodiscard]] Place use() const;
  [[nodiscard]] Place written() const;
  // The record that its value came from, if one.
  [[nodiscard]] std::optional<Place> record() const;
};

[[nodiscard]] NodePtr from_yaml(const base::yaml::Node& node, const FileName& file);
[[nodiscard]] std::string to_yaml_text(const Node& node);
[[nodiscard]] std::string to_json_text(const Node& node);

// New nodes that stand where `where` stands.
[[nodiscard]] NodePtr make_scalar(const Node& where, std::string text, bool quoted = false);
[[nodiscard]] NodePtr make_list(const Node& where, std::vector<NodePtr> items = {});
[[nodiscard]] NodePtr make_map(const Node& where);

// `later` merged into `earlier`: maps by key, anything else replaces.
[[nodiscard]] NodePtr merge(const NodePtr& earlier, const NodePtr& later);
// `map` with `key` set to `value` (in its place, or last).
[[nodiscard]] NodePtr with(const Node& map, const std::string& key, NodePtr value);

// Complaints with their places, each once: every cell of a matrix meets the same mistakes.
class Complaints {
 public:
  explicit Complaints(base::Diagnostics& out) : out_(out) {}
  void at(const Node& node, std::string message);
  void at(const Place& place, std::string message);
  void at_key(const Entry& entry, std::string message);
  [[nodiscard]] bool empty() const { return out_.empty(); }
  [[nodiscard]] std::size_t size() const { return out_.all().size(); }
  [[nodiscard]] base::Diagnostics& all() { return out_; }

 private:
  void add(base::Diagnostic diagnostic);
  base::Diagnostics& out_;
  std::set<std::string> seen_;
};

}  // namespace sallyport::sim::scenario
