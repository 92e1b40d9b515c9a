#include "simulator/runner/processes.h"

#include <signal.h>

#include <algorithm>

#include "reference/base/check.h"
#include "reference/net/event.h"
#include "simulator/runner/leaks.h"
#include "simulator/runner/process_faults.h"

namespace sallyport::sim::runner {
namespace {

// How long a subject that is ready is waited for to hear of its gateway and services.
constexpr base::Duration kPatience = std::chrono::seconds(2);

// Of the watch on the listener of an actor that is down; no step has such a name.
std::string watch_name(const std::string& actor) { return "down " + actor; }

struct Waiting {
  std::string actor;
  bool done = false;
  std::optional<std::string> trouble;
};

net::Task<void> start_in_background(Stage* stage, Waiting* waiting, base::TimePoint deadline,
                                    net::Event* wake) {
  waiting->trouble = co_await start_process(*stage, waiting->actor, deadline);
  waiting->done = true;
  wake->notify();
}

// Whether the subject has said what it works by: its gateway's word, or that it has none; its
// files and the services that it found.
bool configured(const Stage& stage, const subject::Subject& subject, std::uint64_t stale,
                std::uint64_t failed) {
  const subject::Subject::Configured& said = subject.configured();
  if (stage.gateway) {
    const bool whole = said.failed_part == "policy" || said.failed_part == "configuration";
    return !said.revisions.config.empty() || said.stale > stale || (said.failed > failed && whole);
  }
  // The files' first, without services; then what it found of those.
  return said.loaded_in_run >= (subject.spec().middleware.empty() ? 1 : 2);
}

bool gateway_answers(const Stage& stage) {
  if (!stage.gateway || !stage.gateway->process().running()) return false;
  return std::none_of(stage.faults_in_force.begin(), stage.faults_in_force.end(),
                      [](const auto& fault) { return fault.second.target == kGateway; });
}

bool process_ready(const Stage& stage, const std::string& actor) {
  if (stage.gateway && actor == kGateway) return stage.gateway->process().ready();
  if (const auto found = stage.services.find(actor); found != stage.services.end())
    return found->second->ready();
  const auto subject = stage.subjects.find(actor);
  return subject != stage.subjects.end() && subject->second->process().ready();
}

// The subject is ready before it has heard of its gateway and services, and steps are about what
// they say. It isn't held against it when it has heard nothing by `deadline`.
net::Task<void> await_configuration(Stage& stage, subject::Subject& subject,
                                    subject::Subject::Configured before, base::TimePoint deadline) {
  const net::Executor executor = stage.loop.executor();
  net::Event wake(executor);
  net::Deadline bound(stage.deadlines, [&wake] { wake.notify(); });
  bound.set(deadline);
  const std::uint64_t id = stage.journal.subscribe([&wake](const journal::Event& event) {
    if (event.kind == "config" || event.kind == "exit") wake.notify();
  });
  while (!configured(stage, subject, before.stale, before.failed) && subject.process().running() &&
         !bound.passed()) {
    if (!co_await wake.wait()) break;
  }
  stage.journal.unsubscribe(id);
}

// The namespace that the subject has made for its agent.
std::optional<std::string> join_namespace(Stage& stage, const subject::Subject& subject) {
  const auto holder = subject.holder();
  const scenario::Supervisor* const of =
      scenario::supervisor_named(stage.cell, subject.spec().name);
  if (!holder || of == nullptr || !stage.hosts->has(of->serves)) return std::nullopt;
  auto joined = stage.hosts->adopt(of->serves, *holder);
  if (joined && stage.guard && stage.guard_off.empty()) joined = stage.guard->adopt(of->serves);
  if (joined) return std::nullopt;
  return "the namespace of process " + std::to_string(*holder) +
         ", which it reports, can't be joined: " + joined.error().message();
}

net::Task<std::optional<std::string>> start_supervisor(Stage& stage, subject::Subject& subject,
                                                       base::TimePoint deadline) {
  const subject::Subject::Configured before = subject.configured();
  const auto failure = co_await subject.start(deadline);
  if (failure) co_return failure->what;
  if (auto wrong = join_namespace(stage, subject)) co_return wrong;
  if (!subject.tells_configuration()) {
    stage.sandbox_trust[subject.spec().name] = wire::TlsContext::client(subject.ca_pem());
    co_return std::nullopt;
  }
  // A new run has a new CA.
  stage.sandbox_trust[subject.spec().name] = wire::TlsContext::client(subject.ca_pem());
  if (stage.gateway && !gateway_answers(stage)) co_return std::nullopt;
  const auto patience =
      static_cast<base::Duration::rep>(static_cast<double>(kPatience.count()) * stage.options.slow);
  const base::TimePoint until = std::min(deadline, stage.clock.now() + base::Duration(patience));
  co_await await_configuration(stage, subject, before, until);
  co_return std::nullopt;
}

std::vector<std::string> beside_subject(const Stage& stage) {
  std::vector<std::string> names;
  if (stage.gateway) names.emplace_back(kGateway);
  for (const auto& [name, service] : stage.services) names.push_back(name);
  return names;
}

bool up_at_start(const Stage& stage, const std::string& actor) {
  if (actor == kGateway) return stage.cell.gateway->up;
  const auto service = stage.services.find(actor);
  if (service != stage.services.end()) return service->second->spec().up;
  return scenario::supervisor_named(stage.cell, actor)->up;
}

}  // namespace

void watch_attempts(Stage& stage, const std::string& actor) {
  if (stage.faults->active(watch_name(actor))) return;
  const Stage::Listener listener = stage.listener_of(actor);
  topology::PacketFault watch;
  watch.net_namespace = stage.hosts->fd(listener.host);
  watch.listener = listener.at;
  watch.kind = topology::PacketFault::Kind::attempts;
  Stage* const on = &stage;
  const auto begun = stage.faults->begin(
      watch_name(actor), watch,
      [on, actor](const topology::PacketHit& hit) { note_attempt(*on, actor, hit); });
  if (!begun) stage.trouble = actor + "'s listener can't be watched: " + begun.error().message();
}

void unwatch_attempts(Stage& stage, const std::string& actor) {
  stage.faults->lift(watch_name(actor));
}

void note_attempt(Stage& stage, const std::string& actor, const topology::PacketHit& hit) {
  journal::Event event;
  event.at = hit.at;
  event.source = actor;
  event.source_type = actor == kGateway                 ? "gateway"
                      : stage.services.contains(actor)  ? "middleware"
                      : stage.providers.contains(actor) ? "provider"
                      : stage.decoys.contains(actor)    ? "decoy"
                                                        : "supervisor";
  event.kind = "attempt";
  event.step = stage.only_step();
  event.from = stage.hosts->host_of(hit.peer.address, stage.listener_of(actor).host);
  event.fields["to"] = stage.listener_of(actor).at.to_string();
  stage.journal.append(std::move(event));
}

bool is_process(const Stage& stage, const std::string& actor) {
  return (stage.gateway && actor == kGateway) || stage.services.contains(actor) ||
         stage.subjects.contains(actor);
}

bool process_runs(const Stage& stage, const std::string& actor) {
  if (stage.gateway && actor == kGateway) return stage.gateway->process().running();
  if (const auto found = stage.services.find(actor); found != stage.services.end())
    return found->second->running();
  const auto subject = stage.subjects.find(actor);
  return subject != stage.subjects.end() && subject->second->process().running();
}

net::Task<std::optional<std::string>> start_process(Stage& stage, std::string actor,
                                                    base::TimePoint deadline) {
  CHECK(is_process(stage, actor));
  unwatch_attempts(stage, actor);
  std::optional<std::string> trouble;
  if (process_runs(stage, actor)) {
    if (!process_ready(stage, actor)) trouble = "it runs, but isn't ready";
    co_return trouble;
  }
  if (actor == kGateway) {
    const auto failure = co_await stage.gateway->start(deadline);
    if (failure) trouble = failure->what;
  } else if (const auto found = stage.services.find(actor); found != stage.services.end()) {
    const auto failure = co_await found->second->start(deadline);
    if (failure) trouble = failure->what;
  } else {
    trouble = co_await start_supervisor(stage, *stage.subjects.at(actor), deadline);
  }
  if (!trouble) note_holdings(stage, actor);
  co_return trouble;
}

net::Task<bool> stop_process(Stage& stage, std::string actor, int signal,
                             base::TimePoint deadline) {
  CHECK(is_process(stage, actor));
  bool ended = false;
  if (actor == kGateway) {
    ended = co_await stage.gateway->process().stop(signal, deadline);
  } else if (const auto found = stage.services.find(actor); found != stage.services.end()) {
    ended = co_await found->second->stop(deadline, signal);
  } else {
    ended = co_await stage.subjects.at(actor)->process().stop(signal, deadline);
  }
  if (ended) watch_attempts(stage, actor);
  if (ended) take_ports(stage, actor);
  co_return ended;
}

void signal_process(Stage& stage, const std::string& actor, int signal) {
  CHECK(is_process(stage, actor));
  if (actor == kGateway) {
    stage.gateway->process().signal(signal);
  } else if (const auto found = stage.services.find(actor); found != stage.services.end()) {
    found->second->signal(signal);
  } else {
    stage.subjects.at(actor)->process().signal(signal);
  }
}

namespace {

// Side by side: each takes some milliseconds to be ready, and none needs another's answer.
net::Task<std::optional<std::string>> start_together(Stage& stage, std::vector<std::string> actors,
                                                     base::TimePoint deadline) {
  const net::Executor executor = stage.loop.executor();
  net::Event wake(executor);
  std::map<std::string, Waiting> starts;
  for (const std::string& actor : actors) {
    if (up_at_start(stage, actor)) {
      starts[actor].actor = actor;
    } else {
      watch_attempts(stage, actor);
    }
  }
  for (auto& [actor, waiting] : starts)
    stage.group.spawn(start_in_background(&stage, &waiting, deadline, &wake));
  std::optional<std::string> trouble;
  for (auto& [actor, waiting] : starts) {
    while (!waiting.done) {
      if (!co_await wake.wait()) co_return "cancelled";
    }
    if (waiting.trouble && !trouble) trouble = actor + ": " + *waiting.trouble;
  }
  co_return trouble;
}

}  // namespace

net::Task<std::optional<std::string>> start_processes(Stage& stage, base::TimePoint deadline) {
  if (auto unprepared = prepare_process_faults(stage)) co_return unprepared;
  for (const auto& [name, provider] : stage.providers) {
    if (!provider->listens()) watch_attempts(stage, name);
  }
  std::vector<std::string> others = beside_subject(stage);
  std::optional<std::string> trouble = co_await start_together(stage, std::move(others), deadline);
  if (trouble) co_return trouble;
  std::vector<std::string> supervisors;
  for (const auto& [name, subject] : stage.subjects) supervisors.push_back(name);
  trouble = co_await start_together(stage, std::move(supervisors), deadline);
  if (trouble) co_return "the subject: " + *trouble;
  co_return stage.trouble;
}

net::Task<std::vector<std::string>> end_processes(Stage& stage, base::Duration bound) {
  std::vector<std::string> late;
  for (const auto& [name, subject] : stage.subjects) {
    const base::TimePoint until = stage.clock.now() + bound;
    const bool ended = co_await subject->process().end(until);
    if (!ended) late.push_back(name);
    co_await subject->let_go();
  }
  if (stage.gateway) {
    const base::TimePoint until = stage.clock.now() + bound;
    const bool ended = co_await stage.gateway->process().end(until);
    if (!ended) late.emplace_back(kGateway);
  }
  for (const auto& [name, service] : stage.services) {
    service->signal(SIGCONT);
    const base::TimePoint until = stage.clock.now() + bound;
    const bool ended = co_await service->stop(until);
    if (!ended) late.push_back(name);
  }
  co_return late;
}

std::vector<Crash> crashes(const Stage& stage) {
  std::vector<Crash> all;
  const auto add = [&all](const std::string& actor, const std::optional<world::Exit>& end) {
    if (end) all.push_back({actor, *end});
  };
  for (const auto& [name, subject] : stage.subjects) add(name, subject->process().crash());
  if (stage.gateway) add(kGateway, stage.gateway->process().crash());
  for (const auto& [name, service] : stage.services) {
    add(name, service->crash());
  }
  return all;
}

std::map<std::string, std::string> outputs(const Stage& stage) {
  std::map<std::string, std::string> all;
  for (const auto& [name, subject] : stage.subjects) all[name] = subject->process().output();
  if (stage.gateway) all[kGateway] = stage.gateway->process().output();
  for (const auto& [name, service] : stage.services) all[name] = service->output();
  return all;
}

}  // namespace sallyport::sim::runner
