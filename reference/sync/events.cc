#include "reference/sync/events.h"

#include <fmt/format.h>

#include <algorithm>

#include "reference/middleware/registry.h"

namespace sallyport::sync {
namespace {

void add_generation(audit::Event& event, const egress::Generation& generation) {
  event.unmapped.emplace_back("generation", static_cast<std::int64_t>(generation.number));
}

std::int64_t service_count(const egress::Generation& generation) {
  if (!generation.middleware) return 0;
  const auto& all = generation.middleware->all();
  return std::count_if(all.begin(), all.end(), [](const auto& one) { return one.second.external; });
}

}  // namespace

void emit_loaded(audit::AuditSink& audit, const egress::Generation& generation,
                 const std::string& source) {
  audit::Event event =
      audit::config_state("loaded", fmt::format("Policy generation {} loaded", generation.number));
  add_generation(event, generation);
  event.unmapped.emplace_back("policy_hash", generation.policy.revision);
  event.unmapped.emplace_back("source", source);
  event.unmapped.emplace_back("config_revision", generation.revisions.config);
  event.unmapped.emplace_back("bundle_revision", generation.revisions.bundle);
  event.unmapped.emplace_back("environment_revision", generation.revisions.environment);
  event.unmapped.emplace_back("service_count", service_count(generation));
  audit.emit(event);
}

void emit_failed(audit::AuditSink& audit, const egress::Generation& current, const Failure& failure,
                 const std::string& source) {
  audit::Event event =
      audit::config_state("failed",
                          fmt::format("Part of a generation ({}) can't be taken: {}", failure.part,
                                      failure.still_active ? "what was in force stays"
                                                           : "what was in force is withdrawn"),
                          audit::Severity::medium, audit::Status::failure);
  event.status_detail = failure.detail;
  add_generation(event, current);
  event.unmapped.emplace_back("part", failure.part);
  event.unmapped.emplace_back("version", failure.version);
  event.unmapped.emplace_back("error", failure.error);
  event.unmapped.emplace_back("previous_policy_active", failure.still_active ? "true" : "false");
  event.unmapped.emplace_back("source", source);
  audit.emit(event);
}

void emit_stale(audit::AuditSink& audit, const egress::Generation& current, std::string_view part,
                rpc::Code code, const std::string& source) {
  audit::Event event = audit::config_state(
      "stale",
      fmt::format("The gateway doesn't answer, generation {} stays in force", current.number),
      audit::Severity::medium, audit::Status::failure);
  event.status_detail = fmt::format("{}: {}", part, rpc::code_name(code));
  add_generation(event, current);
  event.unmapped.emplace_back("part", std::string(part));
  event.unmapped.emplace_back("error", std::string(rpc::code_name(code)));
  event.unmapped.emplace_back("source", source);
  audit.emit(event);
}

void emit_withdrawn(audit::AuditSink& audit, const egress::Generation& current,
                    std::string_view part, base::Duration max_stale, const std::string& source) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(max_stale).count();
  audit::Event event = audit::config_state(
      "withdrawn", fmt::format("The gateway wasn't heard of for too long, {} withdrawn", part),
      audit::Severity::high, audit::Status::failure);
  event.status_detail = fmt::format("{}: no answer for {} ms (gateway.max_stale)", part, ms);
  add_generation(event, current);
  event.unmapped.emplace_back("part", std::string(part));
  event.unmapped.emplace_back("max_stale_ms", static_cast<std::int64_t>(ms));
  event.unmapped.emplace_back("source", source);
  audit.emit(event);
}

void emit_quarantined(audit::AuditSink& audit, const egress::Generation& quarantined) {
  audit::Event event = audit::config_state(
      "quarantined", fmt::format("Generation {} denies everything", quarantined.number),
      audit::Severity::high, audit::Status::failure);
  event.status_detail = quarantined.quarantine;
  audit.emit(event);
}

void emit_degraded(audit::AuditSink& audit, const egress::Generation& current, std::size_t refused,
                   const std::string& detail, const std::string& source) {
  audit::Event event = audit::config_state(
      "degraded", "Middleware services aren't there; on_error governs the requests that they match",
      audit::Severity::medium, audit::Status::failure);
  event.status_detail = detail;
  add_generation(event, current);
  event.unmapped.emplace_back("service_count", static_cast<std::int64_t>(refused));
  event.unmapped.emplace_back("source", source);
  audit.emit(event);
}

}  // namespace sallyport::sync
