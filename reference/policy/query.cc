#include "reference/policy/query.h"

#include "reference/http/text.h"

namespace sallyport::policy {
namespace {

std::optional<std::string> decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '+') c = ' ';
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = http::hex_value(text[i + 1]);
      const int low = http::hex_value(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0') return std::nullopt;
    out.push_back(c);
  }
  if (!http::is_utf8(out)) return std::nullopt;
  return out;
}

}  // namespace

std::optional<Parameters> decode_query(std::string_view query) {
  Parameters found;
  while (!query.empty()) {
    const std::string_view one = query.substr(0, query.find('&'));
    query.remove_prefix(one.size() < query.size() ? one.size() + 1 : query.size());
    if (one.empty()) continue;
    const std::size_t equals = one.find('=');
    auto key = decode(one.substr(0, equals));
    auto value = equals == std::string_view::npos ? std::string() : decode(one.substr(equals + 1));
    if (!key || !value) return std::nullopt;
    found.emplace_back(std::move(*key), std::move(*value));
  }
  return found;
}

}  // namespace sallyport::policy
