// The system's clock with waiting on the loop; main hands it to whatever needs a Clock.
#pragma once

#include "reference/net/clock.h"

namespace sallyport::net {

class LoopClock final : public Clock {
 public:
  explicit LoopClock(Executor executor) : executor_(executor) {}
  [[nodiscard]] base::TimePoint now() const override { return system_.now(); }
  [[nodiscard]] std::int64_t wall_ms() const override { return system_.wall_ms(); }
  // Waits that are pending when the loop is destroyed never end.
  [[nodiscard]] Task<void> sleep_until(base::TimePoint at) override;

 private:
  Executor executor_;
  base::SystemClock system_;
};

}  // namespace sallyport::net
