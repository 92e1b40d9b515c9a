// Checkers about exchanges as a whole: that each went through its chain of middleware, and that
// each was audited to its end. Pure, over the journal.
#pragma once

#include <optional>
#include <vector>

#include "simulator/runner/judge.h"
#include "simulator/runner/result.h"

namespace sallyport::sim::runner {

// `chain_order`: every request that reached one of the services, and each that reached `provider`
// where that is set, was evaluated by all of them, once and in their order; one that a service
// denied, by those up to it.
[[nodiscard]] std::optional<Failure> chain_order(const scenario::Checker& checker, const Case& of);

// `audit_complete`: each request of the built-in client that a supervisor took has just one event
// in which the supervisor says what became of it: of class HTTP or API activity, or its refusal of
// the connection. What middleware decided is told apart and counts only where a denial by it is all
// there is.
[[nodiscard]] std::optional<Failure> audit_complete(const Case& of);

// `resources_flat`: from the first tenth of the samples of a repeated step to its last, the actor's
// memory and descriptors don't grow by more than said. Memory isn't judged in sanitizer builds,
// which keep what was freed.
[[nodiscard]] std::optional<Failure> resources_flat(const scenario::Checker& checker,
                                                    const Case& of);

}  // namespace sallyport::sim::runner
