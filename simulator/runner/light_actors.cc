// The light actors of processes.h: providers and decoys, which have no process of their own.
#include <signal.h>

#include "reference/base/check.h"
#include "simulator/runner/process_faults.h"
#include "simulator/runner/processes.h"

namespace sallyport::sim::runner {
namespace {

// Calls `act` with the provider or decoy of that name; false when there is none.
template <class Act>
bool with_light(const Stage& stage, const std::string& actor, Act act) {
  if (const auto found = stage.providers.find(actor); found != stage.providers.end()) {
    act(*found->second);
    return true;
  }
  if (const auto found = stage.decoys.find(actor); found != stage.decoys.end()) {
    act(*found->second);
    return true;
  }
  return false;
}

}  // namespace

bool is_light(const Stage& stage, const std::string& actor) {
  return stage.providers.contains(actor) || stage.decoys.contains(actor);
}

bool light_listens(const Stage& stage, const std::string& actor) {
  bool listens = false;
  CHECK(with_light(stage, actor, [&listens](const auto& one) { listens = one.listens(); }));
  return listens;
}

std::optional<std::string> start_light(Stage& stage, const std::string& actor) {
  if (light_listens(stage, actor)) return std::nullopt;
  const Stage::Listener listener = stage.listener_of(actor);
  auto socket = stage.hosts->listen_tcp(listener.host, listener.at);
  if (!socket) {
    return actor + " can't listen on " + listener.at.to_string() + ": " + socket.error().message();
  }
  // Whoever came before is told as stopped before it listens.
  stage.faults->drain();
  unwatch_attempts(stage, actor);
  with_light(stage, actor, [&socket](auto& one) { one.start_listening(std::move(*socket)); });
  return std::nullopt;
}

void stop_light(Stage& stage, const std::string& actor) {
  if (!light_listens(stage, actor)) return;
  with_light(stage, actor, [](auto& one) { one.stop_listening(); });
  watch_attempts(stage, actor);
  take_ports(stage, actor);
}

bool actor_is_up(const Stage& stage, const std::string& actor) {
  return is_process(stage, actor) ? process_runs(stage, actor) : light_listens(stage, actor);
}

bool can_freeze(const Stage& stage, const std::string& actor) {
  return is_process(stage, actor) || is_light(stage, actor);
}

void freeze_actor(Stage& stage, const std::string& actor) {
  if (is_process(stage, actor)) {
    signal_process(stage, actor, SIGSTOP);
  } else {
    CHECK(with_light(stage, actor, [](auto& one) { one.freeze(); }));
  }
}

void thaw_actor(Stage& stage, const std::string& actor) {
  if (is_process(stage, actor)) {
    signal_process(stage, actor, SIGCONT);
  } else {
    CHECK(with_light(stage, actor, [](auto& one) { one.thaw(); }));
  }
}

}  // namespace sallyport::sim::runner
