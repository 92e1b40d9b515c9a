// The actors of a world that steps start, stop and freeze by name: processes (gateway, middleware
// services, subjects), and light ones, which live on the world's loop (providers, decoys). While
// one is down, who tries to reach it is journalled (`attempt`).
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

// Actors without a process (providers, decoys), stopped, started and frozen in place. All but the
// first CHECK that `actor` is one.
[[nodiscard]] bool is_light(const Stage& stage, const std::string& actor);
[[nodiscard]] bool light_listens(const Stage& stage, const std::string& actor);
// Why it can't listen, or nothing. Starting one that listens, or stopping one that doesn't, changes
// nothing.
[[nodiscard]] std::optional<std::string> start_light(Stage& stage, const std::string& actor);
void stop_light(Stage& stage, const std::string& actor);

// Whether the actor runs (a process) or listens (a light one); CHECKs that there is such an actor.
[[nodiscard]] bool actor_is_up(const Stage& stage, const std::string& actor);
// Processes and light actors alike. One that is down has nothing to freeze: then nothing happens.
[[nodiscard]] bool can_freeze(const Stage& stage, const std::string& actor);
void freeze_actor(Stage& stage, const std::string& actor);
void thaw_actor(Stage& stage, const std::string& actor);

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

// While `actor` is down: journals who tries to reach it. Each is idempotent.
void watch_attempts(Stage& stage, const std::string& actor);
void unwatch_attempts(Stage& stage, const std::string& actor);

// A connection attempt at `actor` that was stopped.
void note_attempt(Stage& stage, const std::string& actor, const topology::PacketHit& hit);

}  // namespace sallyport::sim::runner
