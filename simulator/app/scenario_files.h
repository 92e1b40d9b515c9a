// From the paths on a command line to scenario files: folders are searched for *.yaml, in order of
// name; files that a scenario includes (below a folder named `include` or `corpora`) aren't
// scenarios.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "simulator/scenario/load.h"

namespace sallyport::sim::app {

struct Found {
  std::vector<std::string> files;    // each once
  std::vector<std::string> missing;  // paths that aren't there
};

[[nodiscard]] Found find_scenarios(const std::vector<std::string>& paths);

// The files below `paths`; nothing, after a complaint on stderr, when there are none.
[[nodiscard]] std::optional<std::vector<std::string>> files_of(
    const std::vector<std::string>& paths);

struct LoadedAll {
  std::vector<scenario::Scenario> scenarios;
  std::string complaints;      // one line each; empty when all loaded
  std::size_t complained = 0;  // files with a complaint
};

// Loads all; `tags`: only scenarios that have one of them (empty: all).
[[nodiscard]] LoadedAll load_all(const std::vector<std::string>& files,
                                 const scenario::LoadOptions& options,
                                 const std::vector<std::string>& tags);

}  // namespace sallyport::sim::app
