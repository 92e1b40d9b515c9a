#include "simulator/report/stability.h"

#include <fmt/format.h>

#include <map>
#include <tuple>
#include <vector>

#include "simulator/runner/stability.h"

namespace sallyport::sim::report {
namespace {

using runner::CellResult;
using Name = std::tuple<std::string, std::string, std::string>;  // path, cell, subject

std::string text_of(const Name& name) {
  const auto& [path, cell, subject] = name;
  std::string text = path;
  if (!cell.empty()) text += " [" + cell + "]";
  return subject.empty() ? text : text + " on " + subject;
}

}  // namespace

std::string describe_stability(const runner::RunResult& run) {
  std::map<Name, std::vector<const CellResult*>> cells;
  for (const CellResult& cell : run.cells)
    cells[{cell.path, cell.cell, cell.subject}].push_back(&cell);
  std::string text;
  std::size_t stable = 0;
  std::size_t other_ways = 0;
  for (const auto& [name, runs] : cells) {
    const runner::Stability found = runner::stability_of(runs);
    if (found.stable) {
      ++stable;
      if (!found.first_difference.empty()) ++other_ways;
      continue;
    }
    text += fmt::format("unstable  {}\n", text_of(name));
    for (const auto& [outcome, times] : found.outcomes)
      text += fmt::format("          {} of {}: {}\n", times, found.runs, outcome);
    if (!found.first_difference.empty())
      text += fmt::format("          first difference {}\n", found.first_difference);
  }
  text += fmt::format("{} of {} cells are stable", stable, cells.size());
  if (other_ways > 0)
    text += fmt::format(" ({} of them with their events in another order at times)", other_ways);
  return text + "\n";
}

}  // namespace sallyport::sim::report
