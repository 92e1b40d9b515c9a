#include "reference/egress/destination.h"

#include <utility>

#include "reference/base/check.h"
#include "reference/policy/engine.h"

namespace sallyport::egress {
namespace {

// A plan that refuses whatever the addresses are needn't ask a name server, and must not: the name
// itself would leave the sandbox.
bool refused_without_asking(const Intent& intent, const Allow& allow, Destination& answer) {
  answer = judge(intent, allow, std::span<const net::IpAddress>(), 0);
  const Deny* const denied = std::get_if<Deny>(&answer);
  return denied != nullptr && !is_failure(denied->reason);
}

}  // namespace

net::Task<Destination> destination(const Intent& intent, const Allow& allow,
                                   const Generation& generation, net::Resolver& resolver) {
  CHECK(allow.plan.transport != Transport::inference);
  Destination answer;
  if (refused_without_asking(intent, allow, answer)) co_return answer;
  std::string name = intent.host;
  const auto found = co_await resolver.resolve(std::move(name));
  if (!found) {
    std::string cause = "DNS resolution failed for " + policy::host_port(intent.host, intent.port) +
                        ": " + found.error().message();
    answer = deny(DenyReason::name_not_resolved, intent, allow.policy, std::move(cause));
    co_return answer;
  }
  answer = judge(intent, allow, *found, generation.limits.addresses_max);
  co_return answer;
}

net::Task<RouteDestination> route_destination(std::string host, std::uint16_t port,
                                              net::Resolver& resolver) {
  RouteDestination answer;
  std::string name = host;
  const auto found = co_await resolver.resolve(std::move(name));
  if (!found) {
    answer = RouteRefused{true, "DNS resolution failed for " + policy::host_port(host, port) +
                                    ": " + found.error().message()};
    co_return answer;
  }
  if (auto cause = refuse_route_addresses(host, *found)) {
    answer = RouteRefused{false, std::move(*cause)};
    co_return answer;
  }
  Pinned pinned;
  for (const net::IpAddress& address : *found) {
    pinned.endpoints.push_back({address.unmapped(), port});
  }
  answer = std::move(pinned);
  co_return answer;
}

}  // namespace sallyport::egress
