// The control side of steps: what changes configuration, keys, faults and processes. A control step
// is done when what it changed is in force, or rejected; its facts say which.
#pragma once

#include "simulator/runner/stage.h"

namespace sallyport::sim::runner {

// Whether `step` has a control verb, but `pause`.
[[nodiscard]] bool is_control(const scenario::Step& step);

// Performs it and returns its facts (class, code, detail).
[[nodiscard]] net::Task<agents::Facts> perform_control(Stage& stage, const scenario::Step& step);

}  // namespace sallyport::sim::runner
