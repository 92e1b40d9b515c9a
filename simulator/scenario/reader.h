// Reads one map of a scenario key by key; the place of a scalar decides its type. Complains with
// the place of what is wrong. With a table it complains at once about unknown keys and missing
// ones, and a getter breaks (CHECK) on a key that the table lacks or types otherwise: what is read
// is what the schema and the page tell. Getters give the fallback when the key is absent or wrong.
// Pure.
#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "simulator/scenario/keys.h"
#include "simulator/scenario/tree.h"

namespace sallyport::sim::scenario {

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
  // `keys` is the table of this map. All references must outlive the reader.
  Reader(const Node& node, const Keys& keys, Complaints& complaints);

  [[nodiscard]] bool has(std::string_view key) const;
  [[nodiscard]] const Node* get(std::string_view key);
  // What the table says is needed: null after the complaint.
  const Node* require(std::string_view key);

  std::string text(std::string_view key, std::string fallback = {});
  std::uint64_t integer(std::string_view key, std::uint64_t fallback, std::uint64_t least = 0);
  bool boolean(std::string_view key, bool fallback);
  base::Duration duration(std::string_view key, base::Duration fallback);
  std::uint64_t size(std::string_view key, std::uint64_t fallback);
  std::string word(std::string_view key, Words words, std::string fallback);
  // By the words of the table.
  std::string word(std::string_view key, std::string fallback);
  // The place of the word in the table, as E: its words stand in the order of the enumerators.
  template <class E>
  E choice(std::string_view key, E fallback) {
    return static_cast<E>(place_of_word(key, static_cast<std::size_t>(fallback)));
  }
  std::vector<std::string> texts(std::string_view key);
  std::vector<std::pair<std::string, std::string>> pairs(std::string_view key);

  [[nodiscard]] const Node& self() const { return self_; }
  [[nodiscard]] Complaints& complaints() { return complaints_; }

 private:
  std::size_t place_of_word(std::string_view key, std::size_t fallback);
  void check_table();
  // Breaks on a key that the table lacks or writes in another way.
  void check_key(std::string_view key, std::initializer_list<Shape::Kind> kinds) const;

  const Node& self_;
  const Keys& table_;
  Complaints& complaints_;
};

// `a "kind" isn't supported yet`, everywhere the same.
[[nodiscard]] std::string not_yet(std::string_view what);

}  // namespace sallyport::sim::scenario
