#include "reference/net/loop_clock.h"

#include <boost/asio/basic_waitable_timer.hpp>

namespace sallyport::net {

Task<void> LoopClock::sleep_until(base::TimePoint at) {
  using Traits = asio::wait_traits<std::chrono::steady_clock>;
  asio::basic_waitable_timer<std::chrono::steady_clock, Traits, Executor> timer(executor_);
  timer.expires_at(at);
  [[maybe_unused]] auto [error] = co_await timer.async_wait(kAwait);
}

}  // namespace sallyport::net
