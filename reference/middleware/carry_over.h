// What a list of registrations comes to before anybody is asked: what is known already serves on,
// what is gone is gone. Pure.
//
// Follows OpenShell crates/openshell-sandbox/src/lib.rs (a registry that can't be built leaves the
// last known good one), service by service (docs/deviations.md).
#pragma once

#include <vector>

#include "reference/middleware/registry.h"

namespace sallyport::middleware {

struct CarriedOver {
  // The built-ins; services whose registration is unchanged, channel and all; those of which only
  // the bounds are tighter now, with the new ones; those that are registered differently, as they
  // were, but with the tighter of the bounds. Never null.
  std::shared_ptr<const Registry> registry;
  std::vector<Registration> pending;  // must be asked: new, or registered differently
  std::vector<Refused> refused;       // whom there is no use asking
};

// `previous` may be null. Of several with one name none is taken: which a policy means can't be
// known. `slow` multiplies the timeouts.
[[nodiscard]] CarriedOver carry_over(std::vector<Registration> wanted, const Registry* previous,
                                     double slow);

}  // namespace sallyport::middleware
