// Asks implementations whether the configs that a policy holds for them mean something. What can be
// judged without asking, the policy's loader has judged already. On the loop.
//
// Follows OpenShell crates/openshell-supervisor-middleware/src/lib.rs validate_config.
#pragma once

#include <string>
#include <vector>

#include "reference/middleware/registry.h"
#include "reference/net/clock.h"
#include "reference/policy/model.h"

namespace sallyport::middleware {

// An entry that its implementation doesn't accept, or that nobody could be asked about.
struct ConfigFault {
  std::string config;  // its key in the policy
  std::string reason;  // sanitised: fit for a log and for the author of the policy
};

// In the order of the policy; empty: all are sound. Entries are asked about at the same time, each
// within its operator's timeout. Policy and registry must stay until it ends.
[[nodiscard]] net::Task<std::vector<ConfigFault>> validate_configs(const policy::Policy& policy,
                                                                   const Registry& registry,
                                                                   const net::Clock& clock);

// `middleware config 'K' is invalid: <reason>`, a line each; no line's end after the last.
[[nodiscard]] std::string to_text(const std::vector<ConfigFault>& faults);

}  // namespace sallyport::middleware
