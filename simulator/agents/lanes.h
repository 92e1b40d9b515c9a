// Does one thing many times: over several lanes at once, at a pace, until an event ends it early.
// Knows nothing of what it repeats. Runs on the world's loop.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "reference/base/clock.h"
#include "reference/net/executor.h"
#include "simulator/journal/query.h"

namespace sallyport::net {
class Clock;
class TaskGroup;
}  // namespace sallyport::net
namespace sallyport::sim::journal {
class Journal;
}

namespace sallyport::sim::agents {

struct Repetition {
  std::uint64_t times = 1;
  std::uint64_t lanes = 1;  // so many at once, one after another in each
  // From one begin to the next, whatever the lane. A begin that no lane was free for is made up for
  // if it is late by less than one interval, else the pace goes on from there.
  std::optional<base::Duration> interval;
  // Nothing begins after that event, but the first time, which always does; what is under way is
  // finished.
  std::optional<journal::Selector> until;
};

// `lane` counts from 0.
using OneTime = std::function<net::Task<void>(std::uint64_t lane)>;

// Ends when the last one has ended. Lanes are roots of `group`; the rest must outlive them. When it
// is cancelled, the owner of the group ends the lanes.
[[nodiscard]] net::Task<void> repeat(Repetition how, OneTime once, journal::Journal& journal,
                                     net::Clock& clock, net::TaskGroup& group);

}  // namespace sallyport::sim::agents
