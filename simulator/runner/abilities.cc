#include "simulator/runner/abilities.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <type_traits>

namespace sallyport::sim::runner {
namespace {

using scenario::Cell;
using scenario::Step;
using scenario::Supervisor;
using subject::Abilities;
using subject::Ability;

bool is_supervisor(const Cell& cell, const std::string& source) {
  return source == "supervisors" || scenario::supervisor_named(cell, source) != nullptr;
}

// What the events that a selector looks for ask of who is to write them.
void add(Abilities& needed, const Cell& cell, const journal::Selector& selector) {
  if (!is_supervisor(cell, selector.source)) return;
  if (selector.kind == "audit" || selector.kind == "config") needed.insert(Ability::audit);
}

void add(Abilities& needed, const Cell& cell, const scenario::Expectation& expectation) {
  if (expectation.witness) add(needed, cell, expectation.witness->selector);
  std::visit(
      [&](const auto& item) {
        using Item = std::decay_t<decltype(item)>;
        if constexpr (std::is_same_v<Item, scenario::Ordered>) {
          for (const journal::Selector& selector : item.selectors) add(needed, cell, selector);
        } else if constexpr (std::is_same_v<Item, scenario::Span>) {
          add(needed, cell, item.from);
          add(needed, cell, item.to);
        } else if constexpr (std::is_same_v<Item, scenario::Checker>) {
          if (item.name == "audit_complete" || item.name == "generation_monotonic")
            needed.insert(Ability::audit);
        } else if constexpr (!std::is_same_v<Item, scenario::Compare>) {
          add(needed, cell, item.selector);
        }
      },
      expectation.item);
}

bool through_supervisor(const Cell& cell, const Step& step) {
  if (step.via == "direct") return false;
  if (step.via != "auto") return scenario::supervisor_named(cell, step.via) != nullptr;
  return std::any_of(cell.supervisors.begin(), cell.supervisors.end(),
                     [&step](const Supervisor& one) { return one.serves == step.from; });
}

// `http://...`, or the variable of an actor that speaks it.
bool is_plain(const Cell& cell, const std::string& url) {
  if (!url.starts_with("$(")) return url.starts_with("http://");
  const std::string name = url.substr(2, url.find('.') - 2);
  return std::none_of(cell.providers.begin(), cell.providers.end(), [&name](const auto& provider) {
    return provider.name == name && provider.tls != providers::TlsKind::none;
  });
}

// Absolute form: asked for, or what a plain http URL is sent as.
bool is_forward(const Cell& cell, const agents::RequestSpec& request) {
  if (request.adapter == agents::Adapter::automatic) return is_plain(cell, request.url);
  return request.adapter == agents::Adapter::forward;
}

void add(Abilities& needed, const Cell& cell, const Step& step) {
  if (step.after_event) add(needed, cell, *step.after_event);
  if (step.until) add(needed, cell, *step.until);
  if (std::holds_alternative<agents::GateSpec>(step.verb)) needed.insert(Ability::gate);
  const bool files = !cell.gateway.has_value();
  if (std::holds_alternative<scenario::SetPolicy>(step.verb) && files)
    needed.insert(Ability::reload_policy);
  if (std::holds_alternative<scenario::SetInference>(step.verb)) {
    needed.insert(Ability::inference);
    if (files) needed.insert(Ability::reload_routes);
  }
  if (const auto* const change = std::get_if<scenario::KeyChange>(&step.verb)) {
    const bool told = change->kind != scenario::KeyChange::Kind::revoke;
    if (told && files && !cell.supervisors.empty()) needed.insert(Ability::reload_routes);
  }
  if (!through_supervisor(cell, step)) return;
  if (std::holds_alternative<agents::WebSocketSpec>(step.verb)) needed.insert(Ability::websocket);
  if (const auto* const request = std::get_if<agents::RequestSpec>(&step.verb)) {
    if (is_forward(cell, *request)) needed.insert(Ability::forward);
    if (request->abort) add(needed, cell, *request->abort);
  }
}

// Keys of a policy that are about requests, not about destinations: found as keys, not read.
bool judges_requests(const std::string& policy) {
  const auto names = std::to_array<std::string_view>(
      {"protocol", "access", "rules", "deny_rules", "enforcement", "middleware"});
  return std::any_of(names.begin(), names.end(), [&policy](std::string_view name) {
    for (std::size_t at = policy.find(name); at != std::string::npos;
         at = policy.find(name, at + 1)) {
      const char before = at == 0 ? '\n' : policy[at - 1];
      std::size_t end = at + name.size();
      if (end < policy.size() && policy[end] == '"') ++end;
      const bool begins = std::string_view("\n {,\"-").find(before) != std::string_view::npos;
      if (begins && end < policy.size() && policy[end] == ':') return true;
    }
    return false;
  });
}

void add(Abilities& needed, const Cell& cell, const Supervisor& supervisor) {
  if (supervisor.identity_required) needed.insert(Ability::identity);
  if (!supervisor.limits.empty()) needed.insert(Ability::limits);
  if (!supervisor.args.empty()) needed.insert(Ability::args);
  if (!supervisor.rlimits.empty()) needed.insert(Ability::rlimits);
  if (!supervisor.upstream_proxy.empty()) needed.insert(Ability::upstream_proxy);
  if (supervisor.inference) needed.insert(Ability::inference);
  if (judges_requests(supervisor.policy_yaml)) needed.insert(Ability::inspection);
  const auto served = std::find_if(
      cell.hosts.begin(), cell.hosts.end(),
      [&supervisor](const topology::HostSpec& host) { return host.name == supervisor.serves; });
  if (served == cell.hosts.end()) return;
  needed.insert(served->made_by_subject ? Ability::own_namespace : Ability::given_namespace);
}

}  // namespace

Abilities abilities_needed(const Cell& cell) {
  Abilities needed;
  if (cell.supervisors.empty()) return needed;
  for (const Supervisor& supervisor : cell.supervisors) add(needed, cell, supervisor);
  for (const Step& step : cell.steps) add(needed, cell, step);
  for (const scenario::Expectation& expectation : cell.expect) add(needed, cell, expectation);
  if (cell.gateway) needed.insert(Ability::gateway);
  if (cell.gateway && cell.gateway->store_file) needed.insert(Ability::store_file);
  if (cell.inference) needed.insert(Ability::inference);
  if (!cell.middleware.empty()) needed.insert(Ability::middleware);
  if (std::any_of(cell.providers.begin(), cell.providers.end(),
                  [](const auto& provider) { return !provider.credential.empty(); }))
    needed.insert(Ability::credentials);
  return needed;
}

std::optional<std::string> lacking(const Cell& cell, const subject::Description& subject) {
  Abilities missing;
  for (const Ability ability : abilities_needed(cell)) {
    if (subject.lacks.contains(ability)) missing.insert(ability);
  }
  if (missing.empty()) return std::nullopt;
  return "subject " + subject.name + " can't: " + to_string(missing);
}

Cell adapted(const Cell& cell, const subject::Description& subject) {
  if (subject.agent != subject::Description::Agent::made_by_subject) return cell;
  Cell own = cell;
  for (topology::HostSpec& host : own.hosts) {
    const bool served =
        std::any_of(own.supervisors.begin(), own.supervisors.end(), [&host](const Supervisor& one) {
          return one.serves == host.name && one.host == host.inside;
        });
    // What the scenario says of the namespace itself only its maker can do.
    const bool plain = host.shares.empty() && host.addresses.empty() && host.routes.empty() &&
                       host.loopback_up && host.ipv6 == topology::Ipv6::disabled && !host.forward &&
                       host.mtu == 0;
    const bool ruled =
        std::any_of(own.firewall.begin(), own.firewall.end(),
                    [&host](const topology::FirewallRule& rule) { return rule.host == host.name; });
    if (served && plain && !ruled) host.made_by_subject = true;
  }
  return own;
}

}  // namespace sallyport::sim::runner
