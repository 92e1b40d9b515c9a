#include "reference/net/both.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>
#include <memory>

#include "reference/net/event.h"

namespace sallyport::net {
namespace {

// Outlives the caller's frame if the loop is torn down under it.
struct Second {
  explicit Second(Executor executor) : ended(executor) {}
  Event ended;
  asio::cancellation_signal cancel;
  std::exception_ptr failure;
  bool done = false;
};

void start(Executor executor, const std::shared_ptr<Second>& second, Task<void> task) {
  asio::co_spawn(
      executor, std::move(task),
      asio::bind_cancellation_slot(second->cancel.slot(), [second](std::exception_ptr failure) {
        second->failure = failure;
        second->done = true;
        second->ended.notify();
      }));
}

Task<std::exception_ptr> caught(Task<void> task) {
  try {
    co_await std::move(task);
  } catch (...) {
    co_return std::current_exception();
  }
  co_return nullptr;
}

}  // namespace

Task<void> both(Task<void> first, Task<void> second) {
  const Executor executor = co_await asio::this_coro::executor;
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  const auto other = std::make_shared<Second>(executor);
  start(executor, other, std::move(second));

  std::exception_ptr failure = co_await caught(std::move(first));
  // From here on this frame must stay until the other one has ended, cancelled or not.
  co_await asio::this_coro::throw_if_cancelled(false);
  if (failure) other->cancel.emit(asio::cancellation_type::terminal);
  bool told = false;
  while (!other->done) {
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none && !told) {
      told = true;
      other->cancel.emit(asio::cancellation_type::terminal);
      if (other->done) break;
    }
    [[maybe_unused]] const bool woken = co_await other->ended.wait();
  }
  co_await asio::this_coro::throw_if_cancelled(throws);
  if (!failure) failure = other->failure;
  if (failure) std::rethrow_exception(failure);
}

}  // namespace sallyport::net
