#include "simulator/runner/stability.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace sallyport::sim::runner {
namespace {

constexpr std::size_t kLinesMax = 4000;

// Fields that say the same in each run, if it goes the same way.
constexpr std::array<std::string_view, 21> kTold{
    "action",  "class",  "code",   "data",  "decision", "disposition", "exit",
    "framing", "how",    "key",    "name",  "method",   "path",        "phase",
    "rcode",   "reason", "signal", "state", "status",   "type",        "version"};

// Minted words (nonces, canaries, digests) are long runs of hexadecimal digits.
std::string without_minted(const std::string& text) {
  constexpr std::size_t kLeast = 12;
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t end = at;
    while (end < text.size() && std::isxdigit(static_cast<unsigned char>(text[end])) != 0) ++end;
    if (end - at >= kLeast) {
      out += '*';
    } else {
      end = std::max(end, at + 1);
      out.append(text, at, end - at);
    }
    at = end;
  }
  return out;
}

std::string line_of(const journal::Event& event) {
  std::string line = event.source + "." + event.kind;
  if (!event.from.empty()) line += " from=" + event.from;
  if (!event.step.empty() && event.step != event.source) line += " step=" + event.step;
  for (const std::string_view name : kTold) {
    const auto found = event.fields.find(name);
    if (found == event.fields.end()) continue;
    line += fmt::format(" {}={}", name, without_minted(journal::describe(&found->second)));
  }
  return line;
}

std::string outcome_of(const CellResult& result) {
  std::string outcome(to_string(result.verdict));
  if (!result.failures.empty()) outcome += ": " + result.failures.front().claim;
  return outcome;
}

// Nothing when both went the same way.
std::string difference(const std::vector<std::string>& first, const std::vector<std::string>& other,
                       std::size_t number) {
  const auto [ours, theirs] = std::mismatch(first.begin(), first.end(), other.begin(), other.end());
  if (ours == first.end() && theirs == other.end()) return {};
  const std::string before =
      ours == first.begin() ? std::string("at the beginning") : "after " + *std::prev(ours);
  return fmt::format("{}: {} in run 1, {} in run {}", before,
                     ours == first.end() ? "nothing more" : *ours,
                     theirs == other.end() ? "nothing more" : *theirs, number);
}

}  // namespace

std::vector<std::string> trace_of(const journal::Journal& journal) {
  std::vector<std::string> lines;
  for (const journal::Event& event : journal.events()) {
    // How octets fall into reads is the kernel's.
    if (event.kind == "bytes" || event.kind == "resources") continue;
    if (lines.size() == kLinesMax) break;
    lines.push_back(line_of(event));
  }
  return lines;
}

Stability stability_of(const std::vector<const CellResult*>& runs) {
  Stability found;
  found.runs = runs.size();
  const std::string usual = outcome_of(*runs.front());
  std::string of_same;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const std::string outcome = outcome_of(*runs[i]);
    const auto known = std::find_if(found.outcomes.begin(), found.outcomes.end(),
                                    [&](const auto& one) { return one.first == outcome; });
    if (known == found.outcomes.end()) {
      found.outcomes.emplace_back(outcome, 1);
    } else {
      ++known->second;
    }
    const std::string way = difference(runs.front()->trace, runs[i]->trace, i + 1);
    if (outcome != usual && found.first_difference.empty()) found.first_difference = way;
    if (of_same.empty()) of_same = way;
  }
  found.stable = found.outcomes.size() == 1;
  if (found.first_difference.empty()) found.first_difference = of_same;
  return found;
}

}  // namespace sallyport::sim::runner
