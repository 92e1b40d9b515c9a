// The way from a CommandSpec to a running child. Internal to this module.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "reference/base/result.h"
#include "reference/base/unique_fd.h"
#include "simulator/world/process.h"

namespace sallyport::sim::world {

// One message on the report pipe at most: what the exit status of the child itself can't tell.
struct Report {
  enum Kind : std::int32_t {
    status,        // value: wait status of an agent's command
    exec_failed,   // value: errno; text
    setup_failed,  // value: errno; text
  };
  std::int32_t kind = status;
  std::int32_t value = 0;
  char text[248] = {};
};
static_assert(sizeof(Report) <= 512, "a pipe takes it whole or not at all");

struct Child {
  pid_t pid = -1;
  base::UniqueFd pidfd;
  base::UniqueFd out, err, report;  // non-blocking read ends
};

[[nodiscard]] base::Result<Child> start_child(const CommandSpec& spec);

}  // namespace sallyport::sim::world
