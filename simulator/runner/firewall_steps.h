// The scenario's firewall: put up with the hosts, changed by steps, and what its rules touch
// (`hit`, and `attempt` of the actor that a stopped SYN was for).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "simulator/runner/stage.h"

namespace sallyport::sim::runner {

// The cell's rules, in force when it returns; what went wrong, or nothing.
[[nodiscard]] std::optional<std::string> put_up_firewall(Stage& stage);

// The verb `firewall`: the facts of the step; in force and read back when it returns.
[[nodiscard]] agents::Facts set_firewall(Stage& stage, const scenario::SetFirewall& change);

// All rules that the cell or a step of it names: packets to their addresses are no escapes.
[[nodiscard]] std::vector<topology::FirewallRule> rules_ever(const scenario::Cell& cell);

// The actor that listens at `at` of `host`; empty when none does.
[[nodiscard]] std::string listener_at(const Stage& stage, const std::string& host,
                                      const net::Endpoint& at);

}  // namespace sallyport::sim::runner
