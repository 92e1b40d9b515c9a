// Which entries of a policy apply to a host, and what can be said of them without asking any.
#include <algorithm>

#include "reference/base/check.h"
#include "reference/middleware/chain.h"
#include "reference/middleware/limits.h"

namespace sallyport::middleware {
namespace {

bool is_fail_open(const policy::Middleware& config) {
  return config.on_error == policy::OnError::fail_open;
}

}  // namespace

std::vector<Link> select_chain(const policy::Policy& policy, const Registry& registry,
                               std::string_view host) {
  std::vector<Link> chain;
  for (const policy::Middleware& config : policy.network_middlewares) {
    if (!config.endpoints.matches(host)) continue;
    const Implementation* const implementation = registry.find(config.implementation);
    if (implementation != nullptr && !implementation->bindings.http) continue;
    chain.push_back(Link{&config, implementation});
  }
  CHECK(chain.size() <= kStagesMax);
  return chain;
}

std::optional<std::uint64_t> body_limit(const std::vector<Link>& chain) {
  std::optional<std::uint64_t> most;
  for (const Link& link : chain) {
    if (link.implementation == nullptr) continue;
    most = std::max(most.value_or(0), link.implementation->bindings.http->payload_bytes_max);
  }
  return most;
}

bool all_fail_open(const std::vector<Link>& chain) {
  return std::all_of(chain.begin(), chain.end(),
                     [](const Link& link) { return is_fail_open(*link.config); });
}

Uninspectable judge_uninspectable(const policy::Policy& policy, std::string_view host) {
  Uninspectable verdict = Uninspectable::unrestricted;
  for (const policy::Middleware& config : policy.network_middlewares) {
    if (!config.endpoints.matches(host)) continue;
    if (!is_fail_open(config)) return Uninspectable::deny;
    verdict = Uninspectable::bypass_with_finding;
  }
  return verdict;
}

}  // namespace sallyport::middleware
