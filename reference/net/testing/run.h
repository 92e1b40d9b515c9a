// A loop for tests: runs one coroutine, and whatever it starts, until that one has ended.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <optional>
#include <utility>

#include "reference/net/deadlines.h"
#include "reference/net/loop_clock.h"

namespace sallyport::net::testing {

struct TestLoop {
  Loop loop;
  LoopClock clock{loop.executor()};
  Deadlines deadlines{loop.executor(), clock};

  [[nodiscard]] Executor executor() { return loop.executor(); }
  // `ms` milliseconds from now.
  [[nodiscard]] base::TimePoint in(int ms) const;

  // The coroutine's value. CHECKs that it ends within 30 s; its exception comes out here.
  template <class T>
  T run(Task<T> task) {
    std::optional<T> value;
    std::exception_ptr failure;
    bool done = false;
    asio::co_spawn(loop.executor(), std::move(task), [&](std::exception_ptr e, T result) {
      failure = e;
      value.emplace(std::move(result));
      done = true;
    });
    run_until(done);
    if (failure) std::rethrow_exception(failure);
    return std::move(*value);
  }
  void run(Task<void> task);
  // As spawn without a group; exceptions abort the test.
  void spawn(Task<void> task);

  // Turns the loop until `done`.
  void run_until(const bool& done);
  // Runs what is ready now, waits for nothing.
  void poll();
};

}  // namespace sallyport::net::testing
