// Faults of what a process has rather than of its packets: its clock, its folder, its port. Made
// ready before the first start (a preload, a file system of its own for the folder), since a
// running process takes neither. Part of fault_steps.h, which routes those kinds here.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "simulator/runner/stage.h"

namespace sallyport::sim::runner {

[[nodiscard]] bool is_process_fault(scenario::FaultKind kind);

// Before any process starts: limits, and what the cell's faults need of a process. What went wrong,
// or nothing.
[[nodiscard]] std::optional<std::string> prepare_process_faults(Stage& stage);

// The facts of a `fault` step of such a kind; in force when it returns `ok`. `lift` undoes what
// `step` began.
[[nodiscard]] net::Task<agents::Facts> begin_process_fault(Stage& stage, std::string step,
                                                           scenario::Fault fault,
                                                           base::TimePoint deadline);
[[nodiscard]] net::Task<agents::Facts> lift_process_fault(Stage& stage, std::string step,
                                                          scenario::Fault fault,
                                                          base::TimePoint deadline);

// `actor` has ended: who wants its port takes it now.
void take_ports(Stage& stage, const std::string& actor);

// The preload that shifts a process's clock, by path; empty where it isn't installed.
[[nodiscard]] std::string find_faketime();

// What a clock that is `by` ahead has in its file: `+3600.000000000`. Pure.
[[nodiscard]] std::string shift_text(base::Duration by);

}  // namespace sallyport::sim::runner
