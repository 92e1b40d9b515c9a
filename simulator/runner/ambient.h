// The rules that hold in every scenario (scenario reference, section 13): no decoy gets a
// connection, no process ends that no step stopped, nothing outlives the world, no packet leaves
// it, keys are seen on the way to their provider only. Works on what the stage collected, after all
// processes have ended.
#pragma once

#include <string>
#include <vector>

#include "simulator/runner/result.h"
#include "simulator/runner/stage.h"

namespace sallyport::sim::runner {

// What was seen while the world was being taken down.
struct Teardown {
  std::vector<std::string> late;           // processes of ours that had to be killed
  std::vector<std::string> still_running;  // processes that outlived all that was stopped
  std::vector<std::string> held;           // what actors hold once all their peers have gone
  std::vector<std::string> loose;          // files outside the run's folder
};

[[nodiscard]] std::vector<Failure> ambient_failures(const Stage& stage, const Teardown& teardown);

// The rules that are on, for `sallyport plan`.
[[nodiscard]] std::vector<std::string> ambient_rules();

}  // namespace sallyport::sim::runner
