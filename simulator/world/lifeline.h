// The pipe whose write end only the scheduler holds. When that end closes, for whatever reason, the
// world ends: pid 1 exits and the kernel kills all others in it.
#pragma once

#include "reference/net/executor.h"

namespace sallyport::sim::world {

// Whether the scheduler is gone. Never blocks.
[[nodiscard]] bool lifeline_cut(int lifeline);

// Watches on the loop; ends the process with _exit(4) on HUP. `lifeline` must stay open for the
// life of the process. Doesn't keep the loop alive by itself once it is stopped.
void watch_lifeline(net::Executor executor, int lifeline);

}  // namespace sallyport::sim::world
