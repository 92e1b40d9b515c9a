#include "reference/relay/grant.h"

#include <algorithm>
#include <tuple>

namespace sallyport::relay {
namespace {

bool same_ranges(const std::vector<net::Cidr>& a, const std::vector<net::Cidr>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.network() == y.network() && x.prefix() == y.prefix();
  });
}

// Bindings that name every member: one that is added must be compared here too.
bool same_plan(const egress::RelayPlan& a, const egress::RelayPlan& b) {
  const auto& [transport, validation, ranges, private_only, must_inspect, encoded_slash] = a;
  return std::tie(transport, validation, private_only, must_inspect, encoded_slash) ==
             std::tie(b.transport, b.validation, b.private_only, b.must_inspect,
                      b.allow_encoded_slash) &&
         std::equal(ranges.begin(), ranges.end(), b.allowed_ips.begin(), b.allowed_ips.end(),
                    same_ranges);
}

}  // namespace

std::optional<audit::Actor> actor_of(const egress::Identity& identity) {
  if (!identity.program) return std::nullopt;
  audit::Actor actor;
  actor.name = identity.program->binary;
  actor.pid = identity.program->pid;
  actor.parents = identity.program->ancestors;
  for (const std::string& path : identity.program->cmdline) {
    actor.cmd_line += (actor.cmd_line.empty() ? "" : " ") + path;
  }
  return actor;
}

audit::Flow Grant::flow() const { return {source, {intent.host, intent.port}, actor_of(identity)}; }

bool renew(Grant& grant, const GenerationSource& generations) {
  auto current = generations.current();
  if (current == grant.generation) return true;
  egress::Decision decision = egress::authorize(grant.intent, grant.identity, *current);
  auto* allow = std::get_if<egress::Allow>(&decision);
  if (allow == nullptr || !same_plan(allow->plan, grant.allow.plan)) return false;
  grant.allow = std::move(*allow);
  grant.generation = std::move(current);
  return true;
}

}  // namespace sallyport::relay
