#include "simulator/runner/record.h"

#include <algorithm>
#include <utility>

namespace sallyport::sim::runner {

bool holds(const Outcome& outcome) {
  return std::all_of(outcome.expect.begin(), outcome.expect.end(), [&outcome](const auto& item) {
    const auto found = outcome.facts.find(item.first);
    return journal::fits(found == outcome.facts.end() ? nullptr : &found->second, item.second);
  });
}

void StepRecord::add(Outcome outcome) {
  if (!outcomes.empty() && holds(outcomes.back())) {
    outcomes.pop_back();
    ++held;
  }
  outcomes.push_back(std::move(outcome));
}

}  // namespace sallyport::sim::runner
