// What a cell's world must see of the machine's files, wherever they are: the programs, the
// scenario and the checkout that it lies in, the subject and its description.
#pragma once

#include <string>

#include "simulator/runner/scheduler.h"
#include "simulator/world/clone_world.h"

namespace sallyport::sim::runner {

// The project that an absolute path lies in: the nearest folder above with a `.git`, else the one
// that holds the outermost `scenarios`; empty when there is neither. What a command of a scenario
// names by `..` is there.
[[nodiscard]] std::string checkout_of(const std::string& folder);

// Without a run folder and a home.
[[nodiscard]] world::WorldPlan plan_for(const RunOptions& options,
                                        const scenario::Scenario& scenario,
                                        const subject::Description& subject);

}  // namespace sallyport::sim::runner
