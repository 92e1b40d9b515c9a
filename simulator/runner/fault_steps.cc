#include "simulator/runner/fault_steps.h"

#include "simulator/runner/dns_steps.h"
#include "simulator/runner/process_faults.h"
#include "simulator/runner/processes.h"

namespace sallyport::sim::runner {
namespace {

using scenario::Fault;
using scenario::FaultKind;
using topology::PacketFault;
using topology::PacketHit;

agents::Facts of_class(const char* name, std::string detail = {}) {
  agents::Facts facts;
  facts["class"] = std::string(name);
  if (!detail.empty()) facts["detail"] = std::move(detail);
  return facts;
}

PacketFault::Kind packet_kind(FaultKind kind) {
  switch (kind) {
    case FaultKind::refused:
      return PacketFault::Kind::refused;
    case FaultKind::filtered:
      return PacketFault::Kind::filtered;
    case FaultKind::blackhole:
      return PacketFault::Kind::blackhole;
    case FaultKind::reset:
      return PacketFault::Kind::reset;
    default:
      return PacketFault::Kind::watch;
  }
}

// A listener that is down tells of its attempts itself.
bool stops_attempts(FaultKind kind) {
  return kind == FaultKind::refused || kind == FaultKind::filtered || kind == FaultKind::blackhole;
}

agents::Facts begin_packets(Stage& stage, const std::string& step, const Fault& fault) {
  const Stage::Listener listener = stage.listener_of(fault.target);
  PacketFault packets;
  packets.net_namespace = stage.hosts->fd(listener.host);
  packets.listener = listener.at;
  packets.kind = packet_kind(fault.kind);
  packets.offset = fault.offset.value_or(0);
  Stage* const on = &stage;
  const auto on_hit = [on, step, fault, host = listener.host](const PacketHit& hit) {
    note_fault_hit(*on, step, hit.at, on->hosts->host_of(hit.peer.address, host), on->only_step(),
                   {});
    const bool up = actor_is_up(*on, fault.target);
    if (hit.opening && stops_attempts(fault.kind) && up) note_attempt(*on, fault.target, hit);
  };
  if (const auto begun = stage.faults->begin(step, packets, on_hit); !begun) {
    stage.trouble = step + ": the packet filter: " + begun.error().message();
    return of_class("rejected", begun.error().message());
  }
  // What is open gets a reset at its next packet by the filter; a light actor can do it at once.
  const auto provider = stage.providers.find(fault.target);
  const bool resets = fault.kind == FaultKind::refused || fault.kind == FaultKind::reset;
  if (resets && provider != stage.providers.end()) provider->second->reset_open();
  return of_class("ok");
}

bool goes_through_hop(FaultKind kind) {
  return kind == FaultKind::impaired || kind == FaultKind::idle_cut;
}

topology::HopEnd end_of(providers::CutHow how) {
  switch (how) {
    case providers::CutHow::reset:
      return topology::HopEnd::reset;
    case providers::CutHow::stall:
      return topology::HopEnd::stall;
    case providers::CutHow::fin:
    case providers::CutHow::clean:  // of bodies; to a connection it is the same
      break;
  }
  return topology::HopEnd::fin;
}

agents::Facts begin_hop(Stage& stage, const std::string& step, const Fault& fault) {
  const Stage::Listener listener = stage.listener_of(fault.target);
  topology::HopFault hop;
  hop.net_namespace = stage.hosts->fd(listener.host);
  hop.listener = listener.at;
  if (fault.kind == FaultKind::idle_cut) {
    hop.impairment.idle_cut = {fault.silence, end_of(fault.how)};
  } else {
    hop.impairment.delay = fault.delay.value_or(base::Duration{0});
    hop.impairment.rate = fault.rate;
    if (fault.offset) hop.impairment.cut = {*fault.offset, end_of(fault.how)};
  }
  Stage* const on = &stage;
  const auto on_hit = [on, step, host = listener.host](const topology::HopHit& hit) {
    const std::string from = on->hosts->host_of(hit.peer.address, host);
    note_fault_hit(*on, step, hit.at, from, on->only_step(), {});
  };
  if (const auto begun = stage.hops->begin(step, hop, on_hit); !begun) {
    stage.trouble = step + ": the hop: " + begun.error().message();
    return of_class("rejected", begun.error().message());
  }
  return of_class("ok");
}

// What the scenario says is scaled already; what it leaves out is scaled here, as the supervisor's
// bound on the service is.
base::Duration delay_of(const Stage& stage, const Fault& fault) {
  if (fault.delay) return *fault.delay;
  const auto service = stage.services.find(fault.target);
  const base::Duration usual = service != stage.services.end() ? 2 * service->second->spec().timeout
                                                               : std::chrono::seconds(1);
  const double scaled = static_cast<double>(usual.count()) * stage.options.slow;
  return base::Duration(static_cast<base::Duration::rep>(scaled));
}

middleware::ServiceFault service_kind(FaultKind kind) {
  switch (kind) {
    case FaultKind::unavailable:
      return middleware::ServiceFault::unavailable;
    case FaultKind::internal:
      return middleware::ServiceFault::internal;
    case FaultKind::malformed:
      return middleware::ServiceFault::malformed;
    default:
      return middleware::ServiceFault::slow;
  }
}

net::Task<agents::Facts> begin_in_service(Stage& stage, std::string step, Fault fault,
                                          base::TimePoint deadline) {
  middleware::Service& service = *stage.services.at(fault.target);
  Stage* const on = &stage;
  middleware::Service::OnHit on_hit = [on, step](base::TimePoint at) {
    note_fault_hit(*on, step, at, {}, on->only_step(), {});
  };
  const base::Duration delay = delay_of(stage, fault);
  const bool begun = co_await service.begin_fault(step, service_kind(fault.kind), delay,
                                                  std::move(on_hit), deadline);
  co_return begun ? of_class("ok") : of_class("stalled", fault.target + " didn't answer in time");
}

agents::Facts slow_down_provider(Stage& stage, const std::string& step, const Fault& fault) {
  const auto provider = stage.providers.find(fault.target);
  if (provider == stage.providers.end())
    return of_class("rejected", fault.target + " is no provider and no middleware service");
  Stage* const on = &stage;
  provider->second->set_delay(delay_of(stage, fault), [on, step](const std::string& caused_by,
                                                                 const std::string& connection) {
    note_fault_hit(*on, step, on->clock.now(), {}, caused_by, connection);
  });
  return of_class("ok");
}

agents::Facts freeze(Stage& stage, const std::string& step, const Fault& fault) {
  if (!can_freeze(stage, fault.target))
    return of_class("rejected", fault.target + " can't be frozen");
  agents::Facts facts = begin_packets(stage, step, fault);
  freeze_actor(stage, fault.target);
  return facts;
}

}  // namespace

void note_fault_hit(Stage& stage, const std::string& step, base::TimePoint at, std::string from,
                    std::string caused_by, std::string on) {
  journal::Event event;
  event.at = at;
  event.source = step;
  event.source_type = "step";
  event.kind = "hit";
  event.step = std::move(caused_by);
  event.from = std::move(from);
  // The connection is the target's; `index` counts a fault's hits, not those on each connection.
  if (!on.empty()) event.fields["on"] = std::move(on);
  stage.journal.append(std::move(event));
}

bool needs_packets(FaultKind kind) {
  return stops_attempts(kind) || goes_through_hop(kind) || kind == FaultKind::reset ||
         kind == FaultKind::frozen;
}

net::Task<agents::Facts> begin_fault(Stage& stage, std::string step, Fault fault,
                                     base::TimePoint deadline) {
  agents::Facts facts = of_class("ok");
  switch (fault.kind) {
    case FaultKind::none:
      break;
    case FaultKind::refused:
    case FaultKind::filtered:
    case FaultKind::blackhole:
    case FaultKind::reset:
      facts = begin_packets(stage, step, fault);
      break;
    case FaultKind::idle_cut:
    case FaultKind::impaired:
      facts = begin_hop(stage, step, fault);
      break;
    case FaultKind::shifted:
    case FaultKind::disk_full:
    case FaultKind::read_only:
    case FaultKind::port_taken:
      facts = co_await begin_process_fault(stage, step, fault, deadline);
      break;
    case FaultKind::nxdomain:
    case FaultKind::servfail:
    case FaultKind::silent:
    case FaultKind::wrong_id:
    case FaultKind::truncated:
      facts = begin_dns_fault(stage, step, fault);
      break;
    case FaultKind::frozen:
      facts = freeze(stage, step, fault);
      break;
    case FaultKind::slow:
    case FaultKind::unavailable:
    case FaultKind::internal:
    case FaultKind::malformed:
      if (stage.services.contains(fault.target)) {
        facts = co_await begin_in_service(stage, step, fault, deadline);
      } else {
        facts = slow_down_provider(stage, step, fault);
      }
      break;
  }
  const auto* const answer = std::get_if<std::string>(&facts["class"]);
  const bool rejected = answer != nullptr && *answer == "rejected";
  if (!rejected) stage.faults_in_force[step] = std::move(fault);
  co_return facts;
}

net::Task<agents::Facts> lift_fault(Stage& stage, std::string step, base::TimePoint deadline) {
  const auto found = stage.faults_in_force.find(step);
  if (found == stage.faults_in_force.end())
    co_return of_class("rejected", "the fault of " + step + " isn't in force");
  const Fault fault = found->second;
  stage.faults_in_force.erase(found);
  if (fault.kind == FaultKind::frozen) thaw_actor(stage, fault.target);
  stage.faults->lift(step);
  stage.hops->lift(step);
  if (is_dns_fault(fault.kind)) lift_dns_fault(stage, step);
  if (is_process_fault(fault.kind))
    co_return co_await lift_process_fault(stage, step, fault, deadline);
  if (fault.kind == FaultKind::slow && stage.providers.contains(fault.target))
    stage.providers.at(fault.target)->set_delay(base::Duration{0});
  const auto service = stage.services.find(fault.target);
  if (service != stage.services.end()) {
    const bool lifted = co_await service->second->lift_fault(step, deadline);
    if (!lifted) co_return of_class("stalled", fault.target + " didn't answer in time");
  }
  co_return of_class("ok");
}

}  // namespace sallyport::sim::runner
