#include "simulator/scenario/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "reference/base/check.h"
#include "reference/base/scalars.h"

namespace sallyport::sim::scenario {
namespace {

constexpr std::array<std::string_view, 6> kGuessed{"yes", "no", "on", "off", "y", "n"};
constexpr std::array<std::string_view, 4> kTyped{"true", "false", "null", "~"};

bool among(Words words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

const Node* scalar(const Node& node, std::string_view form, Complaints& complaints) {
  if (node.is_scalar()) return &node;
  complaints.at(node,
                fmt::format("this must be {}, not a {}", form, node.is_list() ? "list" : "map"));
  return nullptr;
}

template <class T>
std::optional<T> as(const Node& node, std::optional<T> (*parse)(std::string_view),
                    std::string_view form, Complaints& complaints) {
  if (scalar(node, form, complaints) == nullptr) return std::nullopt;
  const auto value = parse(node.text);
  if (!value) complaints.at(node, fmt::format("\"{}\" isn't {}", node.text, form));
  return value;
}

void check_json(const Node& node, Complaints& complaints) {
  if (node.is_scalar() && !node.quoted && among(kGuessed, node.text)) {
    complaints.at(node, fmt::format("bare {0} could be read as a boolean; write \"{0}\" in quotes, "
                                    "or true or false",
                                    node.text));
  }
  for (const NodePtr& item : node.items) check_json(*item, complaints);
  for (const Entry& entry : node.entries) check_json(*entry.value, complaints);
}

}  // namespace

std::string not_yet(std::string_view what) { return fmt::format("{} isn't supported yet", what); }

std::optional<std::string> as_text(const Node& node, Complaints& complaints) {
  if (scalar(node, "text", complaints) == nullptr) return std::nullopt;
  if (!node.quoted && (among(kGuessed, node.text) || among(kTyped, node.text))) {
    complaints.at(node,
                  fmt::format("bare {0} in a text place; write \"{0}\" in quotes", node.text));
    return std::nullopt;
  }
  return node.text;
}

std::optional<std::uint64_t> as_integer(const Node& node, Complaints& complaints) {
  return as(node, base::parse_integer, base::kIntegerForm, complaints);
}
std::optional<bool> as_boolean(const Node& node, Complaints& complaints) {
  return as(node, base::parse_boolean, base::kBooleanForm, complaints);
}
std::optional<base::Duration> as_duration(const Node& node, Complaints& complaints) {
  return as(node, base::parse_duration, base::kDurationForm, complaints);
}
std::optional<std::uint64_t> as_size(const Node& node, Complaints& complaints) {
  return as(node, base::parse_size, base::kSizeForm, complaints);
}

std::optional<std::string> as_word(const Node& node, Words words, std::string_view what,
                                   Complaints& complaints) {
  if (scalar(node, what, complaints) == nullptr) return std::nullopt;
  if (among(words, node.text)) return node.text;
  complaints.at(
      node, fmt::format("\"{}\" isn't {}{}", node.text, what, base::suggestion(node.text, words)));
  return std::nullopt;
}

std::vector<std::string> as_texts(const Node& node, Complaints& complaints) {
  std::vector<std::string> out;
  if (node.is_map()) {
    complaints.at(node, "this must be a list of texts, not a map");
  } else if (node.is_scalar()) {
    if (auto text = as_text(node, complaints)) out.push_back(std::move(*text));
  }
  for (const NodePtr& item : node.items) {
    if (auto text = as_text(*item, complaints)) out.push_back(std::move(*text));
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> as_pairs(const Node& node,
                                                          Complaints& complaints) {
  std::vector<std::pair<std::string, std::string>> out;
  if (!node.is_map()) complaints.at(node, "this must be a map from name to text");
  for (const Entry& entry : node.entries) {
    if (entry.value->is_list()) {  // several lines of one header
      for (std::string& text : as_texts(*entry.value, complaints)) {
        out.emplace_back(entry.key, std::move(text));
      }
    } else if (auto text = as_text(*entry.value, complaints)) {
      out.emplace_back(entry.key, std::move(*text));
    }
  }
  return out;
}

std::string as_json(const Node& node, Complaints& complaints) {
  check_json(node, complaints);
  return to_json_text(node);
}

Reader::Reader(const Node& node, const Keys& keys, Complaints& complaints)
    : self_(node), table_(keys), complaints_(complaints) {
  if (node.is_map()) {
    check_table();
  } else {
    complaints.at(node, fmt::format("{} must be a map", keys.what));
  }
}

void Reader::check_table() {
  for (const Entry& entry : self_.entries) {
    const Key* const key = table_.find(entry.key);
    if (key == nullptr) {
      complaints_.at_key(entry, fmt::format("unknown key \"{}\" in {}{}", entry.key, table_.what,
                                            base::suggestion(entry.key, table_.names())));
    }
  }
  for (const Key& key : table_.keys) {
    if (!key.needed || self_.find(key.name) != nullptr) continue;
    complaints_.at(self_, key.lack.empty() ? fmt::format("{} needs \"{}\"", table_.what, key.name)
                                           : std::string(key.lack));
  }
}

void Reader::check_key(std::string_view key, std::initializer_list<Shape::Kind> kinds) const {
  const Key* const known = table_.find(key);
  CHECK(known != nullptr);
  if (kinds.size() == 0 || known->shape.kind == Shape::Kind::either) return;
  CHECK(std::find(kinds.begin(), kinds.end(), known->shape.kind) != kinds.end());
}

bool Reader::has(std::string_view key) const {
  check_key(key, {});
  return self_.find(key) != nullptr;
}

const Node* Reader::get(std::string_view key) {
  check_key(key, {});
  return self_.find(key);
}

const Node* Reader::require(std::string_view key) {
  const Node* node = get(key);
  CHECK(table_.find(key)->needed);
  if (node == nullptr && self_.is_map()) {
    complaints_.at(self_, fmt::format("{} needs \"{}\"", table_.what, key));
  }
  return node;
}

std::string Reader::text(std::string_view key, std::string fallback) {
  check_key(key, {Shape::Kind::text, Shape::Kind::name, Shape::Kind::word});
  const Node* node = get(key);
  return node == nullptr ? fallback : as_text(*node, complaints_).value_or(fallback);
}

std::uint64_t Reader::integer(std::string_view key, std::uint64_t fallback, std::uint64_t least) {
  check_key(key, {Shape::Kind::integer, Shape::Kind::octets});
  const Node* node = get(key);
  if (node == nullptr) return fallback;
  const auto value = as_integer(*node, complaints_);
  if (!value) return fallback;
  if (*value < least) complaints_.at(*node, fmt::format("\"{}\" must be at least {}", key, least));
  return *value;
}

bool Reader::boolean(std::string_view key, bool fallback) {
  check_key(key, {Shape::Kind::boolean});
  const Node* node = get(key);
  return node == nullptr ? fallback : as_boolean(*node, complaints_).value_or(fallback);
}

base::Duration Reader::duration(std::string_view key, base::Duration fallback) {
  check_key(key, {Shape::Kind::duration});
  const Node* node = get(key);
  return node == nullptr ? fallback : as_duration(*node, complaints_).value_or(fallback);
}

std::uint64_t Reader::size(std::string_view key, std::uint64_t fallback) {
  check_key(key, {Shape::Kind::size, Shape::Kind::octets});
  const Node* node = get(key);
  return node == nullptr ? fallback : as_size(*node, complaints_).value_or(fallback);
}

std::string Reader::word(std::string_view key, Words words, std::string fallback) {
  check_key(key, {Shape::Kind::word});
  const Node* node = get(key);
  if (node == nullptr) return fallback;
  return as_word(*node, words, fmt::format("a value of \"{}\"", key), complaints_)
      .value_or(fallback);
}

std::string Reader::word(std::string_view key, std::string fallback) {
  return word(key, table_.words_of(key), std::move(fallback));
}

std::size_t Reader::place_of_word(std::string_view key, std::size_t fallback) {
  const Words words = table_.words_of(key);
  CHECK(fallback < words.size());
  const std::string said = word(key, words, std::string(words[fallback]));
  return static_cast<std::size_t>(std::find(words.begin(), words.end(), said) - words.begin());
}

std::vector<std::string> Reader::texts(std::string_view key) {
  check_key(key, {Shape::Kind::list});
  const Node* node = get(key);
  return node == nullptr ? std::vector<std::string>() : as_texts(*node, complaints_);
}

std::vector<std::pair<std::string, std::string>> Reader::pairs(std::string_view key) {
  check_key(key, {Shape::Kind::pairs});
  const Node* node = get(key);
  if (node == nullptr) return {};
  return as_pairs(*node, complaints_);
}

}  // namespace sallyport::sim::scenario
