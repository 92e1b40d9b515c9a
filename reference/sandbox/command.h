// Starts one command of a sandbox, from inside its namespaces: the child takes the steps of the
// field system's order (OpenShell crates/openshell-supervisor-process/src/process.rs, pre_exec):
// session, privileges, core dumps, files, calls. For the keeper's single-threaded processes alone.
#pragma once

#include <sys/types.h>

#include <array>
#include <string>
#include <vector>

#include "reference/linux/file_rules.h"
#include "reference/sandbox/plan.h"

namespace sallyport::sandbox {

// How a command stands to the terminal on its standard input.
enum class Terminal {
  none,        // there is none: a session of its own
  background,  // a process group of its own
  foreground,  // the same, in the terminal's foreground
};
// Of the caller's standard input.
[[nodiscard]] Terminal terminal_here();

struct CommandSpec {
  const Plan& plan;
  const linux::FileRules* rules = nullptr;  // null: files aren't confined
  const std::vector<std::string>& words;    // at least one
  std::array<int, 3> streams{0, 1, 2};
  Terminal terminal = Terminal::none;
};

struct Started {
  pid_t pid = -1;     // also the number of its process group
  std::string wrong;  // not empty: nothing runs
};
// Returns once the command's program has been executed, or why it can't be.
[[nodiscard]] Started start_command(const CommandSpec& spec);

// What a command's end is as an exit code: its own, or 128 and the signal.
[[nodiscard]] int exit_code(int wait_status);

// Every handler and mask as a program expects them.
void reset_signals();

}  // namespace sallyport::sandbox
