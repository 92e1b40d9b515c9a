// Waiting for an event of the journal, with a bound. Runs on the world's loop.
#pragma once

#include "reference/base/clock.h"
#include "reference/net/executor.h"
#include "simulator/journal/journal.h"
#include "simulator/journal/watch.h"

namespace sallyport::sim::journal {

// True when the event that a trigger means has happened, be it already or before `deadline`; false
// at the deadline, or when the coroutine is cancelled. `journal` and `clock` must outlive it.
[[nodiscard]] net::Task<bool> wait_for(Journal& journal, Selector selector,
                                       base::TimePoint deadline, const base::Clock& clock);
// The same for a trigger that is waited for again and again; the watch must outlive it too.
[[nodiscard]] net::Task<bool> wait_for(Journal& journal, Watch& watch, base::TimePoint deadline,
                                       const base::Clock& clock);

}  // namespace sallyport::sim::journal
