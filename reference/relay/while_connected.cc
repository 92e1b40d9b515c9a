#include "reference/relay/while_connected.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>
#include <memory>

#include "reference/net/event.h"
#include "reference/relay/loss_watch.h"

namespace sallyport::relay {
namespace {

namespace asio = net::asio;

// Outlives the caller's frame if the loop is torn down under it.
struct Work {
  explicit Work(net::Executor executor) : ended(executor) {}

  // In the loop alone, as a cancellation from elsewhere would arrive too late (net/task_group.cc).
  void cancel() {
    if (!done) signal.emit(asio::cancellation_type::terminal);
  }

  net::Event ended;
  asio::cancellation_signal signal;
  std::exception_ptr failure;
  bool done = false;
  bool lost = false;
};

void start(net::Executor executor, const std::shared_ptr<Work>& work, net::Task<void> task) {
  asio::co_spawn(
      executor, std::move(task),
      asio::bind_cancellation_slot(work->signal.slot(), [work](std::exception_ptr failure) {
        work->failure = failure;
        work->done = true;
        work->ended.notify();
      }));
}

}  // namespace

net::Task<bool> while_connected(net::ByteStream& client, net::Task<void> work) {
  const net::Executor executor = co_await asio::this_coro::executor;
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  const auto under_way = std::make_shared<Work>(executor);
  const auto lost = [under_way] {
    under_way->lost = true;
    under_way->cancel();
  };
  const LossWatch watch(client, lost);
  start(executor, under_way, std::move(work));
  // This frame must stay until the work has ended, cancelled or not.
  co_await asio::this_coro::throw_if_cancelled(false);
  bool told = false;
  while (!under_way->done) {
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none && !told) {
      told = true;
      under_way->cancel();
      if (under_way->done) break;
    }
    [[maybe_unused]] const bool woken = co_await under_way->ended.wait();
  }
  co_await asio::this_coro::throw_if_cancelled(throws);
  if (under_way->lost) co_return false;
  if (under_way->failure) std::rethrow_exception(under_way->failure);
  co_return true;
}

}  // namespace sallyport::relay
