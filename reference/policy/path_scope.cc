#include "reference/policy/path_scope.h"

#include <algorithm>

namespace sallyport::policy {
namespace {

constexpr std::string_view kBelow = "/**";
// `*` crosses `/` in a scope: no character of a path is a separator to it.
constexpr char kNoSeparator = '\0';

bool is_any(std::string_view text) { return text == "**" || text == kBelow; }

}  // namespace

std::optional<std::string> PathScope::fault(std::string_view text) {
  if (!text.starts_with('/') && text != "**")
    return "an endpoint's path begins with `/`, or is `**`";
  if (is_any(text)) return std::nullopt;
  return Glob::fault(text);
}

std::optional<PathScope> PathScope::parse(std::string_view text) {
  if (fault(text)) return std::nullopt;
  PathScope scope;
  scope.text_ = text;
  if (is_any(text)) return scope;
  if (text.ends_with(kBelow)) {
    text.remove_suffix(kBelow.size());
    if (text.find_first_of("*?[]{}\\") == std::string_view::npos) {
      scope.base_ = text;
      return scope;
    }
    text = scope.text_;
  }
  scope.glob_ = Glob::parse(text, kNoSeparator);
  return scope;
}

bool PathScope::matches(std::string_view canonical_path) const {
  if (glob_) {
    // `P/**` with a wildcard in P is for P itself too.
    if (glob_->matches(canonical_path)) return true;
    return text_.ends_with(kBelow) && glob_->matches(std::string(canonical_path) + '/');
  }
  if (base_.empty()) return true;
  if (!canonical_path.starts_with(base_)) return false;
  return canonical_path.size() == base_.size() || canonical_path[base_.size()] == '/';
}

std::size_t PathScope::specificity() const {
  return static_cast<std::size_t>(
      std::count_if(text_.begin(), text_.end(), [](char c) { return c != '*'; }));
}

}  // namespace sallyport::policy
