// What the steps of a cell came to, beside the journal: for each exchange its facts and what was
// expected of it, with its own nonce filled in.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "simulator/agents/spec.h"
#include "simulator/journal/query.h"

namespace sallyport::sim::runner {

struct Outcome {
  agents::Facts facts;
  std::map<std::string, journal::Matcher> expect;  // variables replaced
};

struct StepRecord {
  bool started = false;
  bool done = false;
  // One for each repetition: its last attempt's. Of those that met what was expected only the last
  // one is kept, so that thousands cost no more than a few; `held` counts the others.
  std::vector<Outcome> outcomes;
  std::uint64_t held = 0;

  [[nodiscard]] std::uint64_t exchanges() const { return held + outcomes.size(); }
  void add(Outcome outcome);
};

// Whether everything holds that was expected.
[[nodiscard]] bool holds(const Outcome& outcome);

using StepRecords = std::map<std::string, StepRecord>;

}  // namespace sallyport::sim::runner
