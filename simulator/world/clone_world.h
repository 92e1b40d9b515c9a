// Makes a world: one clone3 with user, pid, mount, network, ipc and uts namespaces of its own, its
// file system set up, its life tied to the scheduler's. Called by the single-threaded scheduler,
// once a cell. Nothing that it makes has a name on the machine, so nothing is left when pid 1 of
// the world ends, however it ends.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/result.h"
#include "reference/base/unique_fd.h"
#include "simulator/world/file_system.h"

namespace sallyport::sim::world {

// Where the making of a world stands; told to WorldPlan::on_step, in this order.
enum class CreationStep {
  pipes_made,      // scheduler: lifeline and channel exist
  cloned,          // scheduler: the child runs, and waits to be told to go on
  ids_mapped,      // scheduler
  released,        // scheduler: the child goes on
  child_started,   // child: descriptors closed, death signal set; still waiting
  child_released,  // child: it may go on
  files_set_up,    // child
  body_starts,     // child: the lifeline was looked at once more
};

struct WorldPlan {
  std::string host_name = "box";
  FileSystemPlan files;
  // Descriptors that the body needs besides 0, 1 and 2; all others are closed in the child.
  std::vector<int> keep;
  // For tests: called at each step, in the process that takes it. May be null.
  std::function<void(CreationStep)> on_step;
};

// What the body gets. It runs as pid 1 and root of its namespaces, with default signal
// dispositions; its return value is the exit code of the process.
struct WorldContext {
  base::UniqueFd channel;   // stream socket to the scheduler, blocking; how results travel
  base::UniqueFd lifeline;  // HUP: the scheduler is gone, end at once (see lifeline.h)
  bool ids = false;         // more ids than root are mapped: privileges can be dropped to others
};

struct WorldHandle {
  pid_t pid = -1;           // in the scheduler's pid namespace
  base::UniqueFd pidfd;     // readable once pid 1 has ended; to be waited for with waitid
  base::UniqueFd lifeline;  // write end: closing it ends the world
  base::UniqueFd channel;   // stream socket, blocking
  bool ids = false;
};

using WorldBody = std::function<int(WorldContext&)>;
// Runs instead of the body when the set-up in the child failed: `what` says which part of it. Must
// only report and return; the machine's files are not protected.
using WorldFailure = std::function<int(WorldContext&, std::string_view what)>;

// Returns in the scheduler as soon as the child was released; the child sets up the rest by itself.
[[nodiscard]] base::Result<WorldHandle> clone_world(const WorldPlan& plan, const WorldBody& body,
                                                    const WorldFailure& failed);

}  // namespace sallyport::sim::world
