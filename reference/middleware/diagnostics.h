// Names and texts that stages give: which are legal, and what of them may reach a log. Pure.
//
// Follows OpenShell crates/openshell-supervisor-middleware/src/lib.rs.
#pragma once

#include <string>
#include <string_view>

namespace sallyport::middleware {

// 1 to 128 of `[A-Za-z0-9._/-]`: the name of a registration.
[[nodiscard]] bool is_stable_name(std::string_view name);
// 1 to 64 octets, `^[a-z][a-z0-9_]*$`.
[[nodiscard]] bool is_reason_code(std::string_view code);
// `[A-Za-z0-9_:\- ]` of the first characters alone, 160 at most.
[[nodiscard]] std::string sanitised(std::string_view text);
// A config's key within a reason: what isn't `[A-Za-z0-9_-]` becomes `_`, 128 at most.
[[nodiscard]] std::string reason_key(std::string_view key);
// `low`, `high` or, for everything else, `medium`.
[[nodiscard]] std::string_view severity_of(std::string_view text);

}  // namespace sallyport::middleware
