// When the gate has something to say, and when a wish for the machine's network is taken back.
// Pure. The conditions are those of NVIDIA/NemoClaw, src/lib/onboard/docker-gpu-local-inference.ts;
// that the GPU, the driver and the platform count for the gate too is its form at pull request
// 5024.
#pragma once

#include <string_view>

#include "reference/readiness/request.h"

namespace sallyport::readiness {

[[nodiscard]] bool is_local(std::string_view kind);
// For people; a kind that has none is its own.
[[nodiscard]] std::string_view label(std::string_view kind);

// The reason why nothing is asked; empty: the gate applies.
[[nodiscard]] std::string_view skip_reason(const Request& request);

// `host` or `preserve`.
[[nodiscard]] std::string_view network_mode(std::string_view asked);
// Whether `host` becomes `preserve`, and the bridge must be looked at again.
[[nodiscard]] bool takes_host_network_back(const Request& request);

}  // namespace sallyport::readiness
