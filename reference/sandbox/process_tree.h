// The processes below the caller, wherever they have gone: their sessions and groups don't matter,
// only who had whom. For a process that adopts its orphans (PR_SET_CHILD_SUBREAPER).
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::sandbox {

// One process as /proc shows it: in the numbers of that /proc, and in its own namespace's.
struct ProcessEntry {
  pid_t pid = 0, parent = 0;
  pid_t own = 0;  // the number by which it can be signalled from its own pid namespace
};
// From the text of /proc/PID/status; `pid` is 0 when it isn't one. Pure.
[[nodiscard]] ProcessEntry parse_status(std::string_view status);
// Those below `root`, in `own` numbers. Pure.
[[nodiscard]] std::vector<pid_t> below(const std::vector<ProcessEntry>& all, pid_t root);

// Ends all that are below the caller, and reaps them. False when some are left after `ms`.
[[nodiscard]] bool end_processes_below(int ms, const std::string& proc = "/proc");

}  // namespace sallyport::sandbox
