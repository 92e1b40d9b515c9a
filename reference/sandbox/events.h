// What a sandbox tells the audit: attempts to get past the proxy, and how its files are confined.
// Pure. Shapes follow OpenShell crates/openshell-supervisor-process/src/bypass_monitor.rs and
// sandbox/linux/landlock.rs.
#pragma once

#include <string>
#include <vector>

#include "reference/audit/event.h"
#include "reference/linux/bypass_filter.h"
#include "reference/sandbox/plan.h"

namespace sallyport::sandbox {

// A refusal on the network, and the finding that goes with it.
[[nodiscard]] std::vector<audit::Event> bypass_events(const linux::BypassAttempt& attempt);

// What whoever wrote the agent's program can do about it.
[[nodiscard]] std::string bypass_hint(const linux::BypassAttempt& attempt);

// How the sandbox stands, once at its start.
[[nodiscard]] std::vector<audit::Event> start_events(const Plan& plan, const Report& report);

// `added`: the paths of the baseline.
[[nodiscard]] audit::Event enriched_event(const std::vector<std::string>& added);

}  // namespace sallyport::sandbox
