#include "simulator/report/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "simulator/runner/compare.h"

namespace sallyport::sim::report {
namespace {

using runner::CellResult;
using runner::Phases;
using runner::Verdict;

base::Duration sum(const std::array<base::Duration, 6>& parts) {
  return std::accumulate(parts.begin(), parts.end(), base::Duration(0));
}

// The lower of the two in the middle of an even number.
base::Duration median(std::vector<base::Duration> values) {
  if (values.empty()) return base::Duration(0);
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

template <class Of>
base::Duration median_of(const std::vector<const Phases*>& all, Of of) {
  std::vector<base::Duration> values;
  for (const Phases* const one : all) values.push_back(of(*one));
  return median(std::move(values));
}

std::string by_phase(const std::array<base::Duration, 6>& parts) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i)
    text += fmt::format("{}{} {}", i == 0 ? "" : ", ", Phases::names().at(i), human(parts.at(i)));
  return text;
}

int percent(base::Duration part, base::Duration whole) {
  return whole.count() <= 0 ? 0 : static_cast<int>(100 * part.count() / whole.count());
}

}  // namespace

std::string human(base::Duration duration) {
  const double ms = std::chrono::duration<double, std::milli>(duration).count();
  return ms < 1000 ? fmt::format("{:.1f} ms", ms) : fmt::format("{:.2f} s", ms / 1000);
}

Medians medians(const runner::RunResult& run) {
  std::vector<const Phases*> all;
  for (const CellResult& cell : run.cells) {
    if (cell.verdict != Verdict::skip) all.push_back(&cell.phases);
  }
  Medians result;
  result.cells = all.size();
  for (std::size_t i = 0; i < result.phases.size(); ++i) {
    result.phases.at(i) = median_of(all, [i](const Phases& one) { return one.all().at(i); });
    result.own.at(i) = median_of(all, [i](const Phases& one) { return one.own.at(i); });
  }
  result.total = median_of(all, [](const Phases& one) { return one.total; });
  result.own_total = median_of(all, [](const Phases& one) { return sum(one.own); });
  return result;
}

std::string describe(const Phases& phases) {
  return fmt::format("{}; the harness itself {}", by_phase(phases.all()), human(sum(phases.own)));
}

std::string describe_medians(const runner::RunResult& run) {
  const Medians all = medians(run);
  if (all.cells == 0) return {};
  return fmt::format(
      "medians of {} cell{}: {}; total {}\n  of that the harness itself: {}; total {} ({}%)\n",
      all.cells, all.cells == 1 ? "" : "s", by_phase(all.phases), human(all.total),
      by_phase(all.own), human(all.own_total), percent(all.own_total, all.total));
}

std::string describe_differences(const runner::RunResult& run) {
  const std::vector<runner::Tally> subjects = runner::tallies(run);
  if (subjects.size() < 2) return {};
  std::size_t width = 0;
  for (const runner::Tally& one : subjects) width = std::max(width, one.subject.size());
  std::string text = fmt::format("\n{} subjects:\n", subjects.size());
  for (const runner::Tally& one : subjects) {
    text += fmt::format("  {:<{}}  {} passed, {} failed, {} skipped\n", one.subject, width,
                        one.passed, one.failed, one.skipped);
  }
  const std::vector<runner::Difference> all = runner::differences(run);
  if (all.empty()) return text + "their verdicts are the same wherever two of them ran\n";
  text += fmt::format("verdicts differ in {} cell{}:\n", all.size(), all.size() == 1 ? "" : "s");
  for (const runner::Difference& one : all) {
    text += "  " + one.path + (one.cell.empty() ? "" : fmt::format(" [{}]", one.cell)) + "\n";
    for (const runner::Judged& judged : one.judged) {
      text += fmt::format("    {:<{}}  {:<7}{}{}\n", judged.subject, width,
                          to_string(judged.verdict), judged.line.empty() ? "" : "  ", judged.line);
    }
  }
  return text;
}

}  // namespace sallyport::sim::report
