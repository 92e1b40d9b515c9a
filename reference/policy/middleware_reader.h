// Reads `network_middlewares` and holds it against the rest of the policy. Part of the loader:
// nobody else includes this. Texts follow OpenShell crates/openshell-policy/src/lib.rs and
// middleware.rs, so that who knows the one knows the other.
#pragma once

#include <string>
#include <vector>

#include "reference/policy/endpoint_reader.h"
#include "reference/policy/model.h"

namespace sallyport::policy {

inline constexpr std::size_t kMiddlewaresMax = 10;       // of a policy; over it: refused
inline constexpr std::size_t kSelectorPatternsMax = 32;  // include and exclude; over it: refused

// By order, then key. Usable only if nothing was complained about. `rules` are those of the same
// document: an entry that must see everything conflicts with an endpoint that can't be inspected.
[[nodiscard]] std::vector<Middleware> read_middlewares(
    base::yaml::MapReader& document, const std::map<std::string, Rule, std::less<>>& rules,
    const Notes& notes);

// Everything that an entry says, in one form: for the policy's revision.
[[nodiscard]] std::string canonical_text(const std::vector<Middleware>& all);

}  // namespace sallyport::policy
