#include "simulator/runner/result.h"

#include <algorithm>
#include <array>

namespace sallyport::sim::runner {
namespace {

constexpr std::array<std::pair<Verdict, std::string_view>, 10> kWords{{
    {Verdict::skip, "skip"},
    {Verdict::error, "error"},
    {Verdict::timeout, "timeout"},
    {Verdict::leak, "leak"},
    {Verdict::escape, "escape"},
    {Verdict::fail, "fail"},
    {Verdict::vacuous, "vacuous"},
    {Verdict::xpass, "xpass"},
    {Verdict::xfail, "xfail"},
    {Verdict::pass, "pass"},
}};

}  // namespace

std::string_view to_string(Verdict verdict) {
  for (const auto& [value, word] : kWords) {
    if (value == verdict) return word;
  }
  return "error";
}

std::optional<Verdict> verdict_from(std::string_view word) {
  for (const auto& [value, text] : kWords) {
    if (text == word) return value;
  }
  return std::nullopt;
}

bool is_green(Verdict verdict) {
  return verdict == Verdict::pass || verdict == Verdict::xfail || verdict == Verdict::skip;
}

int exit_code(const RunResult& run) {
  bool failed = run.leaked;
  bool ran = false;
  for (const CellResult& cell : run.cells) {
    if (cell.verdict == Verdict::error) return 4;
    failed = failed || !is_green(cell.verdict);
    ran = ran || cell.verdict != Verdict::skip;
  }
  if (failed) return 1;
  return ran ? 0 : 3;
}

}  // namespace sallyport::sim::runner
