// A seccomp filter over the system calls of a workload: all are allowed but those that reach for
// other processes, mounts and namespaces, the kernel's own programs, or sockets below IP. For a
// child on its way to exec; inherited by its children, and never taken back. After the field
// system's filter (NVIDIA/OpenShell, crates/openshell-supervisor-process, sandbox/linux/seccomp),
// and stricter: no netlink socket at all, no raw one. A sandbox's agent has a variant of its own.
#pragma once

#include "reference/base/result.h"

namespace sallyport::linux {

// The calls refused fail with EPERM; clone3 with ENOSYS, since a filter can't see its flags and
// libraries then fall back on clone. Wants no_new_privs. ENOTSUP on a machine that the filter has
// no numbers for.
[[nodiscard]] base::Result<void> refuse_dangerous_calls();

// The same for an agent, as the field system's table has it: netlink sockets of routes are allowed
// (name resolution and interface lists want them), and refused are also memfd_create, execveat of
// a bare descriptor, any further filter, and putting words into a terminal (TIOCSTI, TIOCLINUX),
// which would leave the sandbox through its user's shell.
[[nodiscard]] base::Result<void> refuse_agent_calls();

}  // namespace sallyport::linux
