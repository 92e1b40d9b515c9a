// The places of a sandbox: those that its policy names, its working folder, and a few devices that
// hold nothing. Making what is missing follows OpenShell
// crates/openshell-supervisor-process/src/process.rs (prepare_filesystem).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reference/policy/model.h"
#include "reference/sandbox/plan.h"

namespace sallyport::sandbox {

// Pure. `says`: the policy's section, enriched with the baseline; none: files aren't confined.
// `needed`: what the sandbox can't do without (its CA), read only. The first that names a path
// wins: the policy before us.
[[nodiscard]] FilePlan plan_files(const std::optional<policy::Filesystem>& says,
                                  std::optional<policy::LandlockCompatibility> landlock,
                                  const std::string& folder,
                                  const std::vector<std::string>& needed);

// Makes the folders among `says.read_write` that aren't there, and gives what it made to `account`;
// what exists keeps its owner. Nothing on success, else what failed; a symbolic link is refused,
// for it may lead anywhere.
[[nodiscard]] std::string make_writable_folders(const policy::Filesystem& says,
                                                const Account& account);

}  // namespace sallyport::sandbox
