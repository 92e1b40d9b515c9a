#include "simulator/app/scenario_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <set>

namespace sallyport::sim::app {
namespace {

namespace fs = std::filesystem;

bool is_part_of_others(const fs::path& path) {
  return std::any_of(path.begin(), path.end(), [](const fs::path& part) {
    return part == "include" || part == "corpora" || part == "node_modules";
  });
}

void search(const std::string& folder, std::set<std::string>& files) {
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    const fs::path relative = it->path().lexically_relative(folder);
    if (it->is_regular_file() && it->path().extension() == ".yaml" &&
        !is_part_of_others(relative)) {
      files.insert(it->path().lexically_normal().string());
    }
  }
}

bool has_tag(const scenario::Scenario& scenario, const std::vector<std::string>& tags) {
  return tags.empty() || std::any_of(tags.begin(), tags.end(), [&scenario](const std::string& tag) {
           return std::find(scenario.tags.begin(), scenario.tags.end(), tag) != scenario.tags.end();
         });
}

bool say_missing(const Found& found) {
  for (const std::string& path : found.missing)
    fmt::print(stderr, "sallyport: no such file or folder: {}\n", path);
  return !found.missing.empty();
}

}  // namespace

Found find_scenarios(const std::vector<std::string>& paths) {
  Found found;
  std::set<std::string> seen;
  for (const std::string& path : paths) {
    std::set<std::string> files;
    if (fs::is_directory(path)) {
      search(path, files);
    } else if (fs::is_regular_file(path)) {
      files.insert(fs::path(path).lexically_normal().string());
    } else {
      found.missing.push_back(path);
    }
    for (const std::string& file : files) {
      if (seen.insert(file).second) found.files.push_back(file);
    }
  }
  return found;
}

std::optional<std::vector<std::string>> files_of(const std::vector<std::string>& paths) {
  Found found = find_scenarios(paths);
  if (say_missing(found)) return std::nullopt;
  if (found.files.empty()) {
    fmt::print(stderr, "sallyport: no scenario (*.yaml) in {}\n", fmt::join(paths, ", "));
    return std::nullopt;
  }
  return found.files;
}

LoadedAll load_all(const std::vector<std::string>& files, const scenario::LoadOptions& options,
                   const std::vector<std::string>& tags) {
  LoadedAll all;
  for (const std::string& file : files) {
    scenario::Loaded loaded = scenario::load(file, options);
    if (!loaded.complaints.empty() || !loaded.scenario) {
      all.complaints += loaded.complaints.to_string();
      ++all.complained;
    } else if (has_tag(*loaded.scenario, tags)) {
      all.scenarios.push_back(std::move(*loaded.scenario));
    }
  }
  return all;
}

}  // namespace sallyport::sim::app
