// Reads a scenario file: strict, every mistake with file:line:column and, where one is near, the
// right word. Reads files (the scenario, its includes, corpora and policies), nothing else.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/scenario/scenario.h"

namespace sallyport::sim::scenario {

struct LoadOptions {
  // `--set a.b.c=VALUE`, VALUE being YAML; applied after includes and the file.
  std::vector<std::string> sets;
  // Folder that holds NAME.patch for each name in `kills`, and the file that lists requirement ids.
  // Without: looked for upwards from the scenario (fixtures/defects, docs/requirements.md), and the
  // names aren't checked where nothing is found.
  std::optional<std::string> defects_folder;
  std::optional<std::string> requirements_file;
};

struct Loaded {
  std::optional<Scenario> scenario;  // only if there was no complaint
  base::Diagnostics complaints;
};

// More cells than this are refused.
inline constexpr std::size_t kCellsMax = 4096;

[[nodiscard]] Loaded load(const std::string& path, const LoadOptions& options = {});
// As if `text` stood in the file `path`, which needn't exist.
[[nodiscard]] Loaded load_text(std::string_view text, const std::string& path,
                               const LoadOptions& options = {});

// Ids of `- ID: text` lines.
[[nodiscard]] std::set<std::string> requirement_ids(std::string_view text);

}  // namespace sallyport::sim::scenario
