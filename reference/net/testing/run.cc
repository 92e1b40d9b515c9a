#include "reference/net/testing/run.h"

#include "reference/base/check.h"

namespace sallyport::net::testing {
namespace {

constexpr std::chrono::seconds kTestMax{30};

}  // namespace

base::TimePoint TestLoop::in(int ms) const { return clock.now() + std::chrono::milliseconds{ms}; }

void TestLoop::run(Task<void> task) {
  std::exception_ptr failure;
  bool done = false;
  asio::co_spawn(loop.executor(), std::move(task), [&](std::exception_ptr e) {
    failure = e;
    done = true;
  });
  run_until(done);
  if (failure) std::rethrow_exception(failure);
}

void TestLoop::spawn(Task<void> task) {
  asio::co_spawn(loop.executor(), std::move(task),
                 [](std::exception_ptr failure) { CHECK(!failure); });
}

void TestLoop::run_until(const bool& done) {
  loop.context().restart();
  const base::TimePoint end = clock.now() + kTestMax;
  while (!done) {
    CHECK(clock.now() < end);
    loop.context().run_one_for(kTestMax);
    if (!done) CHECK(!loop.context().stopped());  // nothing left that could finish it
  }
}

void TestLoop::poll() {
  loop.context().restart();
  loop.context().poll();
}

}  // namespace sallyport::net::testing
