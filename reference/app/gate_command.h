// `sallyport-supervisor gate`: has the gate of reference/readiness run with this machine's
// processes, and tells what came out.
#pragma once

#include "reference/supervisor/gate_options.h"

namespace sallyport::app {

// The exit codes of docs/readiness.md.
[[nodiscard]] int run_gate_command(const supervisor::GateFlags& flags);

}  // namespace sallyport::app
