// The verb `middleware`: other scripts for services that run, and services that are taken away.
#pragma once

#include "simulator/runner/stage.h"

namespace sallyport::sim::runner {

// Its facts: `ok` once every service named works by what it is told; `stalled` when one hadn't said
// so by `deadline` (a frozen one, say). A service that is taken away is stopped as by `stop`, and
// one that is named again after that is started.
[[nodiscard]] net::Task<agents::Facts> set_middleware(Stage& stage,
                                                      const scenario::SetMiddleware& change,
                                                      base::TimePoint deadline);

}  // namespace sallyport::sim::runner
