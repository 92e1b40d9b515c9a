#include "reference/net/event.h"

#include <boost/asio/this_coro.hpp>

namespace sallyport::net {
namespace {

using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;

Task<bool> wait_for(Timer& timer) {
  [[maybe_unused]] auto [error] = co_await timer.async_wait(kAwait);
  // The timer may be gone by now. A cancelled coroutine is told apart by its own state.
  const auto state = co_await asio::this_coro::cancellation_state;
  co_return state.cancelled() == asio::cancellation_type::none;
}

}  // namespace

Event::Event(Executor executor) : timer_(executor) { timer_.expires_at(base::TimePoint::max()); }

Task<bool> Event::wait() { return wait_for(timer_); }

void Event::notify() { timer_.cancel(); }

}  // namespace sallyport::net
