// Two coroutines at the same time within one task: the two directions of a tunnel.
#pragma once

#include "reference/net/executor.h"

namespace sallyport::net {

// Ends when both have ended, so both may use references to what the caller owns. A cancellation of
// the caller reaches both. An exception of either cancels the other, and is thrown on after both.
[[nodiscard]] Task<void> both(Task<void> first, Task<void> second);

}  // namespace sallyport::net
