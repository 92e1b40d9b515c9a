// What each reason looks like to the client and in the event: one table, one place.
#include <fmt/format.h>

#include <utility>

#include "reference/base/check.h"
#include "reference/egress/egress.h"
#include "reference/policy/engine.h"

namespace sallyport::egress {
namespace {

// How `detail` is made.
enum class Detail {
  fixed,        // the text alone
  after_what,   // `CONNECT H:P <text>`, `GET H:P/path <text>`
  ssrf,         // `CONNECT H:P blocked: <text>`, `GET H:P blocked: <text>`
  destination,  // `connection to H:P <text>`
};

struct Row {
  DenyReason reason;
  std::string_view name;
  int status;
  std::string_view error;
  std::string_view engine;
  Detail form;
  std::string_view text;
};

constexpr Row kRows[] = {
    {DenyReason::endpoint_not_allowed, "endpoint_not_allowed", 403, "policy_denied", "opa",
     Detail::after_what, "not permitted by policy"},
    {DenyReason::no_policies, "no_policies", 403, "policy_denied", "opa", Detail::after_what,
     "not permitted by policy"},
    {DenyReason::binary_not_allowed, "binary_not_allowed", 403, "policy_denied", "opa",
     Detail::after_what, "not permitted by policy"},
    {DenyReason::quarantined, "quarantined", 403, "policy_denied", "opa", Detail::after_what,
     "not permitted by policy"},
    {DenyReason::policy_changed, "policy_changed", 403, "policy_denied", "opa", Detail::after_what,
     "not permitted because policy changed"},
    {DenyReason::https_needs_connect, "https_needs_connect", 400, "", "", Detail::fixed,
     "Use CONNECT for HTTPS URLs"},
    {DenyReason::unsupported_scheme, "unsupported_scheme", 400, "unsupported_proxy_scheme", "",
     Detail::fixed, "Forward proxy requests must use http"},
    {DenyReason::invalid_target, "invalid_target", 400, "invalid_request_target", "", Detail::fixed,
     "request-target must be canonical"},
    {DenyReason::allowed_ips_failed, "allowed_ips_failed", 403, "ssrf_denied", "ssrf", Detail::ssrf,
     "allowed_ips check failed"},
    {DenyReason::declared_endpoint_failed, "declared_endpoint_failed", 403, "ssrf_denied", "ssrf",
     Detail::ssrf, "declared endpoint check failed"},
    {DenyReason::internal_address, "internal_address", 403, "ssrf_denied", "ssrf", Detail::ssrf,
     "internal address"},
    {DenyReason::invalid_placeholder, "invalid_placeholder", 400, "invalid_credential_placeholder",
     "credentials", Detail::fixed, "request-target contains an invalid credential placeholder"},
    {DenyReason::uninspected_credentials, "uninspected_credentials", 403, "uninspected_credentials",
     "credentials", Detail::fixed,
     "credentialed endpoint requires L7 inspection; raw tunnel is not explicitly allowed"},
    {DenyReason::tls_unavailable, "tls_unavailable", 503, "tls_termination_unavailable", "tls",
     Detail::fixed,
     "TLS can't be terminated: the sandbox CA was not initialised; this endpoint needs inspection "
     "or credential rewrite"},
    {DenyReason::unsupported_protocol, "unsupported_protocol", 403, "unsupported_l7_protocol", "l7",
     Detail::fixed, "Unsupported tunnel protocol for L7-inspected endpoint"},
    {DenyReason::h2c_unsupported, "h2c_unsupported", 403, "unsupported_l7_protocol", "l7",
     Detail::fixed, "HTTP/2 prior-knowledge (h2c) is not supported for L7-inspected endpoints"},
    {DenyReason::h2c_upgrade_unsupported, "h2c_upgrade_unsupported", 403, "unsupported_l7_protocol",
     "l7", Detail::fixed,
     "HTTP/2 cleartext upgrade (h2c) is not supported for L7-inspected endpoints"},
    {DenyReason::middleware_required, "middleware_required", 403, "middleware_required",
     "middleware", Detail::fixed, "tls: skip tunnel cannot be inspected by required middleware"},
    {DenyReason::uninspectable_protocol, "uninspectable_protocol", 403, "unsupported_l7_protocol",
     "l7", Detail::fixed, "Unsupported tunnel protocol cannot be inspected by required middleware"},
    {DenyReason::uninspectable_h2c, "uninspectable_h2c", 403, "unsupported_l7_protocol", "l7",
     Detail::fixed, "HTTP/2 prior-knowledge (h2c) cannot be inspected by required middleware"},
    {DenyReason::name_not_resolved, "name_not_resolved", 502, "upstream_unreachable", "",
     Detail::fixed, "could not resolve "},
    {DenyReason::upstream_unreachable, "upstream_unreachable", 502, "upstream_unreachable", "",
     Detail::destination, "failed"},
};

const Row& row_of(DenyReason reason) {
  for (const Row& row : kRows) {
    if (row.reason == reason) return row;
  }
  CHECK(false && "every reason has a row");
  return kRows[0];
}

std::string detail_of(const Row& row, const Intent& intent) {
  const std::string where = policy::host_port(intent.host, intent.port);
  switch (row.form) {
    case Detail::after_what:
      return fmt::format("{} {}{} {}", intent.method, where,
                         intent.adapter == Adapter::forward ? intent.path : std::string(),
                         row.text);
    case Detail::ssrf:
      return fmt::format("{} {} blocked: {}", intent.method, where, row.text);
    case Detail::destination:
      return fmt::format("connection to {} {}", where, row.text);
    case Detail::fixed:
      break;
  }
  if (row.reason == DenyReason::name_not_resolved) return std::string(row.text) + intent.host;
  return std::string(row.text);
}

// Denials of the policy itself, for which CONNECT has a member `reason`.
bool is_explained(DenyReason reason) {
  switch (reason) {
    case DenyReason::endpoint_not_allowed:
    case DenyReason::no_policies:
    case DenyReason::binary_not_allowed:
    case DenyReason::quarantined:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool is_failure(DenyReason reason) {
  return reason == DenyReason::name_not_resolved || reason == DenyReason::upstream_unreachable;
}

std::string_view deny_reason_name(DenyReason reason) { return row_of(reason).name; }

Deny deny(DenyReason reason, const Intent& intent, std::string policy, std::string cause) {
  const Row& row = row_of(reason);
  Deny answer;
  answer.reason = reason;
  answer.policy = std::move(policy);
  answer.engine = row.engine;
  answer.status = row.status;
  answer.error = row.error;
  answer.detail = detail_of(row, intent);
  if (is_explained(reason) && intent.adapter == Adapter::connect) answer.client_reason = cause;
  answer.cause = std::move(cause);
  return answer;
}

}  // namespace sallyport::egress
