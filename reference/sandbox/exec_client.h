// `sallyport-supervisor exec`: has a command run in a sandbox, and ends as it ended. The command
// gets our streams themselves, so nothing of them passes through us.
#pragma once

#include <string>
#include <vector>

namespace sallyport::sandbox {

struct ExecOptions {
  std::string folder;  // of state_folder.h
  std::string name;
  double timeout = 0;       // seconds; 0: none
  bool with_input = false;  // else its standard input is empty
  bool json = false;        // the result as a line on standard error
  std::vector<std::string> words;
};

inline constexpr int kExecTimedOut = 124;
inline constexpr int kExecNotRun = 125;

// The exit code. SIGINT, SIGTERM, SIGHUP and SIGQUIT are passed on meanwhile.
[[nodiscard]] int run_exec(const ExecOptions& options);

}  // namespace sallyport::sandbox
