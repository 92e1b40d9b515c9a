#include <algorithm>

#include "reference/credentials/store.h"
#include "reference/policy/selector_pattern.h"

namespace sallyport::credentials {
namespace {

constexpr std::string_view kBelow = "/**";

// `*` any run, `?` one octet. Linear in the product of both lengths at worst, without recursion.
bool glob_matches(std::string_view pattern, std::string_view text) {
  std::size_t at = 0;
  std::size_t in = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (in < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      resume = in;
    } else if (at < pattern.size() && (pattern[at] == '?' || pattern[at] == text[in])) {
      ++at;
      ++in;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      in = ++resume;
    } else {
      return false;
    }
  }
  return std::all_of(pattern.begin() + static_cast<std::ptrdiff_t>(at), pattern.end(),
                     [](char c) { return c == '*'; });
}

bool path_matches(std::string_view pattern, std::string_view path) {
  if (pattern.empty() || pattern == "**" || pattern == kBelow) return true;
  if (pattern.ends_with(kBelow)) {
    const std::string_view root = pattern.substr(0, pattern.size() - kBelow.size());
    if (root.find_first_of("*?[") == std::string_view::npos) {
      return path == root || (path.starts_with(root) && path.substr(root.size()).starts_with('/'));
    }
  }
  const bool sound =
      pattern.find("**") == std::string_view::npos && pattern.find('[') == std::string_view::npos;
  return sound ? glob_matches(pattern, path) : pattern == path;
}

}  // namespace

bool leads_to(const Binding& binding, const Endpoint& endpoint) {
  if (binding.port == 0 || binding.port != endpoint.port) return false;
  const auto host = policy::SelectorPattern::parse(binding.host);
  return host && host->matches(endpoint.host);
}

bool allows(const Binding& binding, const Endpoint& endpoint) {
  return leads_to(binding, endpoint) && path_matches(binding.path, endpoint.path);
}

}  // namespace sallyport::credentials
