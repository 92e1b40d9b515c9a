// What a cell asks of the supervisor under test, told from the cell alone; and whether a subject
// has it. Pure.
#pragma once

#include <optional>
#include <string>

#include "simulator/scenario/scenario.h"
#include "simulator/subject/description.h"

namespace sallyport::sim::runner {

// Nothing for a cell without supervisors.
[[nodiscard]] subject::Abilities abilities_needed(const scenario::Cell& cell);

// `subject NAME can't: audit, limits`; nothing when it can do all that the cell needs.
[[nodiscard]] std::optional<std::string> lacking(const scenario::Cell& cell,
                                                 const subject::Description& subject);

// The cell as this subject is to have it: for one that makes its agent's namespace itself, plain
// hosts inside its own that it serves become the subject's to make.
[[nodiscard]] scenario::Cell adapted(const scenario::Cell& cell,
                                     const subject::Description& subject);

}  // namespace sallyport::sim::runner
