#include "reference/egress/egress.h"

#include <optional>
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
  plan.must_inspect = match.protocol != policy::Protocol::unset;
  plan.allow_encoded_slash = match.allow_encoded_slash;
  return plan;
}

const policy::Program* program_of(const Identity& identity) {
  return identity.required && identity.program ? &*identity.program : nullptr;
}

// What stands in the way of asking the policy at all, or nothing.
std::optional<Deny> unaskable(const Intent& intent, const Identity& identity,
                              const Generation& generation) {
  if (!generation.quarantine.empty()) {
    return deny(DenyReason::quarantined, intent, {}, generation.quarantine);
  }
  if (identity.required && !identity.program) {
    return deny(DenyReason::binary_not_allowed, intent, {},
                identity.failure.empty() ? "failed to resolve peer binary" : identity.failure);
  }
  return std::nullopt;
}

DenyReason reason_of(const policy::Match& match, const Generation& generation) {
  if (generation.policy.network_policies.empty()) return DenyReason::no_policies;
  return match.endpoint_is_known ? DenyReason::binary_not_allowed
                                 : DenyReason::endpoint_not_allowed;
}

}  // namespace

Decision authorize(const Intent& intent, const Identity& identity, const Generation& generation) {
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
  if (auto denied = unaskable(intent, identity, generation)) return std::move(*denied);
  policy::Match match = policy::find(generation.policy, program_of(identity), host, intent.port);
  if (is_reserved(host) && !generation.policy.network_policies.empty()) {
    match = policy::Match();
    match.reason =
        "endpoint " + policy::host_port(host, intent.port) + " is not allowed by any policy";
  }
  if (!match.allowed) {
    return deny(reason_of(match, generation), intent, {}, std::move(match.reason));
  }
  Allow allow;
  allow.policy = match.policy;
  allow.generation = generation.number;
  allow.plan = plan_of(intent, std::move(match), generation.forward);
  return allow;
}

policy::RequestVerdict authorize_request(const Intent& intent, const Identity& identity,
                                         const Generation& generation,
                                         const policy::Request& request) {
  if (auto denied = unaskable(intent, identity, generation)) {
    policy::RequestVerdict verdict;
    verdict.kind = policy::RequestVerdict::Kind::denied;
    verdict.reason = std::move(denied->cause);
    return verdict;
  }
  return policy::judge_request(generation.policy, program_of(identity), intent.host, intent.port,
                               request);
}

}  // namespace sallyport::egress
