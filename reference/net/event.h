// Something that coroutines of the loop wait for and others announce; keeps no memory, so whoever
// waits looks at the state that he waits for before and after. Single-threaded.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>

#include "reference/base/clock.h"
#include "reference/net/executor.h"

namespace sallyport::net {

class Event {
 public:
  explicit Event(Executor executor);

  // Ends at the next notify(), at the event's destruction, or when the waiting coroutine is
  // cancelled: only the latter is false. The event isn't touched after the wait.
  [[nodiscard]] Task<bool> wait();
  // Wakes everyone who waits now.
  void notify();

 private:
  asio::basic_waitable_timer<std::chrono::steady_clock,
                             asio::wait_traits<std::chrono::steady_clock>, Executor>
      timer_;
};

}  // namespace sallyport::net
