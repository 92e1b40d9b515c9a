// The actors of a world that are processes: gateway, middleware services, subject. Steps start,
// stop and freeze them by name; while one is down, who tries to reach it is journalled (`attempt`).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "simulator/runner/stage.h"

namespace sallyport::sim::runner {

// Starts all that is `initially: up`, the subject last. What went wrong, or nothing.
[[nodiscard]] net::Task<std::optional<std::string>> start_processes(Stage& stage,
                                                                    base::TimePoint deadline);

[[nodiscard]] bool is_process(const Stage& stage, const std::string& actor);
[[nodiscard]] bool process_runs(const Stage& stage, const std::string& actor);
// The others CHECK that `actor` is a process. Until it is ready; why it isn't, or nothing.
[[nodiscard]] net::Task<std::optional<std::string>> start_process(Stage& stage, std::string actor,
                                                                  base::TimePoint deadline);
// False when it hadn't ended by `deadline`.
[[nodiscard]] net::Task<bool> stop_process(Stage& stage, std::string actor, int signal,
                                           base::TimePoint deadline);
void signal_process(Stage& stage, const std::string& actor, int signal);

// TERM to all that runs, the subject first; woken if they are frozen, killed at their bound. The
// names of those that had to be.
[[nodiscard]] net::Task<std::vector<std::string>> end_processes(Stage& stage, base::Duration bound);

// Of the processes that ended though no step stopped them.
struct Crash {
  std::string actor;
  world::Exit end;
};
[[nodiscard]] std::vector<Crash> crashes(const Stage& stage);
// All that processes have written to stdout and stderr, by name.
[[nodiscard]] std::map<std::string, std::string> outputs(const Stage& stage);

// A connection attempt at `actor` that was stopped.
void note_attempt(Stage& stage, const std::string& actor, const topology::PacketHit& hit);

}  // namespace sallyport::sim::runner
