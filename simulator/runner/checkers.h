// The checkers of `checker: NAME`: claims about the whole of a run that no single selector can
// make. Pure, over the journal and the cell's steps. Each says `vacuous` when the run had nothing
// that could have broken it.
#pragma once

#include <optional>

#include "simulator/runner/judge.h"

namespace sallyport::sim::runner {

// What broke the claim, if anything did: verdict, expected, observed, notes and lanes are filled,
// the claim and its place are the caller's.
//   credential_epochs     on one connection of the provider an older key follows a newer one, or a
//                         key is used after its `revoke` was done
//   generation_monotonic  decisions about one client connection go back to an older generation
//   forwarded_once        one client exchange makes two requests at the provider
//   stream_prefix         the events that an exchange of the step received aren't the first of
//                         those that the provider sent for it (a last error event apart)
[[nodiscard]] std::optional<Failure> check(const scenario::Checker& checker, const Case& of);

}  // namespace sallyport::sim::runner
