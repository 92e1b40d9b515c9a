// `sallyport-supervisor run`: a command in a sandbox, with the proxy as its one way out. Plans the
// sandbox from the policy, has it made while the process has neither threads nor a loop, then is
// its proxy until the command has ended.
#pragma once

#include "reference/supervisor/command_line.h"

namespace sallyport::app {

// The command's exit code; 125 where it did not run, 2 for a mistake in a file or on the command
// line.
[[nodiscard]] int run_sandbox(const supervisor::RunFlags& flags);

}  // namespace sallyport::app
