#include "reference/audit/event.h"

#include <fmt/format.h>

namespace sallyport::audit {
namespace {

Event made(EventClass kind, int activity, Severity severity, std::string message) {
  Event event;
  event.kind = kind;
  event.activity = activity;
  event.severity = severity;
  event.message = std::move(message);
  return event;
}

Event between(EventClass kind, int activity, Severity severity, Flow flow, std::string message) {
  Event event = made(kind, activity, severity, std::move(message));
  event.source = std::move(flow.source);
  event.actor = std::move(flow.actor);
  if (!flow.destination.host.empty()) event.destination = std::move(flow.destination);
  return event;
}

void allow(Event& event, Rule rule) {
  event.action = Action::allowed;
  event.disposition = Disposition::allowed;
  event.status = Status::success;
  event.rule = std::move(rule);
}

void deny(Event& event, std::string detail, Rule rule) {
  event.action = Action::denied;
  event.disposition = Disposition::blocked;
  event.status = Status::failure;
  event.status_detail = std::move(detail);
  event.rule = std::move(rule);
}

}  // namespace

std::string peer_text(const Peer& peer) {
  if (peer.host.find(':') == std::string::npos) return fmt::format("{}:{}", peer.host, peer.port);
  return fmt::format("[{}]:{}", peer.host, peer.port);
}

Event net_allowed(Flow flow, std::string message, Rule rule) {
  Event event = between(EventClass::network_activity, activity::kNetOpen, Severity::informational,
                        std::move(flow), std::move(message));
  allow(event, std::move(rule));
  return event;
}

Event net_denied(Flow flow, std::string message, std::string detail, Rule rule, Severity severity) {
  Event event = between(EventClass::network_activity, activity::kNetOpen, severity, std::move(flow),
                        std::move(message));
  deny(event, std::move(detail), std::move(rule));
  return event;
}

Event net_failed(Flow flow, std::string message, std::string detail) {
  Event event = between(EventClass::network_activity, activity::kNetFail, Severity::low,
                        std::move(flow), std::move(message));
  event.status = Status::failure;
  event.status_detail = std::move(detail);
  return event;
}

Event net_listening(Peer proxy) {
  std::string message = "Proxy listening on " + peer_text(proxy);
  Event event = made(EventClass::network_activity, activity::kNetListen, Severity::informational,
                     std::move(message));
  event.status = Status::success;
  event.destination = std::move(proxy);
  return event;
}

Event http_allowed(Flow flow, HttpRequest request, std::string message, Rule rule) {
  Event event = between(EventClass::http_activity, activity::kOther, Severity::informational,
                        std::move(flow), std::move(message));
  event.http_request = std::move(request);
  allow(event, std::move(rule));
  return event;
}

Event http_denied(Flow flow, HttpRequest request, std::string message, std::string detail,
                  Rule rule, Severity severity) {
  Event event = between(EventClass::http_activity, activity::kOther, severity, std::move(flow),
                        std::move(message));
  event.http_request = std::move(request);
  deny(event, std::move(detail), std::move(rule));
  return event;
}

Event http_refused(Flow flow, HttpRequest request, std::string message) {
  Event event = between(EventClass::http_activity, activity::kHttpRefuse, Severity::informational,
                        std::move(flow), std::move(message));
  event.http_request = std::move(request);
  event.action = Action::denied;
  event.disposition = Disposition::rejected;
  event.status = Status::failure;
  return event;
}

Event http_failed(Flow flow, HttpRequest request, std::string message, std::string detail,
                  Severity severity) {
  Event event = between(EventClass::http_activity, activity::kHttpFail, severity, std::move(flow),
                        std::move(message));
  event.http_request = std::move(request);
  event.status = Status::failure;
  event.status_detail = std::move(detail);
  return event;
}

Event finding(Finding what, Severity severity, Disposition disposition) {
  Event event = made(EventClass::detection_finding, activity::kFindingCreate, severity, what.title);
  event.disposition = disposition;
  event.action = disposition == Disposition::blocked ? Action::denied : Action::observed;
  event.finding = std::move(what);
  return event;
}

Event config_state(std::string state, std::string message, Severity severity, Status status) {
  Event event =
      made(EventClass::config_state_change, activity::kConfigLog, severity, std::move(message));
  event.state = std::move(state);
  event.status = status;
  return event;
}

Event lifecycle(int activity, std::string message) {
  Event event = made(EventClass::application_lifecycle, activity, Severity::informational,
                     std::move(message));
  event.status = Status::success;
  return event;
}

Event api_called(ApiCall call, bool success, std::int64_t latency_ms) {
  Event event = made(EventClass::api_activity, activity::kOther, Severity::informational, {});
  event.status = success ? Status::success : Status::failure;
  event.api = std::move(call);
  event.unmapped.emplace_back("latency_ms", latency_ms);
  return event;
}

}  // namespace sallyport::audit
