#include "simulator/journal/waiter.h"

#include <boost/asio/this_coro.hpp>

#include "reference/net/deadlines.h"
#include "reference/net/event.h"

namespace sallyport::sim::journal {
namespace {

// Ends the subscription on every way out, destruction of the coroutine included.
class Subscription {
 public:
  Subscription(Journal& journal, Watch& watch, net::Event& wake)
      : journal_(journal), id_(journal.subscribe([&watch, &wake](const Event&) {
          if (watch.happened()) wake.notify();
        })) {}
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;
  ~Subscription() { journal_.unsubscribe(id_); }

 private:
  Journal& journal_;
  std::uint64_t id_;
};

}  // namespace

net::Task<bool> wait_for(Journal& journal, Selector selector, base::TimePoint deadline,
                         const base::Clock& clock) {
  Watch watch(journal, std::move(selector));
  co_return co_await wait_for(journal, watch, deadline, clock);
}

net::Task<bool> wait_for(Journal& journal, Watch& watch, base::TimePoint deadline,
                         const base::Clock& clock) {
  if (watch.happened()) co_return true;
  const net::Executor executor = co_await net::asio::this_coro::executor;
  net::Event wake(executor);
  const Subscription subscription(journal, watch, wake);
  // A timer of its own: waits for events are few, and each ends with its step.
  net::Deadlines deadlines(executor, clock);
  net::Deadline bound(deadlines, [&wake] { wake.notify(); });
  bound.set(deadline);
  while (!bound.passed()) {
    const bool going = co_await wake.wait();
    if (watch.happened()) co_return true;
    if (!going) co_return false;
  }
  co_return false;
}

}  // namespace sallyport::sim::journal
