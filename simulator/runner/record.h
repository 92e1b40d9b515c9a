// What the steps of a cell came to, beside the journal: for each exchange its facts and what was
// expected of it, with its own nonce filled in.
#pragma once

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
  std::vector<Outcome> outcomes;  // one for each repetition: the last attempt's
};

using StepRecords = std::map<std::string, StepRecord>;

}  // namespace sallyport::sim::runner
