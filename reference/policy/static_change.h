// Whether a policy may take another's place on a sandbox that runs: its static sections hold for
// the sandbox's whole life, but for paths that come to be allowed. Pure. Follows OpenShell
// crates/openshell-server/src/grpc/validation.rs (what is compared, and that additions pass).
#pragma once

#include <optional>
#include <string>

#include "reference/policy/filesystem_baseline.h"
#include "reference/policy/model.h"

namespace sallyport::policy {

// Nothing when `next` may follow `live`: the same, or with filesystem paths that `live` has not, a
// section where there was none included. Otherwise what can't change, by its name in the document:
// a path that is gone from its list, `filesystem_policy.include_workdir`, the section itself;
// anything of `landlock` and `process`, where a section stated and one left out differ too.
[[nodiscard]] std::optional<std::string> refuse_live_change(const StaticSections& live,
                                                            const StaticSections& next);

// The same for the sandbox itself, whose `live` sections have the baseline in them: `next` gets it
// too, with what of it is in force, whatever exists by now. Changed only where nothing is refused.
[[nodiscard]] std::optional<std::string> settle_live(const StaticSections& live,
                                                     StaticSections& next,
                                                     const PathExists& exists);

}  // namespace sallyport::policy
