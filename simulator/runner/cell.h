// Runs one cell as pid 1 of its world: builds the stage, performs the steps, takes everything down,
// judges. Called once per process.
#pragma once

#include "simulator/runner/result.h"
#include "simulator/runner/stage.h"

namespace sallyport::sim::runner {

// `world_began`: when the scheduler began to make the world. `lifeline`: see world/lifeline.h.
[[nodiscard]] CellResult run_cell(const scenario::Scenario& scenario, const scenario::Cell& cell,
                                  const StageOptions& options, base::TimePoint world_began,
                                  int lifeline);

// A result without a verdict of its own, for a cell that was not run or couldn't be.
[[nodiscard]] CellResult blank_result(const scenario::Scenario& scenario,
                                      const scenario::Cell& cell);

}  // namespace sallyport::sim::runner
