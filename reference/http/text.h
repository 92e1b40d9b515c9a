// The characters and comparisons of HTTP's grammar. Pure, allocates nothing but what it returns.
#pragma once

#include <string>
#include <string_view>

namespace sallyport::http {

[[nodiscard]] bool is_token(std::string_view text);  // RFC 9110 tchar, at least one
// HTAB, 0x20-0x7E and 0x80 up.
[[nodiscard]] bool is_field_value(std::string_view text);
// Without overlong forms, surrogates and what lies beyond U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text);
// ASCII only.
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);
[[nodiscard]] std::string lower(std::string_view text);
[[nodiscard]] std::string upper(std::string_view text);
// Without spaces and tabs around it.
[[nodiscard]] std::string_view trim(std::string_view text);
// Value of a hexadecimal digit, or -1.
[[nodiscard]] int hex_value(char digit);

// Calls `visit(element)` for each element of a comma-separated list, trimmed, empty ones included
// (an empty text has none). Stops and returns false as soon as `visit` does.
template <class Visit>
bool for_each_element(std::string_view list, Visit&& visit) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    if (!visit(trim(list.substr(0, comma)))) return false;
    if (comma == std::string_view::npos) return true;
    list.remove_prefix(comma + 1);
  }
  return true;
}

}  // namespace sallyport::http
