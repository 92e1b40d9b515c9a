// What repeated runs of cells came to, as text. Pure.
#pragma once

#include <string>

#include "simulator/runner/result.h"

namespace sallyport::sim::report {

// A line for each cell that isn't stable, with what it came to and what differed first; then how
// many are stable, and how many of these went different ways to the same. Ends with a newline.
[[nodiscard]] std::string describe_stability(const runner::RunResult& run);

}  // namespace sallyport::sim::report
