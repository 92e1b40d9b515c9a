// What a service is started by: the fake's own program; or another program, and beside it a probe
// that says when that one serves. Internal to this module. Pure.
#pragma once

#include <string>
#include <vector>

#include "reference/net/address.h"
#include "simulator/middleware/service.h"
#include "simulator/middleware/spec.h"
#include "simulator/world/process.h"

namespace sallyport::sim::middleware {

// The numbers of their descriptors.
inline constexpr int kReadyFd = 10;
inline constexpr int kEventFd = 11;

// The fake: `script` is its file, `control` are the lines of the faults that hold from its start.
[[nodiscard]] world::CommandSpec fake_command(const Surroundings& around, const net::Endpoint& at,
                                              const std::string& script,
                                              const std::vector<std::string>& control);

// The line of control by which a fault begins.
[[nodiscard]] std::string fault_line(const std::string& name, ServiceFault kind,
                                     base::Duration delay);

// Why a start failed that `end` was the end of; `said` on stderr.
[[nodiscard]] std::string early_end(const world::Exit& end, const std::string& said);

// `spec.command`, in the folder of its scenario. Its HOME and TMPDIR are the service's own folder;
// the programs of the build are first on its PATH.
[[nodiscard]] world::CommandSpec foreign_command(const ServiceSpec& spec,
                                                 const Surroundings& around);

// Says on kReadyFd that a Describe at `at` was answered. Ends with 1 and the reason on stderr when
// it was answered by an error; who is late is never given up on, that is the caller's to bound.
[[nodiscard]] world::CommandSpec probe_command(const Surroundings& around, const net::Endpoint& at);

}  // namespace sallyport::sim::middleware
