#include "reference/gateway/start_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "reference/base/scalars.h"
#include "reference/gateway/delivery.h"
#include "reference/policy/loader.h"

namespace sallyport::gateway {
namespace {

constexpr base::Duration kPatience = std::chrono::milliseconds(500);

void check(const PolicyRecord& record, std::string_view owner, std::vector<Registration> services,
           const AskServices& ask, base::Log& log) {
  for (Registration& service : services) {
    const auto timeout = base::parse_duration(service.timeout);
    if (!timeout || *timeout > kPatience) service.timeout = base::format_duration(kPatience);
  }
  base::Diagnostics complaints;
  const auto policy = policy::load_policy_text(record.document, "policy", complaints);
  if (!policy) return;  // it was read when it was admitted
  if (const std::string refused = ask(*policy, services); !refused.empty()) {
    log.write(base::LogLevel::warning, "gateway",
              fmt::format("the policy of {}: {}; starting all the same", owner, refused));
  }
}

}  // namespace

void check_services(const State& state, const AskServices& ask, base::Log& log) {
  const auto check_one = [&](const PolicyRecord& record, const std::string& owner) {
    std::vector<Registration> services = named_by(record, state.registrations);
    if (!services.empty()) check(record, owner, std::move(services), ask, log);
  };
  if (state.policy) check_one(*state.policy, "all sandboxes");
  for (const auto& [id, sandbox] : state.sandboxes) {
    if (sandbox.policy) check_one(*sandbox.policy, fmt::format("sandbox '{}'", sandbox.name));
  }
}

}  // namespace sallyport::gateway
