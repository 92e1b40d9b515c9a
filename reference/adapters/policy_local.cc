#include "reference/adapters/policy_local.h"

#include "reference/policy/host_pattern.h"

namespace sallyport::adapters {
namespace {

constexpr std::string_view kPolicyHost = "policy.local";
constexpr std::uint16_t kHttpPort = 80;

}  // namespace

bool is_policy_local(const http::AbsoluteTarget& target) {
  return policy::normalise_host(target.authority.host) == kPolicyHost;
}

http::LocalAnswer policy_local_answer(const http::AbsoluteTarget& target) {
  if (target.scheme != "http" || target.authority.port != kHttpPort) {
    return http::json_error(400, "invalid_policy_local_scheme", "Use http://policy.local only");
  }
  return http::json_error(404, "feature_disabled", "policy proposals are switched off");
}

}  // namespace sallyport::adapters
