// What a scenario says about itself: the claim, what it reproduces or requires, what it must catch,
// what it needs. The same in every cell.
#pragma once

#include "simulator/scenario/load.h"
#include "simulator/scenario/tree.h"

namespace sallyport::sim::scenario {

void decode_header(const Node& root, const LoadOptions& options, Scenario& scenario,
                   Complaints& complaints);

}  // namespace sallyport::sim::scenario
