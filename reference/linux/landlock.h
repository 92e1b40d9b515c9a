// Landlock: where a process may write, as the kernel holds it whatever the process is allowed
// otherwise. For a child on its way to exec, never for a process that goes on to do other work;
// inherited by its children, and never taken back. Reading and executing stay as they are.
#pragma once

#include <string>
#include <vector>

#include "reference/base/result.h"

namespace sallyport::linux {

// The version of Landlock that the kernel has; 0: none.
[[nodiscard]] int landlock_version();

// From here on the caller writes, makes and removes files only at `paths` and below (folders, or
// files); those that don't exist are passed over. Wants no_new_privs. Where the kernel has no
// Landlock nothing is restricted, and that is no error.
[[nodiscard]] base::Result<void> restrict_writes(const std::vector<std::string>& paths);

}  // namespace sallyport::linux
