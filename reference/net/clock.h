// The clock port with waiting: base::Clock plus a coroutine that ends at a time. The only timers of
// the program are in this folder.
#pragma once

#include "reference/base/clock.h"
#include "reference/net/executor.h"

namespace sallyport::net {

class Clock : public base::Clock {
 public:
  // Returns early only if its coroutine is cancelled.
  [[nodiscard]] virtual Task<void> sleep_until(base::TimePoint at) = 0;
};

}  // namespace sallyport::net
