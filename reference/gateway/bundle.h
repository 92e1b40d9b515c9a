// Inference routes as supervisors get them: resolved at every call from the provider's record as it
// is now (docs/adr/0012-provider-records-are-resolved-live.md). Pure. Follows OpenShell
// crates/openshell-server/src/inference.rs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reference/gateway/records.h"

namespace sallyport::gateway {

struct ResolvedRoute {
  std::string name;
  std::string base_url;
  std::vector<std::string> protocols;
  base::Secret api_key;
  std::string model;
  std::string provider_type;  // normal form
  std::uint64_t timeout_s = 0;
};

struct Bundle {
  std::vector<ResolvedRoute> routes;
  std::string revision;  // 16 hexadecimal digits over all that routes hold
};

// INVALID_ARGUMENT: the type has no served profile, no usable key, no usable base URL.
[[nodiscard]] Answer<ResolvedRoute> resolve_route(const std::string& name, const Route& route,
                                                  const Provider& provider, std::int64_t now_ms);

// The route, where one is set. One that can't be resolved fails the whole, as in the field:
// FAILED_PRECONDITION when its provider is gone.
[[nodiscard]] Answer<Bundle> resolve_bundle(const State& state, std::int64_t now_ms);

}  // namespace sallyport::gateway
