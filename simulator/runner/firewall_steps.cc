#include "simulator/runner/firewall_steps.h"

#include "simulator/runner/processes.h"

namespace sallyport::sim::runner {
namespace {

using topology::FirewallRule;
using topology::RuleHit;

// A listener that is down tells of the attempts that reach its host itself.
bool tells_itself(const Stage& stage, const std::string& actor, const RuleHit& hit) {
  const bool down = is_process(stage, actor) && !process_runs(stage, actor);
  if (!down || stage.hosts->owner(stage.listener_of(actor).host) != hit.host) return false;
  for (const FirewallRule& rule : stage.firewall->rules()) {
    if (rule.name == hit.rule) return rule.direction == FirewallRule::Direction::input;
  }
  return false;
}

void note_hit(Stage& stage, const RuleHit& hit) {
  journal::Event event;
  event.at = hit.at;
  event.source = hit.rule;
  event.source_type = "rule";
  event.kind = "hit";
  event.step = stage.only_step();
  event.from = stage.hosts->host_of(hit.from.address, hit.host);
  event.fields["to"] = hit.to.address.to_string();
  if (hit.to.port != 0) event.fields["port"] = static_cast<std::int64_t>(hit.to.port);
  event.fields["protocol"] = hit.protocol;
  stage.journal.append(std::move(event));
  if (!hit.opening || !hit.stopped) return;
  const std::string host = stage.hosts->host_of(hit.to.address, hit.host);
  const std::string actor = listener_at(stage, host, hit.to);
  if (actor.empty() || tells_itself(stage, actor, hit)) return;
  note_attempt(stage, actor, {hit.from, true, hit.at});
}

}  // namespace

std::string listener_at(const Stage& stage, const std::string& host, const net::Endpoint& at) {
  const auto listens = [&](const std::string& actor) {
    const Stage::Listener listener = stage.listener_of(actor);
    return listener.at.port == at.port && stage.hosts->owner(listener.host) == host &&
           (listener.at.address == at.address || listener.at.address.is_unspecified());
  };
  if (host.empty() || !stage.hosts->has(host)) return {};
  const std::string first = stage.actor_at(at);
  if (first.empty() || listens(first)) return first;
  // Another one of that port, in another host.
  for (const auto& [name, provider] : stage.providers) {
    if (listens(name)) return name;
  }
  for (const auto& [name, decoy] : stage.decoys) {
    if (listens(name)) return name;
  }
  for (const auto& [name, service] : stage.services) {
    if (listens(name)) return name;
  }
  for (const auto& [name, subject] : stage.subjects) {
    if (listens(name)) return name;
  }
  return {};
}

std::optional<std::string> put_up_firewall(Stage& stage) {
  Stage* const on = &stage;
  stage.firewall.emplace(stage.loop.executor(), stage.clock, *stage.hosts,
                         [on](const RuleHit& hit) { note_hit(*on, hit); });
  std::string about;
  const auto done = stage.firewall->apply(stage.cell.firewall, {}, about);
  if (done) return std::nullopt;
  return "the firewall, " + about + ": " + done.error().message();
}

agents::Facts set_firewall(Stage& stage, const scenario::SetFirewall& change) {
  agents::Facts facts;
  std::string about;
  const auto done = stage.firewall->apply(change.rules, change.removed, about);
  facts["class"] = std::string(done ? "ok" : "rejected");
  if (done) return facts;
  const std::string why = about + ": " + done.error().message();
  facts["detail"] = why;
  stage.trouble = "the firewall, " + why;
  return facts;
}

std::vector<FirewallRule> rules_ever(const scenario::Cell& cell) {
  std::vector<FirewallRule> all = cell.firewall;
  for (const scenario::Step& step : cell.steps) {
    if (const auto* const change = std::get_if<scenario::SetFirewall>(&step.verb))
      all.insert(all.end(), change->rules.begin(), change->rules.end());
  }
  return all;
}

}  // namespace sallyport::sim::runner
