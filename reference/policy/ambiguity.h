// Endpoints of one policy that can be meant by the same connection or request and don't agree on
// what is to be done with it. Policies that a gateway stores or delivers have none; of a file, the
// strictest holds (engine.h). Pure. Follows OpenShell crates/openshell-policy/src/ambiguity.rs.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "reference/policy/model.h"

namespace sallyport::policy {

inline constexpr std::size_t kAmbiguitiesMax = 16;  // that are told; more aren't looked for

// Each in words, `network endpoint ambiguity validation failed: ...`: which two, on which ports,
// and which fields. Whose programs they are for doesn't matter. Empty: none.
//
// Of one host and port, `tls` and `allowed_ips` must agree; of endpoints that say something about
// requests, for paths that overlap and are equally specific, also `protocol`, `enforcement`,
// `allow_encoded_slash` and `credential_binding.provider`.
[[nodiscard]] std::vector<std::string> ambiguities(const Policy& policy);

}  // namespace sallyport::policy
