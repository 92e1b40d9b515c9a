#include "simulator/runner/result.h"

#include <fmt/format.h>

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

void hold_against(Verdict verdict, const std::string& claim, CellResult& result) {
  if (result.verdict == verdict) {
    const auto about = [&claim](const Failure& failure) {
      return failure.claim.find(claim) != std::string::npos ||
             failure.observed.find(claim) != std::string::npos;
    };
    const bool told =
        claim.empty() || std::any_of(result.failures.begin(), result.failures.end(), about);
    if (told) {
      result.reason = fmt::format("it is made to be {}", to_string(verdict));
      result.failures.clear();
      result.last_events.clear();
      result.verdict = Verdict::pass;
      return;
    }
  }
  if (result.verdict == Verdict::skip || result.verdict == Verdict::error) return;
  Failure failure;
  failure.claim = fmt::format("yields {}{}", to_string(verdict),
                              claim.empty() ? "" : fmt::format(" about \"{}\"", claim));
  failure.expected = std::string(to_string(verdict));
  failure.observed = std::string(to_string(result.verdict));
  failure.file = result.path;
  result.failures.insert(result.failures.begin(), std::move(failure));
  result.verdict = Verdict::fail;
}

}  // namespace sallyport::sim::runner
