// Which exact line mends what a machine lacks. Pure but for look_at_machine().
#pragma once

#include <string>
#include <string_view>

namespace sallyport::sim::world {

// What tells one cause from another.
struct Machine {
  bool container = false;
  bool root = false;
  // Values of sysctls; empty where this kernel has none of that name.
  std::string apparmor_restrict;    // kernel.apparmor_restrict_unprivileged_userns (Ubuntu)
  std::string userns_clone;         // kernel.unprivileged_userns_clone (Debian)
  std::string user_namespaces_max;  // user.max_user_namespaces
  std::string net_namespaces_max;   // user.max_net_namespaces
};

[[nodiscard]] Machine look_at_machine();

// `name` is a Finding's, `complaint` what the kernel said.
[[nodiscard]] std::string remedy_for(std::string_view name, std::string_view complaint,
                                     const Machine& machine);

}  // namespace sallyport::sim::world
