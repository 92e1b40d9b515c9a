// The services of a policy, asked over gRPC: is this configuration yours? The AskServices of the
// program (admission.h).
#pragma once

#include <string>
#include <vector>

#include "reference/gateway/records.h"
#include "reference/policy/model.h"

namespace sallyport::gateway {

// Connects to each registration, afresh, and waits as long as their timeouts say, in the calling
// thread. Any thread. A registration that can't be reached is a refusal like any other.
[[nodiscard]] std::string ask_services(const policy::Policy& policy,
                                       const std::vector<Registration>& registrations);

}  // namespace sallyport::gateway
