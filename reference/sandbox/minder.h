// One `exec` inside a sandbox: a process between the keeper and the command, so that any number of
// them run at a time and none waits for another. It takes the request from the connection, starts
// the command, passes signals on, ends it with all its processes when its time is up or when who
// asked has gone, and tells the end.
#pragma once

#include "reference/base/unique_fd.h"
#include "reference/linux/file_rules.h"
#include "reference/sandbox/plan.h"

namespace sallyport::sandbox {

// In a process forked for it; `rules` null: files aren't confined.
[[noreturn]] void mind_exec(const Plan& plan, const linux::FileRules* rules, std::uint64_t netns,
                            base::UniqueFd connection);

}  // namespace sallyport::sandbox
