// What a whole run says in figures: how long its phases took, how much of that was the harness's
// own, and where several subjects' verdicts differ. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "simulator/runner/result.h"

namespace sallyport::sim::report {

// `31.4 ms`, `2.05 s`.
[[nodiscard]] std::string human(base::Duration duration);

// Medians over the cells that ran; each by itself, so that they needn't add up.
struct Medians {
  std::size_t cells = 0;
  std::array<base::Duration, 6> phases{};  // by runner::Phases::names()
  std::array<base::Duration, 6> own{};
  base::Duration total{0};
  base::Duration own_total{0};
};
[[nodiscard]] Medians medians(const runner::RunResult& run);

// `world 1.2 ms, ..., judge 0.3 ms; the harness itself 5.1 ms`.
[[nodiscard]] std::string describe(const runner::Phases& phases);
// One line with the harness's share by phase; empty when no cell ran.
[[nodiscard]] std::string describe_medians(const runner::RunResult& run);
// What each subject came to and the cells in which their verdicts differ, some lines; empty for a
// run on one.
[[nodiscard]] std::string describe_differences(const runner::RunResult& run);

}  // namespace sallyport::sim::report
