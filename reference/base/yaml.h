// YAML as this project reads it: our own tree with a mark on every node, built from yaml-cpp's
// events, strict where yaml-cpp is lenient. Used for policies, configuration, routes, scenarios.
//
// Refused with their place: duplicate key, merge key, tag, second document, key that isn't text, an
// alias inside its own anchor, a key without a value, over kNodesMax nodes after aliases.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reference/base/clock.h"
#include "reference/base/diagnostics.h"

namespace sallyport::base::yaml {

inline constexpr std::size_t kNodesMax = 100'000;        // after aliases; over it: refused
inline constexpr std::size_t kFileBytesMax = 4U << 20U;  // over it: refused
inline constexpr int kDepthMax = 64;                     // nesting; over it: refused

class Node;
using NodePtr = std::shared_ptr<const Node>;

struct Entry {
  std::string key;
  Mark key_mark;
  NodePtr value;
};

class Node {
 public:
  enum class Kind { scalar, list, map };

  Kind kind = Kind::scalar;
  std::string text;             // of a scalar
  bool quoted = false;          // the scalar was in quotes or a block, so it is text for certain
  std::vector<NodePtr> items;   // of a list
  std::vector<Entry> entries;   // of a map, in the order of the file
  Mark mark;                    // where it is written
  std::optional<Mark> used_at;  // where an alias put it, if one did

  [[nodiscard]] bool is_scalar() const { return kind == Kind::scalar; }
  [[nodiscard]] bool is_list() const { return kind == Kind::list; }
  [[nodiscard]] bool is_map() const { return kind == Kind::map; }
  // The value of `key` in a map; null when there is none.
  [[nodiscard]] const Node* find(std::string_view key) const;
};

// The document's root; null (and at least one complaint) if it couldn't be read. `file` is the name
// that complaints use. An empty document is an empty map.
[[nodiscard]] NodePtr parse(std::string_view text, const std::string& file,
                            Diagnostics& complaints);
// As above, reading the file named.
[[nodiscard]] NodePtr parse_file(const std::string& path, Diagnostics& complaints);

// Back to YAML (block style, every text quoted that could be read as something else).
[[nodiscard]] std::string emit(const Node& node);
// As JSON: scalars by YAML 1.2's core schema unless quoted. For `json` places.
[[nodiscard]] std::string to_json(const Node& node);

// Reads one map key by key, complains about what is wrong, and, in finish(), about every key that
// nobody asked for. All getters return the default when the key is absent or its value is wrong.
class MapReader {
 public:
  // `what` names the map in complaints: "an endpoint". Both references must outlive the reader.
  MapReader(const Node& node, std::string file, std::string what, Diagnostics& complaints);

  [[nodiscard]] bool has(std::string_view key) const { return node_.find(key) != nullptr; }
  // The raw value; marks the key as known.
  const Node* node(std::string_view key);
  // As node(), complaining when absent.
  const Node* require(std::string_view key);

  std::string text(std::string_view key, std::string fallback = {});
  std::optional<std::string> maybe_text(std::string_view key);
  std::uint64_t integer(std::string_view key, std::uint64_t fallback, std::uint64_t least = 0,
                        std::uint64_t most = UINT64_MAX);
  bool boolean(std::string_view key, bool fallback);
  Duration duration(std::string_view key, Duration fallback);
  std::uint64_t size(std::string_view key, std::uint64_t fallback);
  // One of a closed list; complains with the nearest right word.
  std::string word(std::string_view key, std::span<const std::string_view> words,
                   std::string fallback);
  // A list of texts (a lone scalar counts as a list of one).
  std::vector<std::string> texts(std::string_view key);
  // A list, or nothing; complains when it is something else.
  std::span<const NodePtr> list(std::string_view key);
  // A map, or null; complains when it is something else.
  const Node* map(std::string_view key);

  // Complains at the value of `key`, or at the map when the key is absent.
  void complain(std::string_view key, std::string message);
  void complain_at(const Node& node, std::string message);
  // Marks keys as known without reading them.
  void known(std::initializer_list<std::string_view> keys);
  // Complains about every key that isn't known. Call once, last.
  void finish();

  [[nodiscard]] const Node& self() const { return node_; }
  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] Diagnostics& complaints() { return complaints_; }

 private:
  const Node* scalar(std::string_view key, std::string_view form);
  const Node& node_;
  std::string file_;
  std::string what_;
  Diagnostics& complaints_;
  std::set<std::string, std::less<>> known_;
};

// A scalar in a text place: bare yes/no/on/off/y/n/true/false/null/~ are refused (quote them).
// Returns nothing after a complaint.
std::optional<std::string> as_text(const Node& node, const std::string& file,
                                   Diagnostics& complaints);

}  // namespace sallyport::base::yaml
