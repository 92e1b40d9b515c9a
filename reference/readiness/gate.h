// The runtime-context gate: may an agent's sandbox be told ready, as far as its inference goes? The
// one coroutine that goes through it: host-network downgrade with the bridge's re-check,
// conditions, then the probe, by a command that runs it where the agent runs. Everything that
// touches the machine comes through Runner; nothing here prints.
//
// Follows NVIDIA/NemoClaw, src/lib/onboard/docker-gpu-local-inference.ts (pull request 5024), under
// the rule `observed`; the two other rules are ours (docs/readiness.md).
#pragma once

#include "reference/net/clock.h"
#include "reference/readiness/runner.h"

namespace sallyport::readiness {

// The runner and the clock must outlive it. The last attempt's outcome is the report's.
[[nodiscard]] net::Task<Report> run_gate(Request request, Runner& runner, net::Clock& clock);

}  // namespace sallyport::readiness
