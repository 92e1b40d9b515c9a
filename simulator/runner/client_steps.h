// The client side of steps: one exchange, its attempts, its repetitions. Facts go into the stage's
// records and the journal; nothing is judged here but the condition of `retry`.
#pragma once

#include <map>
#include <string>

#include "simulator/runner/stage.h"

namespace sallyport::sim::runner {

// All repetitions of a client step.
[[nodiscard]] net::Task<void> perform_client(Stage& stage, const scenario::Step& step);

// What the step expects, variables replaced.
[[nodiscard]] std::map<std::string, journal::Matcher> expanded(const scenario::Step& step,
                                                               const journal::Lookup& lookup);

}  // namespace sallyport::sim::runner
