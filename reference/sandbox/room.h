// The inside of a sandbox, set up by its keeper once it is in namespaces of its own: the network
// with its one way to the proxy, the mounts, the rules over files. The proxy's end of the pair lies
// in a second namespace, in which there is nothing else: the proxy's listener is made there and
// handed out, so that what is dialled leaves from where the supervisor is, and the machine's own
// namespace has neither links nor addresses nor rules of ours (docs/adr/0017).
#pragma once

#include <optional>
#include <string>

#include "reference/base/result.h"
#include "reference/base/unique_fd.h"
#include "reference/linux/file_rules.h"
#include "reference/sandbox/plan.h"

namespace sallyport::sandbox {

struct Room {
  base::UniqueFd listening;    // at the proxy's address
  base::UniqueFd attempts;     // of linux::BypassFilter
  base::UniqueFd socket_diag;  // a netlink socket in the agent's network namespace
  base::UniqueFd netns;        // that namespace
  std::optional<linux::FileRules> rules;
  Report report;
};

// For a process that is root of its namespaces. What is wrong otherwise: the sandbox can't be.
[[nodiscard]] std::string set_up_room(const Plan& plan, Room& room);

}  // namespace sallyport::sandbox
