// What a middleware selector selects, and what it might. OpenShell
// crates/openshell-core/src/host_pattern.rs.
#include <algorithm>

#include "reference/policy/host_pattern.h"
#include "reference/policy/model.h"

namespace sallyport::policy {
namespace {

// The operator's own route, which no rule leads to. Who writes `**` means the hosts that rules let
// agents reach: this one is selected by its name alone (docs/adr/0020).
constexpr std::string_view kManagedHost = "inference.local";

bool is_managed(std::string_view host) {
  return host.size() == kManagedHost.size() && normalise_host(host) == kManagedHost;
}

bool names_managed(const SelectorPattern& pattern) {
  return pattern.is_literal() && pattern.text() == kManagedHost;
}

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
  const bool included = is_managed(host)
                            ? std::any_of(include.begin(), include.end(), names_managed)
                            : any_matches(include, host);
  return included && !any_matches(exclude, host);
}

bool HostSelector::may_match(const SelectorPattern& candidate) const {
  return std::any_of(include.begin(), include.end(), [&](const SelectorPattern& pattern) {
    return !names_managed(pattern) && pattern.overlaps(candidate) &&
           !is_excluded(exclude, pattern, candidate);
  });
}

}  // namespace sallyport::policy
