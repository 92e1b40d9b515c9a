// Prints a loaded scenario in its own language with every default written out. Pure. What it
// prints loads again to the same cells; a value that comes whole from the matrix stays as it is.
#pragma once

#include <string>

#include "simulator/scenario/scenario.h"

namespace sallyport::sim::scenario {

[[nodiscard]] std::string to_yaml(const Scenario& scenario);

}  // namespace sallyport::sim::scenario
