// What an entry of a script makes of a request: the answer's message, filled up to the octet where
// the script says so. Pure; no header of gRPC's.
#pragma once

#include <string>

#include "simulator/middleware/spec.h"

namespace openshell::middleware::v1 {
class HttpRequestEvaluation;
class HttpRequestResult;
}  // namespace openshell::middleware::v1

namespace sallyport::sim::middleware::server {

// All but `malformed`, delay and status. `service` is its name.
[[nodiscard]] openshell::middleware::v1::HttpRequestResult result_of(
    const Reaction& reaction, const openshell::middleware::v1::HttpRequestEvaluation& request,
    const std::string& service);

}  // namespace sallyport::sim::middleware::server
