// MapReader: one map read key by key, with complaints that name the place and the nearest word.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "reference/base/scalars.h"
#include "reference/base/yaml.h"

namespace sallyport::base::yaml {
namespace {

std::string kind_of(const Node& node) {
  if (node.is_map()) return "a map";
  if (node.is_list()) return "a list";
  return fmt::format("\"{}\"", node.text.substr(0, 60));
}

}  // namespace

MapReader::MapReader(const Node& node, std::string file, std::string what, Diagnostics& complaints)
    : node_(node), file_(std::move(file)), what_(std::move(what)), complaints_(complaints) {
  if (!node_.is_map())
    complain_at(node_, fmt::format("{} is a map, not {}", what_, kind_of(node_)));
}

const Node* MapReader::node(std::string_view key) {
  known_.emplace(key);
  return node_.find(key);
}

const Node* MapReader::require(std::string_view key) {
  const Node* const found = node(key);
  if (found == nullptr && node_.is_map()) {
    complain_at(node_, fmt::format("{} needs \"{}\"", what_, key));
  }
  return found;
}

const Node* MapReader::scalar(std::string_view key, std::string_view form) {
  const Node* const found = node(key);
  if (found == nullptr) return nullptr;
  if (!found->is_scalar()) {
    complain_at(*found, fmt::format("\"{}\" is {}, not {}", key, form, kind_of(*found)));
    return nullptr;
  }
  return found;
}

std::optional<std::string> as_text(const Node& node, const std::string& file,
                                   Diagnostics& complaints) {
  static constexpr std::array<std::string_view, 10> kGuesses{"yes", "no",   "on",    "off",  "y",
                                                             "n",   "true", "false", "null", "~"};
  if (!node.is_scalar()) {
    complaints.add(
        {file, node.mark, fmt::format("text is wanted here, not {}", kind_of(node)), node.used_at});
    return std::nullopt;
  }
  if (!node.quoted && std::find(kGuesses.begin(), kGuesses.end(), node.text) != kGuesses.end()) {
    complaints.add(
        {file, node.mark,
         fmt::format("write \"{}\" in quotes: bare, YAML takes it for another type", node.text),
         node.used_at});
    return std::nullopt;
  }
  return node.text;
}

std::optional<std::string> MapReader::maybe_text(std::string_view key) {
  const Node* const found = node(key);
  if (found == nullptr) return std::nullopt;
  return as_text(*found, file_, complaints_);
}

std::string MapReader::text(std::string_view key, std::string fallback) {
  return maybe_text(key).value_or(std::move(fallback));
}

std::uint64_t MapReader::integer(std::string_view key, std::uint64_t fallback, std::uint64_t least,
                                 std::uint64_t most) {
  const Node* const found = scalar(key, kIntegerForm);
  if (found == nullptr) return fallback;
  const auto value = parse_integer(found->text);
  if (!value) {
    complain_at(*found, fmt::format("\"{}\" is {}, not {}", key, kIntegerForm, kind_of(*found)));
    return fallback;
  }
  if (*value < least || *value > most) {
    complain_at(*found, most == UINT64_MAX
                            ? fmt::format("\"{}\" is at least {}", key, least)
                            : fmt::format("\"{}\" lies between {} and {}", key, least, most));
    return fallback;
  }
  return *value;
}

bool MapReader::boolean(std::string_view key, bool fallback) {
  const Node* const found = scalar(key, kBooleanForm);
  if (found == nullptr) return fallback;
  const auto value = parse_boolean(found->text);
  if (!value)
    complain_at(*found, fmt::format("\"{}\" is {}, not {}", key, kBooleanForm, kind_of(*found)));
  return value.value_or(fallback);
}

Duration MapReader::duration(std::string_view key, Duration fallback) {
  const Node* const found = scalar(key, kDurationForm);
  if (found == nullptr) return fallback;
  const auto value = parse_duration(found->text);
  if (!value)
    complain_at(*found, fmt::format("\"{}\" is {}, not {}", key, kDurationForm, kind_of(*found)));
  return value.value_or(fallback);
}

std::uint64_t MapReader::size(std::string_view key, std::uint64_t fallback) {
  const Node* const found = scalar(key, kSizeForm);
  if (found == nullptr) return fallback;
  const auto value = parse_size(found->text);
  if (!value)
    complain_at(*found, fmt::format("\"{}\" is {}, not {}", key, kSizeForm, kind_of(*found)));
  return value.value_or(fallback);
}

std::string MapReader::word(std::string_view key, std::span<const std::string_view> words,
                            std::string fallback) {
  const Node* const found = scalar(key, "a word");
  if (found == nullptr) return fallback;
  if (std::find(words.begin(), words.end(), found->text) != words.end()) return found->text;
  complain_at(*found, fmt::format("\"{}\" can't be \"{}\"{}", key, found->text,
                                  suggestion(found->text, words)));
  return fallback;
}

std::vector<std::string> MapReader::texts(std::string_view key) {
  std::vector<std::string> all;
  const Node* const found = node(key);
  if (found == nullptr) return all;
  if (found->is_map()) {
    complain_at(*found, fmt::format("\"{}\" is a list of texts, not a map", key));
  } else if (found->is_scalar()) {
    if (auto text = as_text(*found, file_, complaints_)) all.push_back(std::move(*text));
  } else {
    for (const NodePtr& item : found->items) {
      if (auto text = as_text(*item, file_, complaints_)) all.push_back(std::move(*text));
    }
  }
  return all;
}

std::span<const NodePtr> MapReader::list(std::string_view key) {
  const Node* const found = node(key);
  if (found == nullptr) return {};
  if (!found->is_list()) {
    complain_at(*found, fmt::format("\"{}\" is a list, not {}", key, kind_of(*found)));
    return {};
  }
  return found->items;
}

const Node* MapReader::map(std::string_view key) {
  const Node* const found = node(key);
  if (found == nullptr) return nullptr;
  if (!found->is_map()) {
    complain_at(*found, fmt::format("\"{}\" is a map, not {}", key, kind_of(*found)));
    return nullptr;
  }
  return found;
}

void MapReader::complain(std::string_view key, std::string message) {
  const Node* const found = node_.find(key);
  complain_at(found != nullptr ? *found : node_, std::move(message));
}

void MapReader::complain_at(const Node& node, std::string message) {
  complaints_.add({file_, node.mark, std::move(message), node.used_at});
}

void MapReader::known(std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) known_.emplace(key);
}

void MapReader::finish() {
  const std::vector<std::string_view> words(known_.begin(), known_.end());
  for (const Entry& entry : node_.entries) {
    if (known_.contains(entry.key)) continue;
    complaints_.add(
        {file_, entry.key_mark,
         fmt::format("{} has no \"{}\"{}", what_, entry.key, suggestion(entry.key, words)),
         node_.used_at});
  }
}

}  // namespace sallyport::base::yaml
