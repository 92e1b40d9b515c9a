#include "simulator/runner/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace sallyport::sim::runner {
namespace {

std::string line_of(const Failure& failure) {
  const std::string place =
      failure.mark.line > 0
          ? fmt::format("{}:{}:{}: ", failure.file, failure.mark.line, failure.mark.column)
          : std::string();
  std::string text = fmt::format("{}{}: {}", place, to_string(failure.verdict), failure.claim);
  if (!failure.observed.empty()) {
    const std::string first = failure.observed.substr(0, failure.observed.find('\n'));
    text += fmt::format(" (observed {})", first);
  }
  return text;
}

// The lines that every one of the cells has tell nothing of how they differ.
std::set<std::string> shared_lines(const std::vector<const CellResult*>& cells) {
  std::map<std::string, std::size_t> counts;
  for (const CellResult* const cell : cells) {
    std::set<std::string> lines;
    for (const Failure& failure : cell->failures) lines.insert(line_of(failure));
    for (const std::string& line : lines) ++counts[line];
  }
  std::set<std::string> shared;
  for (const auto& [line, count] : counts) {
    if (count == cells.size()) shared.insert(line);
  }
  return shared;
}

std::string told_of(const CellResult& cell, const std::set<std::string>& shared) {
  for (const Failure& failure : cell.failures) {
    const std::string line = line_of(failure);
    if (!shared.contains(line)) return line;
  }
  return cell.failures.empty() ? cell.reason : line_of(cell.failures.front());
}

}  // namespace

std::vector<std::string> subjects_of(const RunResult& run) {
  std::vector<std::string> all;
  for (const CellResult& cell : run.cells) {
    if (std::find(all.begin(), all.end(), cell.subject) == all.end()) all.push_back(cell.subject);
  }
  return all;
}

std::vector<Difference> differences(const RunResult& run) {
  // In the order of the run.
  std::vector<std::pair<std::string, std::string>> order;
  std::map<std::pair<std::string, std::string>, std::vector<const CellResult*>> groups;
  for (const CellResult& cell : run.cells) {
    if (cell.verdict == Verdict::skip) continue;
    auto& group = groups[{cell.path, cell.cell}];
    if (group.empty()) order.emplace_back(cell.path, cell.cell);
    group.push_back(&cell);
  }
  std::vector<Difference> all;
  for (const auto& key : order) {
    const std::vector<const CellResult*>& cells = groups.at(key);
    const Verdict first = cells.front()->verdict;
    if (std::all_of(cells.begin(), cells.end(),
                    [first](const CellResult* cell) { return cell->verdict == first; }))
      continue;
    const std::set<std::string> shared = shared_lines(cells);
    Difference difference{key.first, key.second, {}};
    for (const CellResult* const cell : cells)
      difference.judged.push_back({cell->subject, cell->verdict, told_of(*cell, shared)});
    all.push_back(std::move(difference));
  }
  return all;
}

std::vector<Tally> tallies(const RunResult& run) {
  std::vector<Tally> all;
  for (const std::string& subject : subjects_of(run)) {
    Tally tally{subject};
    for (const CellResult& cell : run.cells) {
      if (cell.subject != subject) continue;
      ++(cell.verdict == Verdict::skip ? tally.skipped
         : is_green(cell.verdict)      ? tally.passed
                                       : tally.failed);
    }
    all.push_back(std::move(tally));
  }
  return all;
}

}  // namespace sallyport::sim::runner
