#include "reference/policy/config_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "reference/http/text.h"

namespace sallyport::policy {
namespace {

using base::yaml::Entry;
using base::yaml::Node;

bool all_of(std::string_view text, std::string_view digits) {
  return !text.empty() && text.find_first_not_of(digits) == std::string_view::npos;
}

// Digits of one base, read as a double; nothing when they are more than one holds exactly.
std::optional<double> exact_integer(std::string_view digits, int base) {
  constexpr std::uint64_t kExactMost = 1ULL << 53U;
  std::uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc{} || end != digits.data() + digits.size() || value > kExactMost) {
    return std::nullopt;
  }
  return static_cast<double>(value);
}

enum class Numeric { no, integer, real, endless };

struct Scalar {
  Numeric kind = Numeric::no;
  int base = 10;
  bool negative = false;
  std::string_view digits;  // of an integer
};

// [0-9]*[.][0-9]*([eE][-+]?[0-9]+)? with a digit before the exponent. Its sign is gone already.
bool is_real(std::string_view text) {
  const std::size_t exponent = text.find_first_of("eE");
  if (exponent != std::string_view::npos) {
    std::string_view power = text.substr(exponent + 1);
    if (power.starts_with('-') || power.starts_with('+')) power.remove_prefix(1);
    if (!all_of(power, "0123456789")) return false;
    text = text.substr(0, exponent);
  }
  const std::size_t dot = text.find('.');
  const std::string_view whole = text.substr(0, dot);
  const std::string_view fraction =
      dot == std::string_view::npos ? std::string_view{} : text.substr(dot + 1);
  const auto digits = [](std::string_view part) {
    return part.empty() || all_of(part, "0123456789");
  };
  return !(whole.empty() && fraction.empty()) && digits(whole) && digits(fraction);
}

Scalar classify(std::string_view text) {
  Scalar scalar;
  if (text.starts_with("0x") && all_of(text.substr(2), "0123456789abcdefABCDEF")) {
    return {Numeric::integer, 16, false, text.substr(2)};
  }
  if (text.starts_with("0o") && all_of(text.substr(2), "01234567")) {
    return {Numeric::integer, 8, false, text.substr(2)};
  }
  static constexpr std::array<std::string_view, 6> kEndless{".inf", ".Inf", ".INF",
                                                            ".nan", ".NaN", ".NAN"};
  std::string_view bare = text;
  if (bare.starts_with('-') || bare.starts_with('+')) {
    scalar.negative = bare.front() == '-';
    bare.remove_prefix(1);
  }
  if (std::find(kEndless.begin(), kEndless.end(), bare) != kEndless.end()) {
    scalar.kind = Numeric::endless;
  } else if (all_of(bare, "0123456789")) {
    scalar.kind = Numeric::integer;
    scalar.digits = bare;
  } else if (is_real(bare)) {
    scalar.kind = Numeric::real;
  }
  return scalar;
}

std::optional<double> value_of(const Scalar& scalar, std::string_view text) {
  if (scalar.kind == Numeric::integer) {
    const auto value = exact_integer(scalar.digits, scalar.base);
    if (!value) return std::nullopt;
    return scalar.negative && *value != 0 ? -*value : *value;
  }
  if (scalar.kind != Numeric::real) return std::nullopt;
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

void write_text(const Node& node, std::string_view text, const Notes& notes, std::string& out) {
  if (!http::is_utf8(text)) notes.complain(node, "this text isn't UTF-8");
  write_string(http::is_utf8(text) ? text : std::string_view{}, out);
}

void write_scalar(const Node& node, const Notes& notes, std::string& out) {
  const std::string& text = node.text;
  const auto is_any = [&text](std::string_view a, std::string_view b, std::string_view c) {
    return text == a || text == b || text == c;
  };
  if (node.quoted) return write_text(node, text, notes, out);
  if (text.empty() || text == "~" || is_any("null", "Null", "NULL")) {
    out += "null";
  } else if (is_any("true", "True", "TRUE")) {
    out += "true";
  } else if (is_any("false", "False", "FALSE")) {
    out += "false";
  } else if (const Scalar scalar = classify(text); scalar.kind != Numeric::no) {
    const auto value = value_of(scalar, text);
    if (!value) {
      notes.complain(node, fmt::format("\"{}\" is no number that a service could be given exactly: "
                                       "quote it to send it as text",
                                       text));
    }
    write_number(value.value_or(0), out);
  } else {
    write_text(node, text, notes, out);
  }
}

// As deep as the document, and that is bounded by the reader of YAML.
void write(const Node& node, const Notes& notes, std::string& out) {
  if (node.is_scalar()) return write_scalar(node, notes, out);
  if (node.is_list()) {
    out += '[';
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      if (i != 0) out += ',';
      write(*node.items[i], notes, out);
    }
    out += ']';
    return;
  }
  std::vector<const Entry*> entries;
  for (const Entry& entry : node.entries) entries.push_back(&entry);
  std::sort(entries.begin(), entries.end(),
            [](const Entry* a, const Entry* b) { return a->key < b->key; });
  out += '{';
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (i != 0) out += ',';
    write_text(*entries[i]->value, entries[i]->key, notes, out);
    out += ':';
    write(*entries[i]->value, notes, out);
  }
  out += '}';
}

}  // namespace

std::string canonical_json(const Node& node, const Notes& notes) {
  std::string out;
  write(node, notes, out);
  return out;
}

void write_number(double number, std::string& out) {
  out += number == 0 ? std::string("0") : fmt::format("{}", number);
}

void write_string(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace sallyport::policy
