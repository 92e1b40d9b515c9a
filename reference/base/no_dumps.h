// Keeps what a process holds in memory, keys and tokens, out of files: for programs that hold any.
#pragma once

namespace sallyport::base {

// From here on the kernel writes no core of this process, and no process of another user, or of the
// same user without privileges, may read its memory (`PR_SET_DUMPABLE`). Nothing to undo it.
void forbid_core_dumps();

}  // namespace sallyport::base
