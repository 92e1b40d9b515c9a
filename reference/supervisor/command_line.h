// The command line of sallyport-supervisor. Descriptors come only here, never in the config: they
// are the starter's, and a number in a file would outlive its meaning.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reference/supervisor/gate_options.h"

namespace sallyport::supervisor {

struct ServeFlags {
  std::string config;
  bool check = false;         // validate every file and leave
  double slow = 1;            // multiplies every time limit
  int ready_fd = -1;          // the readiness line is written here; kept open afterwards
  int audit_fd = -1;          // events as JSON lines, one write a line
  int sandbox_netns_fd = -1;  // the agent's network namespace
  int sandbox_pid = -1;       // a process of the agent's, the anchor of identities
  // Of `run` alone, and no option: a query socket of the agent's network namespace.
  int sandbox_query_fd = -1;
};

// The proxy with an agent behind it.
struct RunFlags {
  ServeFlags serve;       // config: may be empty where there is a policy; no sandbox_*
  std::string policy;     // a file; empty: the configuration names a gateway
  std::string name;       // empty: one is made up
  std::string state_dir;  // empty: the user's usual one
  std::string folder;     // where the agent works; empty: here
  std::vector<std::string> command;
};

// A command in a sandbox that runs.
struct ExecFlags {
  std::string sandbox;  // its name
  std::string state_dir;
  double timeout = 0;  // seconds; 0: none
  bool input = false;  // our standard input is the command's
  bool json = false;   // the result as a line on standard error
  std::vector<std::string> command;
};

// One of the four; none: leave with `exit_code` after printing `output`.
struct CommandLine {
  std::optional<ServeFlags> serve;
  std::optional<RunFlags> run;
  std::optional<ExecFlags> exec;
  std::optional<GateFlags> gate;
  int exit_code = 0;
  std::string output;  // to stdout when exit_code is 0, else to stderr
};

// Never exits by itself. Mistakes answer exit_code 2.
[[nodiscard]] CommandLine parse_command_line(int argc, const char* const* argv);

// What is wrong with the descriptors and the pid, one sentence each: not open, not writable, not a
// network namespace, no such process.
[[nodiscard]] std::vector<std::string> check_descriptors(const ServeFlags& flags);

}  // namespace sallyport::supervisor
