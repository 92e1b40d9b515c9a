// What a workload behind the proxy needs of the file system whatever its policy says: libraries,
// the resolver's configuration, a place for temporary files. Added to what the policy names; its
// own lists win. Pure: what exists is asked of the caller. Follows OpenShell
// crates/openshell-sandbox/src/lib.rs (enrichment, PR 158).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "reference/policy/model.h"

namespace sallyport::policy {

// Whether there is something at an absolute path, inside the sandbox.
using PathExists = std::function<bool(const std::string& path)>;

struct Enriched {
  Filesystem filesystem;
  std::vector<std::string> added;  // to either list, in that order; empty: all was there
};

// Without a section: one with the work folder. A baseline path that the policy names in either list
// stays as it is named, but `/proc`: a GPU's driver writes there, so where there is one it becomes
// writable. Paths that don't exist are left out.
[[nodiscard]] Enriched with_baseline(const std::optional<Filesystem>& stated,
                                     const PathExists& exists);

}  // namespace sallyport::policy
