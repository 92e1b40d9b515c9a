// The rule that no packet goes to an address that isn't one of its world (scenario reference,
// section 12): what the guard of the hosts has told, and what it makes of a cell. Pure.
#pragma once

#include <string>
#include <vector>

#include "simulator/runner/result.h"
#include "simulator/scenario/scenario.h"
#include "simulator/topology/escape_guard.h"

namespace sallyport::sim::runner {

struct SeenEscape {
  topology::Escape packet;
  std::vector<std::string> under_way;  // client steps at that time
  std::string last;                    // the last one before, when none was; may be empty
};

// One failure for each destination of a host; of many, the first few and how many more there were.
[[nodiscard]] std::vector<Failure> escape_failures(const scenario::Scenario& scenario,
                                                   const scenario::Cell& cell,
                                                   const std::vector<SeenEscape>& escapes);

}  // namespace sallyport::sim::runner
