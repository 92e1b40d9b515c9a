// What is said to a subject's readiness gate and what it answers, as text: its command line, its
// report, and the command by which it tries the bridge. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "simulator/agents/client.h"
#include "simulator/agents/spec.h"

namespace sallyport::sim::runner {

// Where the agent is, for the gate.
struct GateGround {
  std::uint64_t agent = 0;   // inode of its network namespace
  std::string exec_command;  // path of the program that runs the probe
  std::string subnet;        // of the agent's link; empty: it has none
  std::string gateway;       // the machine's address on it; empty: none
  std::uint16_t port = 0;    // of what the route leads to; 0: nothing
};

// `gate KIND ...`, without the program.
[[nodiscard]] std::vector<std::string> gate_arguments(const agents::GateSpec& spec,
                                                      const GateGround& ground);

// The facts that a report tells; without `class` when it isn't one.
[[nodiscard]] agents::Facts facts_of_report(const std::string& json);

// What a `docker run ... nc ...` is to connect to.
struct BridgeTry {
  std::string host;
  std::string address;  // of `--add-host` for that host; empty: none
  std::uint16_t port = 0;
};
[[nodiscard]] std::optional<BridgeTry> bridge_try(const std::vector<std::string>& arguments);

}  // namespace sallyport::sim::runner
