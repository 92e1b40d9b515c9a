// How many requests may hold a body for middleware at once: permits of the process, which survive
// every reload, and a bounded queue before them. Owned by main; on the loop.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "reference/net/executor.h"

namespace sallyport::middleware {

class Admission {
 public:
  // kPermitsMax and kWaitersMax (limits.h).
  Admission(net::Executor executor, std::size_t permits_max, std::size_t waiters_max);
  // Whoever waits gets no permit. Permits that are held may outlive it.
  ~Admission();
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  class Permit;

  // First come, first served. Not held: neither a permit nor room to wait, or the process is
  // ending. Waits without a bound of its own: holders are bounded. A waiter that is cancelled
  // leaves the queue.
  [[nodiscard]] net::Task<Permit> acquire();

  [[nodiscard]] std::size_t held() const;
  [[nodiscard]] std::size_t waiting() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

// Given back by its destructor at the latest; the first who waits gets it.
class Admission::Permit {
 public:
  Permit() = default;
  explicit Permit(std::shared_ptr<Impl> of) : of_(std::move(of)) {}
  Permit(Permit&&) noexcept = default;
  Permit& operator=(Permit&& other) noexcept;
  ~Permit() { release(); }
  void release();
  [[nodiscard]] bool held() const { return of_ != nullptr; }

 private:
  std::shared_ptr<Impl> of_;
};

}  // namespace sallyport::middleware
