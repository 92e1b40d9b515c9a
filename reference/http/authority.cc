#include "reference/http/authority.h"

#include <algorithm>
#include <charconv>

#include "reference/http/text.h"
#include "reference/net/address.h"

namespace sallyport::http {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= 63 &&
         std::all_of(label.begin(), label.end(), [](char c) {
           return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                  c == '_';
         });
}

// What a lenient resolver (inet_aton) may read as a number: `1`, `0x7f`, `0X`.
bool is_numeric_label(std::string_view label) {
  if (label.size() >= 2 && label[0] == '0' && (label[1] == 'x' || label[1] == 'X')) {
    return std::all_of(label.begin() + 2, label.end(), [](char c) { return hex_value(c) >= 0; });
  }
  return std::all_of(label.begin(), label.end(), is_digit);
}

bool is_name(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > 253) return false;
  std::string_view label;
  while (true) {
    const std::size_t dot = text.find('.');
    label = text.substr(0, dot);
    if (!is_label(label)) return false;
    if (dot == std::string_view::npos) break;
    text.remove_prefix(dot + 1);
  }
  return !is_numeric_label(label);
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  if (text.empty() || text.size() > 5 || text[0] == '0') return std::nullopt;
  if (!std::all_of(text.begin(), text.end(), is_digit)) return std::nullopt;
  unsigned value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  if (value > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(value);
}

std::optional<std::string> normal_v6(std::string_view text) {
  if (text.find(':') == std::string_view::npos) return std::nullopt;
  const auto address = net::IpAddress::parse(text);
  if (!address || address->is_v4()) return std::nullopt;
  return address->to_string();
}

base::Result<Authority> parse(std::string_view text, std::optional<std::uint16_t> default_port) {
  if (text.find('@') != std::string_view::npos) return HttpErrc::userinfo;
  std::optional<std::string> host;
  std::string_view rest;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return HttpErrc::bad_authority;
    host = normal_v6(text.substr(1, end - 1));
    rest = text.substr(end + 1);
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    host = normal_host(text.substr(0, colon));
    rest = text.substr(colon);
  }
  if (!host) return HttpErrc::bad_authority;
  std::optional<std::uint16_t> port = default_port;
  if (!rest.empty()) port = rest[0] == ':' ? parse_port(rest.substr(1)) : std::nullopt;
  if (!port) return HttpErrc::bad_authority;
  return Authority{*std::move(host), *port};
}

bool is_v6(std::string_view host) { return host.find(':') != std::string_view::npos; }

}  // namespace

std::string Authority::to_string(std::uint16_t default_port) const {
  if (port != default_port) return to_string();
  return is_v6(host) ? "[" + host + "]" : host;
}

std::string Authority::to_string() const {
  const std::string number = std::to_string(port);
  return is_v6(host) ? "[" + host + "]:" + number : host + ":" + number;
}

std::optional<std::string> normal_host(std::string_view text) {
  if (is_v6(text)) return normal_v6(text);
  if (is_name(text)) return lower(text);
  const auto address = net::IpAddress::parse(text);
  if (!address || !address->is_v4()) return std::nullopt;
  return std::string(text);
}

base::Result<Authority> parse_authority(std::string_view text) { return parse(text, std::nullopt); }

base::Result<Authority> parse_authority(std::string_view text, std::uint16_t default_port) {
  return parse(text, default_port);
}

bool authority_matches(std::string_view text, std::uint16_t default_port, const Authority& tunnel) {
  const auto authority = parse_authority(text, default_port);
  return authority && *authority == tunnel;
}

}  // namespace sallyport::http
