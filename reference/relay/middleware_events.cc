#include "reference/relay/middleware_events.h"

#include <fmt/format.h>

#include "reference/middleware/limits.h"

namespace sallyport::relay {
namespace {

using Evidence = std::vector<std::pair<std::string, std::string>>;

audit::Event stamped(const Grant& grant, audit::Event event) {
  event.unmapped.emplace_back("generation", static_cast<std::int64_t>(grant.allow.generation));
  return event;
}

audit::Event finding_event(const Grant& grant, std::string uid, std::string title,
                           std::string message, Evidence evidence, audit::Severity severity,
                           bool blocked) {
  audit::Finding finding;
  finding.uid = std::move(uid);
  finding.title = std::move(title);
  finding.evidence = std::move(evidence);
  audit::Event event =
      audit::finding(std::move(finding), severity,
                     blocked ? audit::Disposition::blocked : audit::Disposition::allowed);
  event.message = std::move(message);
  return stamped(grant, std::move(event));
}

std::string_view word(bool value) { return value ? "true" : "false"; }

audit::Event stage_event(const Grant& grant, std::string_view method, std::string_view path,
                         const middleware::Invocation& stage, const std::string& reason) {
  // The scheme is always http, as the field writes it; the port is shown therefore.
  audit::HttpRequest request{std::string(method), "http", grant.intent.host, grant.intent.port,
                             std::string(path)};
  audit::Rule rule{grant.allow.policy, "middleware"};
  std::string message = fmt::format("MIDDLEWARE {} {} decision={}", stage.config,
                                    stage.implementation, stage.allowed ? "Allow" : "Deny");
  audit::Event event = stage.allowed
                           ? audit::http_allowed(grant.flow(), std::move(request),
                                                 std::move(message), std::move(rule))
                           : audit::http_denied(grant.flow(), std::move(request),
                                                std::move(message), reason, std::move(rule));
  event.unmapped.emplace_back("transformed", std::string(word(stage.transformed)));
  event.unmapped.emplace_back("failed", std::string(word(stage.failed)));
  if (!stage.code.empty()) event.unmapped.emplace_back("code", stage.code);
  return stamped(grant, std::move(event));
}

audit::Event bypass_event(const Grant& grant, const middleware::Invocation& stage) {
  Evidence evidence = {{"middleware", stage.config}, {"implementation", stage.implementation}};
  audit::Event event =
      finding_event(grant, "openshell.middleware.failure", "Supervisor middleware failed open",
                    fmt::format("Middleware {} failed and was bypassed (fail_open)", stage.config),
                    std::move(evidence), audit::Severity::medium, false);
  event.unmapped.emplace_back("middleware", stage.config);
  event.unmapped.emplace_back("implementation", stage.implementation);
  return event;
}

audit::Severity severity_of(std::string_view word_of_stage) {
  if (word_of_stage == "high") return audit::Severity::high;
  return word_of_stage == "low" ? audit::Severity::low : audit::Severity::medium;
}

audit::Event stage_finding_event(const Grant& grant, const middleware::NamedFinding& found,
                                 bool blocked) {
  const std::string count = std::to_string(found.count);
  Evidence evidence = {{"middleware", found.config}, {"count", count}};
  audit::Event event =
      finding_event(grant, found.type, found.label,
                    fmt::format("Middleware finding {} count={}", found.type, count),
                    std::move(evidence), severity_of(found.severity), blocked);
  event.unmapped.emplace_back("middleware", found.config);
  event.unmapped.emplace_back("count", static_cast<std::int64_t>(found.count));
  return event;
}

Evidence where(const Grant& grant) {
  return {{"policy", grant.allow.policy}, {"host", grant.intent.host}};
}

bool is_broken(const middleware::Recheck& recheck) {
  return recheck.verdict.kind == middleware::BodyVerdict::Kind::error;
}

// Not the middleware failed, but what it made of the body may not go up.
bool is_refused_by_policy(const middleware::ChainResult& result) {
  return !result.rechecks.empty() && !result.rechecks.back().verdict.audited;
}

// `status_detail` is the chain's own reason, and an audited verdict is none of its.
audit::Event recheck_event(const Grant& grant, std::string_view method, std::string_view path,
                           const middleware::Recheck& recheck, const std::string& reason) {
  audit::HttpRequest request{std::string(method), "http", grant.intent.host, grant.intent.port,
                             std::string(path)};
  audit::Rule rule{grant.allow.policy, recheck.engine};
  const bool audited = recheck.verdict.audited;
  std::string message =
      fmt::format("L7_REQUEST_TRANSFORMED {} {} {}{} reason={}", audited ? "audit" : "deny", method,
                  grant.authority().to_string(), path, recheck.verdict.reason);
  audit::Event event = audited ? audit::http_allowed(grant.flow(), std::move(request),
                                                     std::move(message), std::move(rule))
                               : audit::http_denied(grant.flow(), std::move(request),
                                                    std::move(message), reason, std::move(rule));
  return stamped(grant, std::move(event));
}

audit::Event evaluation_failure_event(const Grant& grant, const std::string& reason) {
  return finding_event(grant, "openshell.middleware.policy_evaluation_failure",
                       "Policy evaluation of a transformed body failed", reason, where(grant),
                       audit::Severity::high, true);
}

}  // namespace

std::vector<audit::Event> chain_events(const Grant& grant, std::string_view method,
                                       std::string_view path,
                                       const middleware::ChainResult& result) {
  using Verdict = middleware::ChainResult::Verdict;
  std::vector<audit::Event> events;
  for (const middleware::Invocation& stage : result.invocations) {
    events.push_back(stage_event(grant, method, path, stage, result.reason));
    if (stage.failed && stage.fail_open) events.push_back(bypass_event(grant, stage));
  }
  for (const middleware::Recheck& recheck : result.rechecks) {
    events.push_back(recheck_event(grant, method, path, recheck, result.reason));
    if (is_broken(recheck)) events.push_back(evaluation_failure_event(grant, result.reason));
  }
  if (result.verdict == Verdict::failed && !is_refused_by_policy(result)) {
    events.push_back(finding_event(grant, "openshell.middleware.failure",
                                   "Supervisor middleware failure", result.reason, {},
                                   audit::Severity::high, true));
  }
  const bool blocked = result.verdict != Verdict::allow;
  for (std::size_t i = 0; i < result.findings.size() && i < middleware::kChainFindingsMax; ++i) {
    events.push_back(stage_finding_event(grant, result.findings[i], blocked));
  }
  return events;
}

audit::Event body_unavailable_event(const Grant& grant, bool bypassed) {
  Evidence evidence = where(grant);
  evidence.emplace_back("disposition", bypassed ? "fail_open" : "denied");
  return finding_event(
      grant, "openshell.middleware.body_unavailable", "Supervisor middleware cannot read this body",
      fmt::format("Request body for {} is over the middleware's limit",
                  grant.authority().to_string()),
      std::move(evidence), bypassed ? audit::Severity::medium : audit::Severity::high, !bypassed);
}

audit::Event admission_exhausted_event(const Grant& grant) {
  Evidence evidence = where(grant);
  evidence.emplace_back("operation", "http_request");
  evidence.emplace_back("disposition", "shed");
  return finding_event(
      grant, "openshell.middleware.admission_exhausted",
      "Supervisor middleware admission exhausted",
      fmt::format("Middleware has no room for a request to {}", grant.authority().to_string()),
      std::move(evidence), audit::Severity::medium, true);
}

audit::Event body_failed_event(const Grant& grant, std::string detail) {
  return stamped(grant, audit::net_failed(grant.flow(),
                                          fmt::format("Middleware body not read: {}",
                                                      grant.authority().to_string()),
                                          std::move(detail)));
}

audit::Event uninspectable_event(const Grant& grant, std::string_view protocol, bool bypassed) {
  Evidence evidence = where(grant);
  evidence.emplace_back("protocol", std::string(protocol));
  evidence.emplace_back("disposition", bypassed ? "fail_open" : "denied");
  return finding_event(
      grant, "openshell.middleware.traffic_uninspectable",
      "Supervisor middleware cannot inspect this traffic",
      fmt::format("Middleware cannot inspect the tunnel to {}", grant.authority().to_string()),
      std::move(evidence), bypassed ? audit::Severity::medium : audit::Severity::high, !bypassed);
}

}  // namespace sallyport::relay
