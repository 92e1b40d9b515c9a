#include "reference/middleware/diagnostics.h"

#include <algorithm>

#include "reference/http/text.h"
#include "reference/middleware/limits.h"

namespace sallyport::middleware {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alphanumeric(char c) { return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z'); }

bool is_among(char c, std::string_view others) {
  return is_alphanumeric(c) || others.find(c) != std::string_view::npos;
}

}  // namespace

bool is_stable_name(std::string_view name) {
  return !name.empty() && name.size() <= kNameBytesMax &&
         std::all_of(name.begin(), name.end(), [](char c) { return is_among(c, "._/-"); });
}

bool is_reason_code(std::string_view code) {
  return !code.empty() && code.size() <= kReasonCodeBytesMax && is_lower(code.front()) &&
         std::all_of(code.begin(), code.end(),
                     [](char c) { return is_lower(c) || is_digit(c) || c == '_'; });
}

std::string sanitised(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (out.size() == kDiagnosticBytesMax) break;
    if (is_among(c, "_:- ")) out += c;
  }
  return out;
}

std::string reason_key(std::string_view key) {
  std::string out(key.substr(0, kReasonKeyBytesMax));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return !is_among(c, "_-"); }, '_');
  return out;
}

std::string_view severity_of(std::string_view text) {
  if (http::equal_ignoring_case(text, "high")) return "high";
  if (http::equal_ignoring_case(text, "low")) return "low";
  return "medium";
}

}  // namespace sallyport::middleware
