// Faults: how each kind is made for each sort of target, and what it touches (`hit`, `attempt`).
#pragma once

#include <string>

#include "simulator/runner/stage.h"

namespace sallyport::sim::runner {

// The facts of a `fault` step; in force when it returns `ok`.
[[nodiscard]] net::Task<agents::Facts> begin_fault(Stage& stage, std::string step,
                                                   scenario::Fault fault, base::TimePoint deadline);
// Ends what `step` began; nothing when it began nothing.
[[nodiscard]] net::Task<agents::Facts> lift_fault(Stage& stage, std::string step,
                                                  base::TimePoint deadline);

// Journals `hit` of the fault that `step` began. `from`: the host that ran into it; `caused_by`:
// the step that did; `on`: the target's connection. Empty where it isn't known.
void note_fault_hit(Stage& stage, const std::string& step, base::TimePoint at, std::string from,
                    std::string caused_by, std::string on);

// Whether a kind is made of packets, or told by them: it needs the packet filter.
[[nodiscard]] bool needs_packets(scenario::FaultKind kind);

}  // namespace sallyport::sim::runner
