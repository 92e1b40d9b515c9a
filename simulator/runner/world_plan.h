// What a cell's world must see of the machine's files, wherever they are: the programs, the
// scenario, the subject and its description.
#pragma once

#include "simulator/runner/scheduler.h"
#include "simulator/world/clone_world.h"

namespace sallyport::sim::runner {

// Without a run folder and a home.
[[nodiscard]] world::WorldPlan plan_for(const RunOptions& options,
                                        const scenario::Scenario& scenario,
                                        const subject::Description& subject);

}  // namespace sallyport::sim::runner
