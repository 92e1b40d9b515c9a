#include "reference/egress/events.h"

#include <fmt/format.h>

#include <utility>

#include "reference/policy/engine.h"

namespace sallyport::egress {
namespace {

audit::Flow flow_of(const Intent& intent, std::optional<audit::Peer> source) {
  audit::Flow flow;
  flow.source = std::move(source);
  flow.destination = audit::Peer{intent.host, intent.port};
  return flow;
}

audit::HttpRequest request_of(const Intent& intent) {
  audit::HttpRequest request;
  request.method = intent.method;
  request.scheme = intent.scheme;
  request.host = intent.host;
  request.port = intent.port;
  request.path = intent.path.substr(0, intent.path.find('?'));
  return request;
}

// `example.com:443`, or with the method and path of an absolute-form request before and after.
std::string what_of(const Intent& intent) {
  const std::string where = policy::host_port(intent.host, intent.port);
  if (intent.adapter == Adapter::connect) return where;
  return fmt::format("{} {}{}", intent.method, where, intent.path.substr(0, intent.path.find('?')));
}

audit::Rule rule_of(const Deny& deny) {
  audit::Rule rule;
  rule.engine = deny.engine;
  return rule;
}

std::string kind_of(const Deny& deny) {
  switch (deny.reason) {
    case DenyReason::allowed_ips_failed:
      return "allowed_ips check failed";
    case DenyReason::declared_endpoint_failed:
      return "declared endpoint check failed";
    default:
      return "internal address";
  }
}

audit::Event connect_denied(const Intent& intent, const Deny& deny, audit::Flow flow) {
  const std::string where = what_of(intent);
  switch (deny.reason) {
    case DenyReason::allowed_ips_failed:
    case DenyReason::declared_endpoint_failed:
    case DenyReason::internal_address:
      return audit::net_denied(std::move(flow),
                               fmt::format("CONNECT blocked: {} for {}", kind_of(deny), where),
                               deny.cause, rule_of(deny));
    case DenyReason::tls_unavailable:
    case DenyReason::uninspected_credentials:
      return audit::net_denied(std::move(flow),
                               fmt::format("CONNECT refused for {}: {}", where, deny.detail),
                               deny.cause, rule_of(deny), audit::Severity::high);
    case DenyReason::unsupported_protocol:
    case DenyReason::h2c_unsupported:
    case DenyReason::uninspectable_protocol:
    case DenyReason::uninspectable_h2c:
      return audit::net_denied(
          std::move(flow),
          fmt::format("CONNECT_L7 blocked unsupported tunnel protocol for {}", where),
          deny.cause.empty() ? deny.detail : deny.cause, rule_of(deny));
    default:
      break;
  }
  return audit::net_denied(std::move(flow), fmt::format("CONNECT denied {}", where), deny.cause,
                           rule_of(deny));
}

audit::Event forward_denied(const Intent& intent, const Deny& deny, audit::Flow flow) {
  audit::HttpRequest request = request_of(intent);
  const std::string where = policy::host_port(intent.host, intent.port);
  switch (deny.reason) {
    case DenyReason::https_needs_connect:
    case DenyReason::unsupported_scheme:
      return audit::http_refused(
          std::move(flow), std::move(request),
          fmt::format("FORWARD rejected: unsupported scheme {} for {}", intent.scheme, where));
    case DenyReason::invalid_target:
      return audit::net_failed(
          std::move(flow), fmt::format("FORWARD rejecting non-canonical request-target: {}", where),
          deny.cause);
    case DenyReason::allowed_ips_failed:
    case DenyReason::declared_endpoint_failed:
    case DenyReason::internal_address:
      return audit::http_denied(std::move(flow), std::move(request),
                                fmt::format("FORWARD blocked: {} for {}", kind_of(deny), where),
                                deny.cause, rule_of(deny));
    default:
      break;
  }
  return audit::http_denied(std::move(flow), std::move(request),
                            fmt::format("FORWARD denied {}", what_of(intent)), deny.cause,
                            rule_of(deny));
}

}  // namespace

audit::Event allowed_event(const Intent& intent, const Allow& allow,
                           std::optional<audit::Peer> source) {
  audit::Flow flow = flow_of(intent, std::move(source));
  audit::Rule rule;
  rule.policy = allow.policy;
  rule.engine = "opa";
  if (intent.adapter == Adapter::forward) {
    return audit::http_allowed(std::move(flow), request_of(intent),
                               "FORWARD allowed " + what_of(intent), std::move(rule));
  }
  const std::string_view verb = allow.plan.must_inspect ? "CONNECT_L7" : "CONNECT";
  return audit::net_allowed(std::move(flow), fmt::format("{} allowed {}", verb, what_of(intent)),
                            std::move(rule));
}

audit::Event denied_event(const Intent& intent, const Deny& deny,
                          std::optional<audit::Peer> source) {
  audit::Flow flow = flow_of(intent, std::move(source));
  if (is_failure(deny.reason)) return audit::net_failed(std::move(flow), deny.detail, deny.cause);
  if (intent.adapter == Adapter::forward) return forward_denied(intent, deny, std::move(flow));
  return connect_denied(intent, deny, std::move(flow));
}

}  // namespace sallyport::egress
