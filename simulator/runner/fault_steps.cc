#include "simulator/runner/fault_steps.h"

#include <signal.h>

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

void note_hit(Stage& stage, const std::string& step, base::TimePoint at, std::string from,
              std::string caused_by, std::string connection) {
  journal::Event event;
  event.at = at;
  event.source = step;
  event.source_type = "step";
  event.kind = "hit";
  event.step = std::move(caused_by);
  event.from = std::move(from);
  // The connection is the target's; `index` counts a fault's hits, not those on each connection.
  if (!connection.empty()) event.fields["on"] = std::move(connection);
  stage.journal.append(std::move(event));
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
  packets.offset = fault.offset;
  Stage* const on = &stage;
  const auto on_hit = [on, step, fault, host = listener.host](const PacketHit& hit) {
    note_hit(*on, step, hit.at, on->hosts->host_of(hit.peer.address, host), on->only_step(), {});
    const bool up = !is_process(*on, fault.target) || process_runs(*on, fault.target);
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

base::Duration delay_of(const Stage& stage, const Fault& fault) {
  if (fault.delay) return *fault.delay;
  const auto service = stage.services.find(fault.target);
  if (service != stage.services.end()) return 2 * service->second->spec().timeout;
  const auto second = static_cast<double>(base::Duration(std::chrono::seconds(1)).count());
  return base::Duration(static_cast<base::Duration::rep>(second * stage.options.slow));
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
    note_hit(*on, step, at, {}, on->only_step(), {});
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
    note_hit(*on, step, on->clock.now(), {}, caused_by, connection);
  });
  return of_class("ok");
}

agents::Facts freeze(Stage& stage, const std::string& step, const Fault& fault) {
  if (!is_process(stage, fault.target))
    return of_class("rejected", fault.target + " isn't a process");
  agents::Facts facts = begin_packets(stage, step, fault);
  signal_process(stage, fault.target, SIGSTOP);
  return facts;
}

}  // namespace

bool needs_packets(FaultKind kind) {
  return stops_attempts(kind) || kind == FaultKind::reset || kind == FaultKind::frozen;
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
  if (fault.kind == FaultKind::frozen && is_process(stage, fault.target))
    signal_process(stage, fault.target, SIGCONT);
  stage.faults->lift(step);
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
