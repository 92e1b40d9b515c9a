// One suite run on several subjects: where their verdicts differ. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "simulator/runner/result.h"

namespace sallyport::sim::runner {

// What one subject came to in a cell.
struct Judged {
  std::string subject;
  Verdict verdict = Verdict::error;
  std::string line;  // FILE:LINE:COLUMN and claim of its first failure that not all others share,
                     // else why; empty for a pass
};

struct Difference {
  std::string path, cell;
  std::vector<Judged> judged;  // in the order of the subjects; skips are left out
};

struct Tally {
  std::string subject;
  std::size_t passed = 0, failed = 0, skipped = 0;
};

// The subjects of a run in their order; one without a name for a run that names none.
[[nodiscard]] std::vector<std::string> subjects_of(const RunResult& run);
// Cells that at least two subjects ran and in which their verdicts aren't the same. A skip is no
// verdict: what a subject can't do is declared.
[[nodiscard]] std::vector<Difference> differences(const RunResult& run);
[[nodiscard]] std::vector<Tally> tallies(const RunResult& run);

}  // namespace sallyport::sim::runner
