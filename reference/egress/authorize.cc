#include "reference/egress/egress.h"

#include <utility>

#include "reference/policy/address_class.h"
#include "reference/policy/engine.h"

namespace sallyport::egress {
namespace {

constexpr std::string_view kPolicyHost = "policy.local";

// Names that the supervisor answers for itself and never resolves.
bool is_reserved(std::string_view host) { return host == kInferenceHost || host == kPolicyHost; }

bool is_inference(const Intent& intent, std::string_view host) {
  return intent.adapter == Adapter::connect && host == kInferenceHost &&
         intent.port == kInferencePort;
}

// The order follows what OpenShell's plan asks first; see judge.h.
Validation validation_of(const policy::Match& match, const std::string& host) {
  if (!match.allowed_ips.empty()) return Validation::allowed_ips;
  if (!match.host_is_named) return Validation::any_host;
  const auto literal = net::IpAddress::parse(host);
  if (literal && policy::classify(*literal) != policy::AddressClass::always_blocked) {
    return Validation::named_literal;
  }
  return Validation::declared_host;
}

Transport transport_of(const Intent& intent, const policy::Match& match) {
  if (intent.adapter == Adapter::forward) return Transport::plain_http;
  return match.tls == policy::TlsMode::skip ? Transport::opaque : Transport::inspect;
}

RelayPlan plan_of(const Intent& intent, policy::Match match, ForwardRule forward) {
  RelayPlan plan;
  plan.transport = transport_of(intent, match);
  plan.validation = validation_of(match, policy::normalise_host(intent.host));
  plan.allowed_ips = std::move(match.allowed_ips);
  plan.private_only = intent.adapter == Adapter::forward && forward == ForwardRule::private_only;
  plan.must_inspect = match.protocol == policy::Protocol::rest;
  plan.allow_encoded_slash = match.allow_encoded_slash;
  return plan;
}

}  // namespace

Decision authorize(const Intent& intent, const Identity& identity, const Generation& generation) {
  static_cast<void>(identity);  // see Identity: any program may do what a policy allows
  const std::string host = policy::normalise_host(intent.host);
  if (is_inference(intent, host)) {
    Allow allow;
    allow.plan.transport = Transport::inference;
    allow.generation = generation.number;
    return allow;
  }
  if (intent.adapter == Adapter::forward && intent.scheme != "http") {
    return deny(
        intent.scheme == "https" ? DenyReason::https_needs_connect : DenyReason::unsupported_scheme,
        intent, {}, "scheme " + intent.scheme);
  }
  policy::Match match = policy::find(generation.policy, host, intent.port);
  if (match.allowed && is_reserved(host)) {
    match = policy::Match();
    match.reason =
        "endpoint " + policy::host_port(host, intent.port) + " is not allowed by any policy";
  }
  if (!match.allowed) {
    const bool none = generation.policy.network_policies.empty();
    return deny(none ? DenyReason::no_policies : DenyReason::endpoint_not_allowed, intent, {},
                std::move(match.reason));
  }
  Allow allow;
  allow.policy = match.policy;
  allow.generation = generation.number;
  allow.plan = plan_of(intent, std::move(match), generation.forward);
  return allow;
}

}  // namespace sallyport::egress
