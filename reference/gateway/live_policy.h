// A sandbox's policy beside what its supervisor says of it: which policy may follow another while
// it runs, and what the supervisor made of the one in force. Pure.
#pragma once

#include <optional>
#include <string>

#include "reference/gateway/records.h"

namespace openshell::sandbox::v1 {
class SandboxPolicy;
}

namespace sallyport::gateway {

// Nothing when every live sandbox that `place` concerns may go on under `next`, else why not: a
// sandbox's name, or empty for all that the global policy is in force for. What is authored is
// compared, not what supervisors added to it.
[[nodiscard]] std::optional<std::string> live_fault(const State& state, std::string_view sandbox,
                                                    const PolicyRecord& next);

// The policy as a supervisor reports it, without the entries that it made of providers
// (`_provider_*`). ABORTED when it isn't one of `authored`: the sections that hold for less than a
// sandbox's life are another's. INVALID_ARGUMENT when it takes away from what is authored, or no
// supervisor could load it. Its version is that of `authored`.
[[nodiscard]] Answer<PolicyRecord> effective_of(
    const openshell::sandbox::v1::SandboxPolicy& reported, const PolicyRecord& authored);

// The message of a document that was admitted.
[[nodiscard]] openshell::sandbox::v1::SandboxPolicy message_of(const PolicyRecord& record);

}  // namespace sallyport::gateway
