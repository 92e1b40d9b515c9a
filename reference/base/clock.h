// The port through which everything tells the time; handed in, never reached for. Waiting for a
// time is net::Clock's, since it needs the loop.
#pragma once

#include <chrono>
#include <cstdint>

namespace sallyport::base {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

class Clock {
 public:
  virtual ~Clock() = default;
  // Monotonic; comparable within one process and, on Linux, between processes of one machine.
  [[nodiscard]] virtual TimePoint now() const = 0;
  // Milliseconds since 1970-01-01T00:00:00Z.
  [[nodiscard]] virtual std::int64_t wall_ms() const = 0;
};

// CLOCK_MONOTONIC and CLOCK_REALTIME.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override;
  [[nodiscard]] std::int64_t wall_ms() const override;
};

}  // namespace sallyport::base
