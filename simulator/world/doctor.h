// What worlds need of this machine, each tried in a throwaway child, and the line that mends what
// is missing. Changes nothing.
#pragma once

#include <string>
#include <vector>

namespace sallyport::sim::world {

struct Finding {
  std::string name;  // `user_namespaces`, `mounts`, `proc`, `veth`, `ids` ...
  std::string what;  // `user namespaces can be made`
  bool ok = false;
  bool required = true;  // nothing runs without it; else a scenario may `needs: NAME` it
  std::string detail;    // what the kernel said
  std::string remedy;    // exact line or flags; empty when ok
};

// In a fixed order. Takes some milliseconds.
[[nodiscard]] std::vector<Finding> probe();

// All that is required is there.
[[nodiscard]] bool can_run(const std::vector<Finding>& findings);

}  // namespace sallyport::sim::world
