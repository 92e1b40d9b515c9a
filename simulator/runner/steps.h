// Performs a cell's steps on its stage: in the order of the file, each when its `after` has
// happened, in the background where it says so. Waits for events, never for a time. Facts go into
// the journal (`done`) and the stage's records; nothing is judged here but `retry`'s condition.
#pragma once

#include "simulator/runner/stage.h"

namespace sallyport::sim::runner {

// Returns when all steps are done, or at `deadline`; whatever still runs then is cancelled by the
// caller, through the stage's group.
[[nodiscard]] net::Task<void> perform_steps(Stage& stage, base::TimePoint deadline);

// After the steps: until each `eventually` of the cell is met, or late as the judge counts it.
[[nodiscard]] net::Task<void> await_eventually(Stage& stage);

// One command of a `run` step; its facts. `nonce` is the step's.
[[nodiscard]] net::Task<agents::Facts> run_command(Stage& stage, const scenario::Step& step,
                                                   std::string nonce);

// The gate of a `gate` step; its facts.
[[nodiscard]] net::Task<agents::Facts> run_gate(Stage& stage, const scenario::Step& step,
                                                std::string nonce);

}  // namespace sallyport::sim::runner
