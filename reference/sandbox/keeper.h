// The first process of a sandbox: number one of its pid namespace, so that the end of it is the end
// of everything inside, whatever becomes of the supervisor (PR_SET_PDEATHSIG). It is made before
// the supervisor has any thread or loop, sets the inside up, starts the agent when told to, starts
// what `exec` asks for, and adopts orphans. It has one thread, blocks freely, and nobody inside can
// signal or look into it.
//
// What supervisor and keeper say to each other:
//   supervisor -> keeper   mapped              the ids of its user namespace are there
//                          start               the agent
//                          signal N            to the agent's process group
//                          exec                with the connection of who asks
//                          environment         of further commands (handed_environment.h)
//   keeper -> supervisor   ready REPORT        with listening, attempts, socket_diag, netns
//                          failed WHY          it is over
//                          started
//                          ended CODE          the agent's end, and so everybody's
#pragma once

#include <string>
#include <vector>

#include "reference/base/unique_fd.h"
#include "reference/sandbox/command.h"
#include "reference/sandbox/plan.h"

namespace sallyport::sandbox {

// In a process that was cloned into its namespaces. Ends with it.
[[noreturn]] void keep_sandbox(const Plan& plan, const std::vector<std::string>& words,
                               Terminal terminal, base::UniqueFd supervisor);

}  // namespace sallyport::sandbox
