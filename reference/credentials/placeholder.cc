#include "reference/credentials/placeholder.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "reference/credentials/store.h"

namespace sallyport::credentials {
namespace {

constexpr std::size_t kHandleDigits = 64;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_key_char(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_lower_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_key(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_key_char);
}

// The size of `v<digits>` or `s<64 hex>` before a `_` and something more; 0 if it isn't there.
std::size_t qualifier_size(std::string_view text) {
  const std::size_t end = text.find('_');
  if (end == std::string_view::npos || end < 2 || end + 1 == text.size()) return 0;
  const std::string_view body = text.substr(1, end - 1);
  const bool revision = text[0] == 'v' && std::all_of(body.begin(), body.end(), is_digit);
  const bool handle = text[0] == 's' && body.size() == kHandleDigits &&
                      std::all_of(body.begin(), body.end(), is_lower_hex);
  return revision || handle ? end : 0;
}

bool holds_marker(std::string_view text) {
  return text.find(kMarker) != std::string_view::npos ||
         text.find(kAliasMarker) != std::string_view::npos;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
    if (low < 0) {
      out.push_back(text[i]);
      continue;
    }
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return out;
}

}  // namespace

std::optional<Placeholder> read_placeholder(std::string_view token) {
  if (!token.starts_with(kMarker)) return std::nullopt;
  const std::string_view rest = token.substr(kMarker.size());
  const std::size_t end = qualifier_size(rest);
  if (end == 0 || rest[0] != 'v') return std::nullopt;
  Placeholder found;
  const std::string_view digits = rest.substr(1, end - 1);
  const auto read = std::from_chars(digits.begin(), digits.end(), found.revision);
  // A leading zero would be a second spelling of the same revision.
  const bool canonical = digits.size() == 1 || digits.front() != '0';
  if (read.ec != std::errc() || !canonical) return std::nullopt;
  found.key = rest.substr(end + 1);
  if (!is_key(found.key)) return std::nullopt;
  return found;
}

std::size_t token_size(std::string_view text) {
  const auto rest = text.substr(kMarker.size());
  const auto end = std::find_if_not(rest.begin(), rest.end(), is_key_char);
  return kMarker.size() + static_cast<std::size_t>(end - rest.begin());
}

std::string write_placeholder(std::uint64_t revision, std::string_view key) {
  return fmt::format("{}v{}_{}", kMarker, revision, key);
}

bool is_usable_key(std::string_view key) { return is_key(key) && qualifier_size(key) == 0; }

bool holds_placeholder(std::string_view text) {
  if (holds_marker(text)) return true;
  return text.find('%') != std::string_view::npos && holds_marker(percent_decoded(text));
}

}  // namespace sallyport::credentials
