// What steps do to the world's name server: its zone, and its faults. Done at once.
#pragma once

#include <string>

#include "simulator/runner/stage.h"

namespace sallyport::sim::runner {

// `dns`: the facts of the step; in force for the next query.
[[nodiscard]] agents::Facts set_dns(Stage& stage, const scenario::SetDns& change);

[[nodiscard]] bool is_dns_fault(scenario::FaultKind kind);
// CHECKs that it is one.
[[nodiscard]] agents::Facts begin_dns_fault(Stage& stage, const std::string& step,
                                            const scenario::Fault& fault);
void lift_dns_fault(Stage& stage, const std::string& step);

}  // namespace sallyport::sim::runner
