// What control steps do, as values: the loader fills them, the runner acts on them. A control step
// is done when what it changed is in force (configuration: in the running supervisor), or rejected.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reference/base/clock.h"
#include "simulator/middleware/spec.h"
#include "simulator/providers/spec.h"
#include "simulator/topology/spec.h"

namespace sallyport::sim::scenario {

// `rotate`: the provider accepts KEY too and the control plane hands it out. `revoke`: the provider
// answers 401 to it. `update`: the control plane hands it out, whatever the provider thinks of it.
struct KeyChange {
  enum class Kind { rotate, revoke, update };
  Kind kind = Kind::rotate;
  std::string provider;
  std::string key;
};

// `delete`: a provider's record in the control plane.
struct DeleteRecord {
  std::string provider;
  bool force = false;
};

enum class FaultKind {
  none,         // changes nothing
  refused,      // connects get RST, what is open is reset
  filtered,     // packets of new connections are dropped
  blackhole,    // all its packets are dropped
  reset,        // accepts, then RST after `offset` octets; what is open is reset
  frozen,       // stops running; the kernel still accepts
  slow,         // answers `delay` late
  unavailable,  // calls end with UNAVAILABLE
  internal,     // calls end with INTERNAL
  malformed,    // answers can't be decoded
  idle_cut,     // ends connections that are silent for `silence`, by `how`
  impaired,     // answers and requests come `delay` late, at most `rate` fast, and end by `how`
                // after `offset` octets of the listener's
  shifted,      // its wall clock is `by` ahead
  disk_full,    // nothing more can be written to its folder
  read_only,    // nothing can be written to its folder
  port_taken,   // while it is down, somebody else listens where it would
  nxdomain,     // the name server's: queries, or only those for `name`
  servfail,
  silent,
  wrong_id,
  truncated,
};

// `fault: KIND, target: ACTOR`; lasts until lifted.
struct Fault {
  FaultKind kind = FaultKind::none;
  std::string target;
  std::optional<base::Duration> delay;               // of slow, and there always set
  std::optional<std::uint64_t> offset;               // of reset (there 0 without) and impaired
  std::optional<std::uint64_t> rate;                 // of impaired: octets a second, each way
  providers::CutHow how = providers::CutHow::reset;  // of idle_cut and impaired: reset, fin, stall
  base::Duration silence{0};                         // of idle_cut
  base::Duration by{0};                              // of shifted; may be negative
  std::string name;                                  // of the name server's faults; empty: any
};

struct Lift {
  std::string step;  // that began the fault
};

// `stop`, `start`, `restart`: of an actor that is a process. `stop` is done when the process has
// ended, `start` when it is ready.
struct ProcessControl {
  enum class Kind { stop, start, restart };
  Kind kind = Kind::stop;
  std::string actor;
  int signal = 15;  // of stop and restart
};

// `policy`: replaced whole. Complete, as Cell::policy_yaml; may hold variables.
struct SetPolicy {
  std::string yaml;
  std::string supervisor;  // whose; empty: every one's
};

struct Inference {
  std::string provider;
  std::string model;
  std::optional<base::Duration> timeout;  // else the subject's
};

// `inference`: replaced whole; none: no route.
struct SetInference {
  std::optional<Inference> route;
  std::string supervisor;  // whose; empty: every one's
  bool verify = false;     // the gateway asks the provider first
};

// `dns`, `firewall`, `providers`, `middleware`: the entries named, complete as they are from this
// step on (the loader merges them in the order of the file), and those that are taken away.
struct SetDns {
  topology::Zone zone;
  std::vector<std::string> removed;
};
struct SetFirewall {
  std::vector<topology::FirewallRule> rules;
  std::vector<std::string> removed;
};
// What a provider or a service can't change while it lives (host, listen, tls, registration) the
// loader refuses. A provider that is removed listens no more and has no names.
struct SetProviders {
  std::vector<providers::ProviderSpec> providers;
  std::vector<std::string> removed;
};
struct SetMiddleware {
  std::vector<middleware::ServiceSpec> services;
  std::vector<std::string> removed;  // as if it were down
};

}  // namespace sallyport::sim::scenario
