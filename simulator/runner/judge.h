// Judges a cell: its steps' expectations and its `expect` items, over the journal. Pure; what it
// finds are values. The ambient rules are in ambient.h.
#pragma once

#include <string>
#include <vector>

#include "simulator/journal/journal.h"
#include "simulator/runner/record.h"
#include "simulator/runner/result.h"
#include "simulator/scenario/scenario.h"

namespace sallyport::sim::runner {

struct Case {
  const scenario::Scenario& scenario;
  const scenario::Cell& cell;
  const journal::Journal& journal;
  const StepRecords& steps;
  journal::Lookup lookup;  // of the world's variables
};

// From when the bound of an `eventually` is counted: the `done` of its `since`, or of the last step
// that is done. The clock's origin when there is none yet: nothing can be in time.
[[nodiscard]] base::TimePoint counted_from(const journal::Journal& journal,
                                           const journal::Selector& selector);

// All claims that don't hold, steps first, in the order of the file.
[[nodiscard]] std::vector<Failure> judge(const Case& of);

// STEP.FACT of every item that compares across cells, for the scheduler.
[[nodiscard]] std::map<std::string, std::string> facts_across(const Case& of);

// The items that compare across cells, once all cells of the scenario are done. A failure is put
// into the result of its group's last cell. Groups with a skipped cell aren't judged.
// `results[i]` belongs to scenario.cells[i]; null where that cell wasn't run.
void judge_across(const scenario::Scenario& scenario, const std::vector<CellResult*>& results);

// The first of the order of Verdict that applies.
[[nodiscard]] Verdict verdict_of(const std::vector<Failure>& failures, bool known_issue);

// `+12.3 ms  api#1  api.request  method=GET path=/v1/models from=box step=call`, for people. Bytes
// that aren't text are escaped, long values cut.
[[nodiscard]] std::string draw(const journal::Event& event, base::TimePoint began);

}  // namespace sallyport::sim::runner
