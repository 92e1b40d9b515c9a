// What is compared between the cells of one scenario.
#include <fmt/format.h>

#include <set>

#include "simulator/runner/judge.h"

namespace sallyport::sim::runner {
namespace {

std::string key_of(const scenario::Compare& compare) {
  return compare.steps.at(0) + "." + compare.fact;
}

void judge_group(const scenario::AcrossItem& item, const scenario::Compare& compare,
                 const std::vector<CellResult*>& group) {
  CellResult& last = *group.back();
  Failure failure;
  failure.claim = fmt::format("{}: {} across {}", compare.differs ? "differs" : "same",
                              key_of(compare), compare.across);
  failure.file = item.expectation.place.file;
  failure.mark = item.expectation.place.mark;
  failure.expected = compare.differs ? "different values" : "one value";
  std::set<std::string> values;
  bool absent = group.size() < 2;
  for (const CellResult* const cell : group) {
    const auto fact = cell->facts.find(key_of(compare));
    absent = absent || fact == cell->facts.end();
    const std::string text = fact == cell->facts.end() ? "absent" : fact->second;
    values.insert(text);
    failure.observed +=
        fmt::format("{}{}: {}", failure.observed.empty() ? "" : "; ", cell->cell, text);
  }
  if (absent) {
    failure.verdict = Verdict::vacuous;
  } else if ((values.size() == 1) != compare.differs) {
    return;
  }
  last.failures.push_back(failure);
  if (is_green(last.verdict)) last.verdict = failure.verdict;
}

}  // namespace

std::map<std::string, std::string> facts_across(const Case& of) {
  std::map<std::string, std::string> facts;
  for (const scenario::AcrossItem& item : of.scenario.across) {
    const auto& compare = std::get<scenario::Compare>(item.expectation.item);
    const auto record = of.steps.find(compare.steps.at(0));
    if (record == of.steps.end() || record->second.outcomes.empty()) continue;
    const agents::Facts& all = record->second.outcomes.back().facts;
    const auto value = all.find(compare.fact);
    if (value != all.end()) facts[key_of(compare)] = journal::describe(&value->second);
  }
  return facts;
}

void judge_across(const scenario::Scenario& scenario, const std::vector<CellResult*>& results) {
  for (const scenario::AcrossItem& item : scenario.across) {
    const auto& compare = std::get<scenario::Compare>(item.expectation.item);
    for (const std::vector<std::size_t>& indices : item.groups) {
      std::vector<CellResult*> group;
      bool complete = true;
      for (const std::size_t index : indices) {
        CellResult* const cell = index < results.size() ? results[index] : nullptr;
        complete = complete && cell != nullptr && cell->verdict != Verdict::skip &&
                   cell->verdict != Verdict::error;
        group.push_back(cell);
      }
      if (complete && !group.empty()) judge_group(item, compare, group);
    }
  }
}

}  // namespace sallyport::sim::runner
