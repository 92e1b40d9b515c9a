// What control steps do, as values: the loader fills them, the runner acts on them. A control step
// is done when what it changed is in force (configuration: in the running supervisor), or rejected.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "reference/base/clock.h"

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
};

// `fault: KIND, target: ACTOR`; lasts until lifted.
struct Fault {
  FaultKind kind = FaultKind::none;
  std::string target;
  std::optional<base::Duration> delay;  // of slow, and there always set
  std::uint64_t offset = 0;             // of reset
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
};

struct Inference {
  std::string provider;
  std::string model;
  std::optional<base::Duration> timeout;  // else the subject's
};

// `inference`: replaced whole; none: no route.
struct SetInference {
  std::optional<Inference> route;
};

}  // namespace sallyport::sim::scenario
