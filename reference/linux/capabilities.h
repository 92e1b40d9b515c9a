// Giving up privileges for good, verified. For a child on its way to exec, never for a process that
// goes on to do work of its own.
#pragma once

#include <sys/types.h>

#include <vector>

#include "reference/base/result.h"

namespace sallyport::linux {

// Bounding set cleared, groups dropped (all but `groups`, where they may be changed), group and
// user changed, every capability set empty, no_new_privs: in this order, and each looked at
// afterwards. With uid 0 (a user namespace that maps nobody else) the ids stay, and what remains of
// root is its name. Any failure leaves a process that must exit.
[[nodiscard]] base::Result<void> drop_privileges(uid_t uid, gid_t gid,
                                                 const std::vector<gid_t>& groups = {});

}  // namespace sallyport::linux
