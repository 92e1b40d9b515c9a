// What runs in the sandbox, as text for `sh -c`. Pure. The options of curl are the field's
// (NVIDIA/NemoClaw, docker-gpu-local-inference.ts): no -k, so the sandbox's trust store is tried;
// no --proxy, so its environment is; no -L.
#pragma once

#include <string>

#include "reference/readiness/request.h"

namespace sallyport::readiness {

// Prints `NO_CURL`, or a last line with the status: `HTTP_200`, and `000` after it when curl failed
// (observed, strict), or the answer's body and `HTTP_200 000 0 CURL_0` (invocation). Facts go to
// standard error (facts.h).
[[nodiscard]] std::string probe_script(const Request& request);

// Whole seconds: nc knows no others.
[[nodiscard]] std::string bridge_script(const Request& request);

// For curl: `5`, `0.2`.
[[nodiscard]] std::string seconds(ms time);

}  // namespace sallyport::readiness
