// A seccomp filter over the system calls of a workload: all are allowed but those that reach for
// other processes, mounts and namespaces, the kernel's own programs, or sockets below IP. For a
// child on its way to exec; inherited by its children, and never taken back. After the field
// system's filter (NVIDIA/OpenShell, crates/openshell-supervisor-process, sandbox/linux/seccomp),
// and stricter: no netlink socket at all, no raw one.
#pragma once

#include "reference/base/result.h"

namespace sallyport::linux {

// The calls refused fail with EPERM; clone3 with ENOSYS, since a filter can't see its flags and
// libraries then fall back on clone. Wants no_new_privs. ENOTSUP on a machine that the filter has
// no numbers for.
[[nodiscard]] base::Result<void> refuse_dangerous_calls();

}  // namespace sallyport::linux
