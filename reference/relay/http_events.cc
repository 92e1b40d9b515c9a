#include "reference/relay/http_events.h"

#include <fmt/format.h>

namespace sallyport::relay {
namespace {

std::string where(const Grant& grant) { return grant.authority().to_string(); }

audit::Rule rule(const Grant& grant, std::string engine) {
  return {grant.allow.policy, std::move(engine)};
}

audit::HttpRequest request(const Grant& grant, std::string method, std::string path) {
  // The scheme is always http, as the field writes it; the port is shown therefore.
  return {std::move(method), "http", grant.intent.host, grant.intent.port, std::move(path)};
}

audit::Event stamped(const Grant& grant, audit::Event event) {
  event.unmapped.emplace_back("generation", static_cast<std::int64_t>(grant.allow.generation));
  return event;
}

}  // namespace

audit::Event request_allowed_event(const Grant& grant, std::string method, std::string path,
                                   std::uint64_t number) {
  std::string message =
      fmt::format("HTTP_REQUEST allow {} {}{} request_num={}", method, where(grant), path, number);
  return stamped(
      grant, audit::http_allowed(grant.flow(), request(grant, std::move(method), std::move(path)),
                                 std::move(message), rule(grant, "l7")));
}

audit::Event ruled_event(const Grant& grant, RuleForm form, std::string_view decision,
                         const RuledRequest& asked, const policy::RequestVerdict& verdict) {
  std::string message =
      fmt::format("{} {} {} {}{}", form == RuleForm::tunnel ? "L7_REQUEST" : "FORWARD_L7", decision,
                  asked.method, where(grant), asked.path);
  if (!verdict.reason.empty()) message += fmt::format(" reason={}", verdict.reason);
  audit::Rule by = rule(grant, "l7");
  if (!verdict.policy.empty()) by.policy = verdict.policy;
  audit::HttpRequest about = request(grant, asked.method, asked.path);
  if (decision == "deny") {
    return stamped(grant, audit::http_denied(grant.flow(), std::move(about), std::move(message),
                                             verdict.reason, std::move(by)));
  }
  audit::Event event =
      audit::http_allowed(grant.flow(), std::move(about), std::move(message), std::move(by));
  event.status_detail = verdict.reason;
  if (decision == "allow_upgrade") {
    event.action = audit::Action::other;
    event.disposition = audit::Disposition::other;
  }
  return stamped(grant, std::move(event));
}

audit::Event upgraded_event(const Grant& grant, const std::string& path) {
  audit::Event event = audit::net_allowed(
      grant.flow(),
      fmt::format("101 Switching Protocols \u2014 WebSocket to {}{}", where(grant), path),
      rule(grant, "l7"));
  event.activity = audit::activity::kOther;
  event.activity_name = "Upgrade";
  return stamped(grant, std::move(event));
}

audit::Event middleware_denied_event(const Grant& grant, std::string method, std::string path,
                                     std::string reason) {
  std::string message =
      fmt::format("HTTP_REQUEST deny {} {}{} reason={}", method, where(grant), path, reason);
  return stamped(
      grant, audit::http_denied(grant.flow(), request(grant, std::move(method), std::move(path)),
                                std::move(message), std::move(reason), rule(grant, "middleware")));
}

audit::Event request_denied_event(const Grant& grant, std::string method, std::string path,
                                  std::string reason) {
  std::string message =
      fmt::format("L7_REQUEST deny {} {}{} reason={}", method, where(grant), path, reason);
  return stamped(
      grant, audit::http_denied(grant.flow(), request(grant, std::move(method), std::move(path)),
                                std::move(message), std::move(reason), rule(grant, "l7")));
}

audit::Event rejected_event(const Grant& grant, std::string detail) {
  std::string message =
      fmt::format("HTTP request rejected before policy evaluation for {}", where(grant));
  return stamped(grant, audit::net_denied(grant.flow(), std::move(message), std::move(detail),
                                          rule(grant, "http-parser")));
}

audit::Event relay_failed_event(const Grant& grant, std::string detail) {
  return stamped(grant,
                 audit::net_failed(grant.flow(), fmt::format("HTTP relay error: {}", where(grant)),
                                   std::move(detail)));
}

audit::Event tls_failed_event(const Grant& grant, std::string detail) {
  return stamped(grant,
                 audit::net_failed(grant.flow(), fmt::format("TLS relay error: {}", where(grant)),
                                   std::move(detail)));
}

audit::Event policy_changed_event(const Grant& grant, std::uint64_t current) {
  std::string message = fmt::format(
      "L7 tunnel closed after policy reload [host:{} port:{} captured_generation:{} "
      "current_generation:{}]",
      grant.intent.host, grant.intent.port, grant.allow.generation, current);
  return stamped(grant, audit::net_denied(grant.flow(), std::move(message), "policy changed",
                                          rule(grant, "l7")));
}

void emit_authority_mismatch(const Services& services, const Grant& grant,
                             const http::RequestHead& head) {
  // A target may hold a query, and with it a secret: its authority ends before that.
  const std::string_view named = head.field("host").value_or(head.target);
  const std::string seen(named.substr(0, named.find('?')));
  const std::string detail =
      fmt::format("request authority {} does not match the tunnel to {}", seen, where(grant));
  audit::Event failed =
      audit::http_failed(grant.flow(), request(grant, std::string(head.method), ""),
                         fmt::format("HTTP request authority mismatch for {}", where(grant)),
                         detail, audit::Severity::high);
  failed.rule = rule(grant, "request-authority");
  services.audit.emit(stamped(grant, std::move(failed)));
  audit::Finding finding;
  finding.uid = "openshell.http.request_authority_mismatch";
  finding.title = "HTTP request authority mismatch";
  finding.description = detail;
  finding.evidence.emplace_back("policy", grant.allow.policy);
  finding.evidence.emplace_back("host", grant.intent.host);
  finding.evidence.emplace_back("request_authority", seen);
  services.audit.emit(stamped(grant, audit::finding(std::move(finding), audit::Severity::high,
                                                    audit::Disposition::blocked)));
}

}  // namespace sallyport::relay
