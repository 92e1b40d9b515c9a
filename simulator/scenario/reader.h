// Reads one map of a scenario key by key; the place of a scalar decides its type. Complains about
// what is wrong with its place and, in finish(), about every key that nobody asked for. Getters
// give the fallback when the key is absent or wrong. Pure.
#pragma once

#include <initializer_list>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "simulator/scenario/tree.h"

namespace sallyport::sim::scenario {

using Words = std::span<const std::string_view>;

// Scalars by their place; nothing after a complaint. A text may hold variables.
std::optional<std::string> as_text(const Node& node, Complaints& complaints);
std::optional<std::uint64_t> as_integer(const Node& node, Complaints& complaints);
std::optional<bool> as_boolean(const Node& node, Complaints& complaints);
std::optional<base::Duration> as_duration(const Node& node, Complaints& complaints);
std::optional<std::uint64_t> as_size(const Node& node, Complaints& complaints);
// `what` names the word: "a class". Complains with the nearest right word.
std::optional<std::string> as_word(const Node& node, Words words, std::string_view what,
                                   Complaints& complaints);
std::vector<std::string> as_texts(const Node& node, Complaints& complaints);
std::vector<std::pair<std::string, std::string>> as_pairs(const Node& node, Complaints& complaints);
// JSON text of a `json` place; complains about bare words that YAML 1.1 would guess at.
std::string as_json(const Node& node, Complaints& complaints);

class Reader {
 public:
  // `what` names the map in complaints: "a request". Both references must outlive the reader.
  Reader(const Node& node, std::string what, Complaints& complaints);

  [[nodiscard]] bool has(std::string_view key) const { return self_.find(key) != nullptr; }
  [[nodiscard]] const Node* get(std::string_view key);
  const Node* require(std::string_view key);

  std::string text(std::string_view key, std::string fallback = {});
  std::uint64_t integer(std::string_view key, std::uint64_t fallback, std::uint64_t least = 0);
  bool boolean(std::string_view key, bool fallback);
  base::Duration duration(std::string_view key, base::Duration fallback);
  std::uint64_t size(std::string_view key, std::uint64_t fallback);
  std::string word(std::string_view key, Words words, std::string fallback);
  std::vector<std::string> texts(std::string_view key);
  std::vector<std::pair<std::string, std::string>> pairs(std::string_view key);

  // Keys of the language that this version refuses by name.
  void later(std::initializer_list<std::string_view> keys);
  // A key of which this version has one value only.
  void only(std::string_view key, std::string_view value);
  void known(std::initializer_list<std::string_view> keys);
  void finish();

  [[nodiscard]] const Node& self() const { return self_; }
  [[nodiscard]] Complaints& complaints() { return complaints_; }

 private:
  const Node& self_;
  std::string what_;
  Complaints& complaints_;
  std::set<std::string, std::less<>> known_;
};

// `a "kind" isn't supported yet`, everywhere the same.
[[nodiscard]] std::string not_yet(std::string_view what);

}  // namespace sallyport::sim::scenario
