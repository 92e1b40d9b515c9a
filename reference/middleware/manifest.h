// What an operator's registration and a service's manifest must be like, and what the two come to
// together. Reasons hold no text of the service. Pure.
//
// Follows OpenShell crates/openshell-supervisor-middleware/src/lib.rs.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "reference/middleware/registry.h"

namespace openshell::middleware::v1 {
class MiddlewareManifest;
}

namespace sallyport::middleware {

// `500ms`, `2s`, blanks around it; empty: 500 ms. Nothing for another form, or outside 10 ms to
// 30 s.
[[nodiscard]] std::optional<base::Duration> parse_timeout(std::string_view text);
[[nodiscard]] base::Duration slowed(base::Duration duration, double slow);

// Why it is refused before anybody is called, or nothing.
[[nodiscard]] std::optional<std::string> registration_fault(const Registration& registration);
// Why what it says of itself is refused, or nothing. Of a sound registration.
[[nodiscard]] std::optional<std::string> manifest_fault(
    const Registration& registration,
    const openshell::middleware::v1::MiddlewareManifest& manifest);

// Both sound. Without its stage.
[[nodiscard]] Implementation describe(const Registration& registration,
                                      const openshell::middleware::v1::MiddlewareManifest& manifest,
                                      double slow);

}  // namespace sallyport::middleware
