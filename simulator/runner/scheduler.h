// Runs cells in worlds, so many at once, and collects their results. Single-threaded, one poll(2);
// clones a world per cell and never becomes large.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulator/runner/result.h"
#include "simulator/scenario/scenario.h"
#include "simulator/subject/description.h"

namespace sallyport::sim::runner {

enum class Keep { never, failed, always };

struct RunOptions {
  std::size_t jobs = 2;  // worlds at once, at least 1
  double slow = 1.0;     // multiplies every limit, pace, pause and bound
  Keep keep = Keep::never;
  std::string keep_folder;  // where artefacts are kept; made if it isn't there
  // Absolute paths.
  std::string supervisor_binary, gateway_binary, middleware_binary;
  bool strict = false;       // what can't run here fails
  std::uint64_t repeat = 1;  // each cell so often, at least once
  // Instead of the scenarios' own: nonces, keys, and the order in which cells begin.
  std::optional<std::uint64_t> seed;
  std::vector<std::string> cells;  // only cells of these names; empty: all
  // Each cell runs on each of them, and results name theirs; empty: on the reference, unnamed.
  std::vector<subject::Description> subjects;
};

// Called as each cell ends.
using OnResult = std::function<void(const CellResult&)>;

// SIGINT or SIGTERM end the run: worlds are ended, cells not yet run are left out, and
// RunResult::notes says so.
[[nodiscard]] RunResult run_scenarios(std::vector<scenario::Scenario>& scenarios,
                                      const RunOptions& options, const OnResult& on_result);

// How many cells that would run.
[[nodiscard]] std::size_t cell_count(const std::vector<scenario::Scenario>& scenarios,
                                     const RunOptions& options);

}  // namespace sallyport::sim::runner
