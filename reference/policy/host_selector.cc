// What a middleware selector selects, and what it might. OpenShell
// crates/openshell-core/src/host_pattern.rs.
#include <algorithm>

#include "reference/policy/model.h"

namespace sallyport::policy {
namespace {

bool any_matches(const std::vector<SelectorPattern>& patterns, std::string_view host) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [host](const SelectorPattern& pattern) { return pattern.matches(host); });
}

// Whether `exclude` takes away everything that both patterns match. Of two globs that can be told
// only where one of the exclusions plainly covers one of them.
bool is_excluded(const std::vector<SelectorPattern>& exclude, const SelectorPattern& include,
                 const SelectorPattern& candidate) {
  if (candidate.is_literal()) return any_matches(exclude, candidate.text());
  if (include.is_literal()) return any_matches(exclude, include.text());
  return std::any_of(exclude.begin(), exclude.end(), [&](const SelectorPattern& pattern) {
    return pattern.text() == "**" || pattern.text() == include.text() ||
           pattern.text() == candidate.text();
  });
}

}  // namespace

bool HostSelector::matches(std::string_view host) const {
  return any_matches(include, host) && !any_matches(exclude, host);
}

bool HostSelector::may_match(const SelectorPattern& candidate) const {
  return std::any_of(include.begin(), include.end(), [&](const SelectorPattern& pattern) {
    return pattern.overlaps(candidate) && !is_excluded(exclude, pattern, candidate);
  });
}

}  // namespace sallyport::policy
