// The rules that hold in every scenario (scenario reference, section 13): no decoy gets a
// connection, no process ends that no step stopped, nothing outlives the world, keys are seen on
// the way to their provider only. Works on what the stage collected, after all processes have
// ended.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "simulator/runner/result.h"
#include "simulator/runner/stage.h"

namespace sallyport::sim::runner {

// What was seen while the world was being taken down.
struct Teardown {
  std::vector<std::string> late;           // processes of ours that had to be killed
  std::vector<std::string> still_running;  // processes that outlived all that was stopped
};

[[nodiscard]] std::vector<Failure> ambient_failures(const Stage& stage, const Teardown& teardown);

// Whether `text` holds `secret` plain or in base64 (either alphabet, at any alignment).
[[nodiscard]] bool holds_secret(std::string_view text, std::string_view secret);

// The rules that are on, for `sallyport plan`.
[[nodiscard]] std::vector<std::string> ambient_rules();

}  // namespace sallyport::sim::runner
