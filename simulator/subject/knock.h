// Whether somebody listens: connects until it is accepted. The kernel tells nobody that a port has
// begun to listen, so this one wait is paced by a clock.
#pragma once

#include <memory>

#include "reference/base/clock.h"
#include "reference/net/address.h"
#include "reference/net/deadlines.h"
#include "reference/net/executor.h"

namespace sallyport::sim::subject {

// From within the network namespace `host` (-1: the caller's). False at `deadline`, or once
// `wanted` is false.
[[nodiscard]] net::Task<bool> knock(net::Executor executor, net::Deadlines& deadlines, int host,
                                    net::Endpoint at, base::TimePoint deadline,
                                    std::shared_ptr<const bool> wanted);

}  // namespace sallyport::sim::subject
