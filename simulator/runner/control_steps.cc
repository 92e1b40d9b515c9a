#include "simulator/runner/control_steps.h"

#include <type_traits>

#include "simulator/runner/configure_steps.h"
#include "simulator/runner/dns_steps.h"
#include "simulator/runner/fault_steps.h"
#include "simulator/runner/firewall_steps.h"
#include "simulator/runner/middleware_steps.h"
#include "simulator/runner/processes.h"
#include "simulator/runner/provider_steps.h"

namespace sallyport::sim::runner {
namespace {

using scenario::ProcessControl;

agents::Facts of_class(const char* name, std::string detail = {}) {
  agents::Facts facts;
  facts["class"] = std::string(name);
  if (!detail.empty()) facts["detail"] = std::move(detail);
  return facts;
}

agents::Facts control_light(Stage& stage, const ProcessControl& control) {
  if (control.kind != ProcessControl::Kind::start) stop_light(stage, control.actor);
  if (control.kind != ProcessControl::Kind::stop) {
    if (const auto trouble = start_light(stage, control.actor))
      return of_class("rejected", *trouble);
  }
  return of_class("ok");
}

net::Task<agents::Facts> control_process(Stage& stage, const ProcessControl& control,
                                         base::TimePoint deadline) {
  if (control.kind != ProcessControl::Kind::start) {
    const bool ended = co_await stop_process(stage, control.actor, control.signal, deadline);
    if (!ended) co_return of_class("stalled", control.actor + " hadn't ended in time");
  }
  if (control.kind != ProcessControl::Kind::stop) {
    const auto trouble = co_await start_process(stage, control.actor, deadline);
    if (trouble)
      co_return of_class(stage.clock.now() < deadline ? "rejected" : "stalled", *trouble);
  }
  co_return of_class("ok");
}

// What each verb has done, as facts.
net::Task<agents::Facts> by_verb(Stage& stage, const scenario::Step& step,
                                 base::TimePoint deadline) {
  if (const auto* const verb = std::get_if<scenario::KeyChange>(&step.verb))
    co_return co_await change_key(stage, step, *verb, deadline);
  if (const auto* const verb = std::get_if<scenario::DeleteRecord>(&step.verb))
    co_return co_await delete_record(stage, step, *verb, deadline);
  if (const auto* const verb = std::get_if<scenario::SetPolicy>(&step.verb))
    co_return co_await set_policy(stage, step, *verb, deadline);
  if (const auto* const verb = std::get_if<scenario::SetInference>(&step.verb))
    co_return co_await set_inference(stage, step, *verb, deadline);
  if (const auto* const verb = std::get_if<scenario::SetProviders>(&step.verb))
    co_return set_providers(stage, *verb);
  if (const auto* const verb = std::get_if<scenario::SetMiddleware>(&step.verb))
    co_return co_await set_middleware(stage, *verb, deadline);
  if (const auto* const verb = std::get_if<scenario::SetDns>(&step.verb))
    co_return set_dns(stage, *verb);
  if (const auto* const verb = std::get_if<scenario::SetFirewall>(&step.verb))
    co_return set_firewall(stage, *verb);
  if (const auto* const verb = std::get_if<scenario::Fault>(&step.verb))
    co_return co_await begin_fault(stage, step.name, *verb, deadline);
  if (const auto* const verb = std::get_if<scenario::Lift>(&step.verb))
    co_return co_await lift_fault(stage, verb->step, deadline);
  const auto& control = std::get<ProcessControl>(step.verb);
  if (is_light(stage, control.actor)) co_return control_light(stage, control);
  co_return co_await control_process(stage, control, deadline);
}

}  // namespace

bool is_control(const scenario::Step& step) {
  return std::visit(
      [](const auto& verb) {
        using Verb = std::decay_t<decltype(verb)>;
        return !std::is_same_v<Verb, agents::RequestSpec> &&
               !std::is_same_v<Verb, agents::RunSpec> && !std::is_same_v<Verb, agents::GateSpec> &&
               !std::is_same_v<Verb, agents::RawSpec> &&
               !std::is_same_v<Verb, agents::WebSocketSpec> &&
               !std::is_same_v<Verb, agents::PauseSpec>;
      },
      step.verb);
}

net::Task<agents::Facts> perform_control(Stage& stage, const scenario::Step& step) {
  const base::TimePoint deadline = stage.clock.now() + step.timeout;
  stage.drain();
  agents::Facts facts = co_await by_verb(stage, step, deadline);
  stage.drain();
  co_return facts;
}

}  // namespace sallyport::sim::runner
