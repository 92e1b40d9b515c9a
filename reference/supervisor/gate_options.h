// The options of `sallyport-supervisor gate` (docs/readiness.md), and what they come to as a
// request of the gate. Made and used by the command line's parser alone.
#pragma once

#include <cstdint>
#include <string>

#include "reference/readiness/request.h"

namespace CLI {
class App;
}

namespace sallyport::supervisor {

struct GateFlags {
  // Without agent_netns and agent_query; exec_command is empty for the default.
  readiness::Request request;
  std::string agent_netns;  // an inode, or a file; empty: ask the sandbox
  std::string state_dir;    // of the sandboxes; empty: the user's usual one
  bool json = false;
};

class GateOptions {
 public:
  // Adds the subcommand; this object must outlive the parsing.
  void add(CLI::App& app);
  // After the parsing. Nothing, and what is wrong with it, for what the parser can't see.
  [[nodiscard]] std::string flags(GateFlags& into) const;

 private:
  // Below zero: not said.
  struct Seconds {
    double gap = -1, connect = -1, total = -1, exec = -1;
    double bridge_connect = -1, bridge_run = -1, bridge_gap = -1;
  };
  void add_conditions(CLI::App& gate);
  void add_bridge(CLI::App& gate);
  void add_limits(CLI::App& gate);
  void set_limits(readiness::GateLimits& limits) const;
  [[nodiscard]] std::string misuse(const readiness::Request& request) const;

  GateFlags flags_;
  std::string rule_ = "observed";
  std::string gpu_ = "yes", auto_fix_ = "no", bridge_route_ = "native";
  std::string exec_command_, bridge_command_;
  std::string endpoint_;
  bool has_endpoint_ = false;
  Seconds seconds_;
};

}  // namespace sallyport::supervisor
