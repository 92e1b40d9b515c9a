// The CONFIG events of generations: loaded, failed, stale, withdrawn, quarantined, degraded. Pure.
//
// States and members follow OpenShell crates/openshell-sandbox/src/lib.rs and
// crates/openshell-supervisor-network/src/inference_routes.rs.
#pragma once

#include <string>

#include "reference/audit/event.h"
#include "reference/audit/sink.h"
#include "reference/base/clock.h"
#include "reference/egress/egress.h"
#include "reference/rpc/status.h"

namespace sallyport::sync {

// `loaded`: this generation decides now, with so many services. `source` names where it came from.
void emit_loaded(audit::AuditSink& audit, const egress::Generation& generation,
                 const std::string& source);

// What couldn't be taken, in words that hold no secret.
struct Failure {
  std::string part;          // policy, routes, environment, configuration
  std::string version;       // of what couldn't be taken; may be empty
  std::string error;         // its class: invalid_policy, a gRPC code ...
  std::string detail;        // for who repairs it
  bool still_active = true;  // what was in force before stays
};
void emit_failed(audit::AuditSink& audit, const egress::Generation& current, const Failure& failure,
                 const std::string& source);

// `stale`: the source can't be reached, so what is in force may be outdated.
void emit_stale(audit::AuditSink& audit, const egress::Generation& current, std::string_view part,
                rpc::Code code, const std::string& source);

// `withdrawn`: the source hasn't been heard of for `max_stale`, so this part isn't in force any
// more.
void emit_withdrawn(audit::AuditSink& audit, const egress::Generation& current,
                    std::string_view part, base::Duration max_stale, const std::string& source);

// `quarantined`: everything is denied, for the generation's reason.
void emit_quarantined(audit::AuditSink& audit, const egress::Generation& quarantined);

// `degraded`: so many registered services aren't there; on_error governs the requests they match.
void emit_degraded(audit::AuditSink& audit, const egress::Generation& current, std::size_t refused,
                   const std::string& detail, const std::string& source);

}  // namespace sallyport::sync
