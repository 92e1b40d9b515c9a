// Whether one cell that was run many times came to the same each time, and if not, what differed
// first. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "simulator/journal/journal.h"
#include "simulator/runner/result.h"

namespace sallyport::sim::runner {

// What is the same from one run of a cell to the next: its events in their order, without times,
// nonces, ports and other words that are minted anew. At most 4,000 lines.
[[nodiscard]] std::vector<std::string> trace_of(const journal::Journal& journal);

struct Stability {
  std::uint64_t runs = 0;
  // Runs by verdict and first broken claim, as in `fail: call: status`; one where it is stable.
  std::vector<std::pair<std::string, std::uint64_t>> outcomes;
  bool stable = true;  // every run came to the same
  // The first event at which a run went another way than the first run, and what stood before it;
  // of a run with another outcome, if there is one. Empty when all went the same way.
  std::string first_difference;
};

// `runs` of one cell, at least one, in their order.
[[nodiscard]] Stability stability_of(const std::vector<const CellResult*>& runs);

}  // namespace sallyport::sim::runner
