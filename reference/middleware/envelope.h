// The bounds of what a stage is given and of what it answers, whatever the two mean. Pure.
//
// Follows OpenShell crates/openshell-supervisor-middleware/src/lib.rs.
#pragma once

#include <optional>
#include <string_view>

namespace openshell::middleware::v1 {
class HttpRequestEvaluation;
class HttpRequestResult;
}  // namespace openshell::middleware::v1

namespace sallyport::middleware {

// The failure code of the first bound that is broken (limits.h).
[[nodiscard]] std::optional<std::string_view> request_fault(
    const openshell::middleware::v1::HttpRequestEvaluation& request);
[[nodiscard]] std::optional<std::string_view> response_fault(
    const openshell::middleware::v1::HttpRequestResult& result);

}  // namespace sallyport::middleware
