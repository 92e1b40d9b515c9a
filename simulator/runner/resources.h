// Looks at what processes of a world hold, for the checker `resources_flat`: memory and
// descriptors, after repetitions of a step. Reads /proc; nobody is asked.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "simulator/runner/stage.h"

namespace sallyport::sim::runner {

// An actor's event with `rss` (octets) and `fds`.
inline constexpr const char* kResourcesKind = "resources";

struct Resources {
  std::uint64_t rss = 0;  // octets that are resident
  std::uint64_t fds = 0;
};

// Nothing when there is no such process (any more).
[[nodiscard]] std::optional<Resources> resources_of(pid_t pid);

// Journals a sample of each actor that a `resources_flat` of this cell asks about during `step`.
// `exchanges` so many have ended: of many repetitions only some are looked at.
void sample_resources(Stage& stage, const scenario::Step& step, std::uint64_t exchanges);

}  // namespace sallyport::sim::runner
