#include "reference/supervisor/lifecycle.h"

#include <fmt/format.h>

#include <csignal>

#include "reference/credentials/store.h"
#include "reference/sync/events.h"

namespace sallyport::supervisor {
namespace {

// Agents go on with the placeholders that they were given: those of the generation before too.
void keep_placeholders(const egress::Generation& before, egress::Generation& next) {
  if (!before.credentials || !next.credentials) return;
  next.credentials = std::make_shared<const credentials::Store>(
      credentials::Store::succeed(*before.credentials, *next.credentials));
}

}  // namespace

Lifecycle::Lifecycle(Parts parts)
    : parts_(std::move(parts)),
      signals_(parts_.services.executor, SIGHUP, SIGTERM, SIGINT),
      drains_(parts_.services.executor, parts_.services.log) {}

net::Task<void> Lifecycle::run() {
  while (!drained_) {
    // Without a bound: this waits for whoever runs the process.
    const auto [error, signal] = co_await signals_.async_wait(net::kAwait);
    if (error) co_return;
    if (signal == SIGHUP) {
      reload();
    } else if (parts_.divert && parts_.divert(signal)) {
      continue;
    } else if (draining_) {
      parts_.services.sessions.force();
    } else {
      begin_drain();
    }
  }
}

void Lifecycle::reload() {
  base::Diagnostics complaints;
  const auto config =
      parts_.load ? parts_.load(complaints) : load_config(parts_.config_file, complaints);
  std::shared_ptr<egress::Generation> next;
  base::Diagnostics warnings;
  if (config && config->gateway.has_value() != parts_.gateway) {
    complaints.add({parts_.config_file, {}, "a gateway comes or goes with a restart only", {}});
  } else if (config && config->identity != parts_.programs.rule) {
    complaints.add({parts_.config_file, {}, "identity changes with a restart only", {}});
  } else if (config) {
    next = build_generation(*config, parts_.programs, parts_.slow, parts_.environment, complaints,
                            warnings);
  }
  for (const base::Diagnostic& warning : warnings.all()) {
    parts_.services.log.write(base::LogLevel::warning, "reload", warning.to_string());
  }
  if (!next) return reload_failed(complaints);
  if (!settles(*config, next->policy)) return;
  if (parts_.gateway) return reload_beside_gateway(*next);
  keep_placeholders(*parts_.generations.current(), *next);
  parts_.polls.spawn(parts_.poller.replace(std::move(next), config->middleware));
}

// A policy that is sound, but not for the sandbox that runs, is no reason for a quarantine.
bool Lifecycle::settles(const Config& config, policy::Policy& policy) {
  if (parts_.gateway || !parts_.settle) return true;
  const std::string wrong = parts_.settle(policy);
  if (wrong.empty()) return true;
  const std::string& file = config.policy_file.empty() ? config.file : config.policy_file;
  sync::Failure failure;
  failure.part = "policy";
  failure.version = policy.revision;
  failure.error = "static_change";
  failure.detail = fmt::format("{}: {}", file, wrong);
  sync::emit_failed(parts_.services.audit, *parts_.generations.current(), failure,
                    parts_.config_file);
  parts_.services.log.write(base::LogLevel::error, "reload", failure.detail);
  return false;
}

// The rest of the file counts at once; policy and routes are asked for.
void Lifecycle::reload_beside_gateway(const egress::Generation& read) {
  auto next = std::make_shared<egress::Generation>(*parts_.generations.current());
  next->limits = read.limits;
  next->forward = read.forward;
  next->forward_keep_alive = read.forward_keep_alive;
  next->fail_closed = read.fail_closed;
  // A policy of the gateway's that isn't sound is none of the file's business.
  if (!parts_.poller.quarantines()) next->quarantine.clear();
  sync::emit_loaded(parts_.services.audit, *parts_.generations.install(std::move(next)),
                    parts_.config_file);
  parts_.poller.poll_now();
}

void Lifecycle::reload_failed(const base::Diagnostics& complaints) {
  const auto current = parts_.generations.current();
  audit::Event event = audit::config_state(
      "failed", fmt::format("Reload failed, generation {} stays", current->number),
      audit::Severity::medium, audit::Status::failure);
  event.status_detail = complaints.to_string();
  event.unmapped.emplace_back("generation", static_cast<std::int64_t>(current->number));
  event.unmapped.emplace_back("source", parts_.config_file);
  parts_.services.audit.emit(event);
  for (const base::Diagnostic& complaint : complaints.all()) {
    parts_.services.log.write(base::LogLevel::error, "reload", complaint.to_string());
  }
  if (current->fail_closed) quarantine(*current, complaints);
}

// Nothing of what decided until now is trusted any more, until a reload succeeds
// (OpenShell opa.rs, policy_validation_failure_mode).
void Lifecycle::quarantine(const egress::Generation& current, const base::Diagnostics& complaints) {
  auto next = std::make_shared<egress::Generation>(current);
  next->quarantine = "policy validation failed: " + complaints.all().front().message;
  sync::emit_quarantined(parts_.services.audit, *parts_.generations.install(std::move(next)));
}

void Lifecycle::begin_drain() {
  draining_ = true;
  parts_.server.stop();
  drains_.spawn(drain());
}

void Lifecycle::end() {
  if (!draining_) begin_drain();
  parts_.services.sessions.force();
}

net::Task<void> Lifecycle::drain() {
  const relay::Services& services = parts_.services;
  const auto bound = parts_.generations.current()->limits.drain;
  const bool all_ended = co_await services.sessions.drain(services.clock.now() + bound);
  if (!all_ended) {
    services.sessions.force();
    // They end in the loop's next turns; what they refer to must outlive them.
    co_await services.sessions.drain(services.clock.now() + bound);
  }
  services.audit.emit(audit::lifecycle(audit::activity::kLifecycleStop, "supervisor stopped"));
  drained_ = true;
  signals_.cancel();
}

}  // namespace sallyport::supervisor
