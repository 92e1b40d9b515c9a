#include "reference/credentials/placeholder.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "reference/credentials/store.h"

namespace sallyport::credentials {
namespace {

constexpr std::size_t kHandleDigits = 64;
constexpr std::string_view kRedacted = "[CREDENTIAL]";

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

bool is_prefix_char(char c) { return is_key_char(c) || c == '.' || c == '~' || c == '-'; }

// Where the placeholder at or around a marker lies in a text; size 0: there is none.
struct Extent {
  std::size_t at = 0;
  std::size_t size = 0;
  bool sound = false;
};

Extent first_placeholder(std::string_view text) {
  const std::size_t plain = text.find(kMarker);
  const std::size_t alias = text.find(kAliasMarker);
  Extent found;
  if (plain < alias) {
    found.at = plain;
    found.size = token_size(text.substr(plain));
    found.sound = found.size > kMarker.size();
  } else if (alias != std::string_view::npos) {
    found.at = alias;
    while (found.at > 0 && is_prefix_char(text[found.at - 1])) --found.at;
    std::size_t end = alias + kAliasMarker.size();
    const std::size_t key = end;
    while (end < text.size() && is_key_char(text[end])) ++end;
    found.size = end - found.at;
    found.sound = found.at < alias && end > key;
  }
  return found;
}

std::string redact_segment(std::string_view segment) {
  std::string out;
  for (Extent next = first_placeholder(segment); next.size > 0; next = first_placeholder(segment)) {
    out.append(segment.substr(0, next.at)).append(kRedacted);
    segment.remove_prefix(next.at + next.size);
  }
  out.append(segment);
  return holds_placeholder(out) ? std::string(kRedacted) : out;
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

bool holds_malformed_placeholder(std::string_view target) {
  const std::string decoded = percent_decoded(target);
  std::string_view rest = decoded;
  for (Extent next = first_placeholder(rest); next.size > 0; next = first_placeholder(rest)) {
    if (!next.sound) return true;
    rest.remove_prefix(next.at + next.size);
  }
  return false;
}

std::string redact_path(std::string_view path) {
  if (!holds_placeholder(path)) return std::string(path);
  std::string out;
  while (true) {
    const std::size_t end = path.find('/');
    out.append(redact_segment(path.substr(0, end)));
    if (end == std::string_view::npos) return out;
    out.push_back('/');
    path.remove_prefix(end + 1);
  }
}

bool holds_placeholder(std::string_view text) {
  if (holds_marker(text)) return true;
  return text.find('%') != std::string_view::npos && holds_marker(percent_decoded(text));
}

}  // namespace sallyport::credentials
