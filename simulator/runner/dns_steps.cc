#include "simulator/runner/dns_steps.h"

#include <optional>

#include "reference/base/check.h"
#include "simulator/runner/fault_steps.h"

namespace sallyport::sim::runner {
namespace {

using scenario::FaultKind;
using topology::DnsFault;

std::optional<DnsFault::Kind> dns_kind(FaultKind kind) {
  switch (kind) {
    case FaultKind::nxdomain:
      return DnsFault::Kind::nxdomain;
    case FaultKind::servfail:
      return DnsFault::Kind::servfail;
    case FaultKind::silent:
      return DnsFault::Kind::silent;
    case FaultKind::wrong_id:
      return DnsFault::Kind::wrong_id;
    case FaultKind::truncated:
      return DnsFault::Kind::truncated;
    default:
      return std::nullopt;
  }
}

agents::Facts done() {
  agents::Facts facts;
  facts["class"] = std::string("ok");
  return facts;
}

}  // namespace

agents::Facts set_dns(Stage& stage, const scenario::SetDns& change) {
  stage.name_server->change(change.zone, change.removed);
  return done();
}

bool is_dns_fault(FaultKind kind) { return dns_kind(kind).has_value(); }

agents::Facts begin_dns_fault(Stage& stage, const std::string& step, const scenario::Fault& fault) {
  const auto kind = dns_kind(fault.kind);
  CHECK(kind.has_value());
  Stage* const on = &stage;
  const auto on_hit = [on, step](const topology::NameServer::Hit& hit) {
    note_fault_hit(*on, step, hit.at, hit.host, hit.step, {});
  };
  stage.name_server->begin_fault(step, {*kind, fault.name}, on_hit);
  return done();
}

void lift_dns_fault(Stage& stage, const std::string& step) {
  // What began it may have lifted it by itself.
  static_cast<void>(stage.name_server->lift_fault(step));
}

}  // namespace sallyport::sim::runner
