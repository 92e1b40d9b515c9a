// Back from the tree to text: YAML for people, JSON for `json` places.
#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>

#include "reference/base/yaml.h"

namespace sallyport::base::yaml {
namespace {

using JsonWriter = rapidjson::Writer<rapidjson::StringBuffer>;

bool could_be_misread(const std::string& text) {
  static constexpr std::array<std::string_view, 12> kGuesses{
      "yes", "no", "on", "off", "y", "n", "true", "false", "null", "~", "<<", ""};
  std::string lower = text;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(kGuesses.begin(), kGuesses.end(), lower) != kGuesses.end();
}

bool plain_is_safe(const std::string& text) {
  if (could_be_misread(text)) return false;
  for (const char c : text) {
    const bool word = (std::isalnum(static_cast<unsigned char>(c)) != 0) || c == '_' || c == '-' ||
                      c == '.' || c == '/' || c == '$' || c == '(' || c == ')' || c == '+' ||
                      c == ' ';
    if (!word) return false;
  }
  return (std::isalnum(static_cast<unsigned char>(text[0])) != 0 || text[0] == '/' ||
          text[0] == '$') &&
         text.back() != ' ';
}

std::string quoted(const std::string& text) {
  rapidjson::StringBuffer buffer;
  JsonWriter writer(buffer);
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  return std::string(buffer.GetString(), buffer.GetSize());
}

std::string scalar_text(const Node& node) {
  if (!node.quoted && !node.text.empty() && !could_be_misread(node.text) &&
      plain_is_safe(node.text)) {
    return node.text;
  }
  for (const std::string_view word : {"true", "false", "null", "~"}) {
    if (!node.quoted && node.text == word) return node.text;
  }
  const bool negative = node.text.size() > 1 && node.text[0] == '-' &&
                        std::isdigit(static_cast<unsigned char>(node.text[1])) != 0;
  if (!node.quoted && negative && plain_is_safe(node.text.substr(1))) return node.text;
  return node.quoted && plain_is_safe(node.text) &&
                 std::isalpha(static_cast<unsigned char>(node.text[0])) != 0
             ? node.text
             : quoted(node.text);
}

void emit_into(const Node& node, int indent, std::string& out);

void emit_value(const Node& node, int indent, std::string& out) {
  if (node.is_scalar()) {
    out += " " + scalar_text(node) + "\n";
  } else if (node.is_map() && node.entries.empty()) {
    out += " {}\n";
  } else if (node.is_list() && node.items.empty()) {
    out += " []\n";
  } else {
    out += "\n";
    emit_into(node, indent, out);
  }
}

std::string key_text(const std::string& key) {
  return !key.empty() && plain_is_safe(key) ? key : quoted(key);
}

void emit_into(const Node& node, int indent, std::string& out) {
  const std::string margin(static_cast<std::size_t>(indent), ' ');
  if (node.is_scalar()) {
    out += margin + scalar_text(node) + "\n";
  } else if (node.is_map()) {
    for (const Entry& entry : node.entries) {
      out += margin + key_text(entry.key) + ":";
      emit_value(*entry.value, indent + 2, out);
    }
  } else {
    for (const NodePtr& item : node.items) {
      std::string inner;
      emit_into(*item, indent + 2, inner);
      if ((item->is_map() && item->entries.empty()) || (item->is_list() && item->items.empty())) {
        inner = std::string(static_cast<std::size_t>(indent) + 2, ' ') +
                (item->is_map() ? "{}\n" : "[]\n");
      }
      inner[static_cast<std::size_t>(indent)] = '-';
      out += inner;
    }
  }
}

bool looks_like_core_integer(const std::string& text) {
  std::size_t at = (text[0] == '-' || text[0] == '+') ? 1 : 0;
  if (at == text.size()) return false;
  for (; at < text.size(); ++at) {
    if (std::isdigit(static_cast<unsigned char>(text[at])) == 0) return false;
  }
  return true;
}

// YAML 1.2's core schema: null, booleans, decimal numbers; all else is text.
void write_plain(const std::string& text, JsonWriter& writer) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
    writer.Null();
    return;
  }
  if (text == "true" || text == "True" || text == "TRUE") {
    writer.Bool(true);
    return;
  }
  if (text == "false" || text == "False" || text == "FALSE") {
    writer.Bool(false);
    return;
  }
  const char* const first = text.data() + (text[0] == '+' ? 1 : 0);
  const char* const last = text.data() + text.size();
  if (looks_like_core_integer(text)) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(first, last, number);
    if (error == std::errc{} && end == last) {
      writer.Int64(number);
      return;
    }
  }
  const bool numeric = std::isdigit(static_cast<unsigned char>(text[0])) != 0 || text[0] == '-' ||
                       text[0] == '+' || text[0] == '.';
  double real = 0;
  if (numeric) {
    const auto [end, error] = std::from_chars(first, last, real);
    if (error == std::errc{} && end == last && std::isfinite(real)) {
      writer.Double(real);
      return;
    }
  }
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void write_json(const Node& node, JsonWriter& writer) {
  switch (node.kind) {
    case Node::Kind::scalar:
      if (node.quoted) {
        writer.String(node.text.data(), static_cast<rapidjson::SizeType>(node.text.size()));
      } else {
        write_plain(node.text, writer);
      }
      return;
    case Node::Kind::list:
      writer.StartArray();
      for (const NodePtr& item : node.items) write_json(*item, writer);
      writer.EndArray();
      return;
    case Node::Kind::map:
      writer.StartObject();
      for (const Entry& entry : node.entries) {
        writer.Key(entry.key.data(), static_cast<rapidjson::SizeType>(entry.key.size()));
        write_json(*entry.value, writer);
      }
      writer.EndObject();
      return;
  }
}

}  // namespace

std::string emit(const Node& node) {
  std::string out;
  if (node.is_map() && node.entries.empty()) return "{}\n";
  if (node.is_list() && node.items.empty()) return "[]\n";
  emit_into(node, 0, out);
  return out;
}

std::string to_json(const Node& node) {
  rapidjson::StringBuffer buffer;
  JsonWriter writer(buffer);
  write_json(node, writer);
  return std::string(buffer.GetString(), buffer.GetSize());
}

}  // namespace sallyport::base::yaml
