// Errors of this module: which operation failed, and the errno it failed with, in one code. The
// message of such a code reads `moving a veth peer: Operation not permitted (EPERM)`.
#pragma once

#include "reference/base/result.h"

namespace sallyport::linux {

// What was being done when the kernel said no. Each occurs with the errno of its system call.
enum class Operation {
  open_namespace = 1,
  make_namespace,
  enter_namespace,
  check_namespace,  // also: the descriptor isn't a namespace of that kind (EINVAL)
  open_netlink,
  talk_netlink,
  find_link,
  set_link,
  add_veth,
  add_address,
  add_route,
  set_sysctl,
  make_socket,
  bind_socket,
  drop_bounding_set,
  drop_groups,
  change_group,
  change_user,
  drop_capabilities,
  verify_privileges,  // the kernel said yes, but a look afterwards says otherwise
  set_no_new_privs,
  make_private,
  clone_tree,
  set_mount_read_only,
  mount_tmpfs,
  mount_proc,
  place_mount,
  make_directory,
  make_file,
  clone_process,
  map_ids,
  make_pipe,
  close_descriptors,
  set_host_name,
  set_death_signal,
  wait_for_parent,  // the parent died before it said go
  duplicate_descriptor,
  change_directory,
  execute,
  wait_process,
  signal_process,
  install_rules,  // also: what is there afterwards isn't what was asked for (EPROTO)
  list_rules,
  open_packet_log,
  set_limit,
  restrict_files,  // Landlock
  restrict_calls,  // seccomp
  add_bridge,
  list_addresses,
};

[[nodiscard]] const boost::system::error_category& linux_category();
// `error` is an errno, 0 < error < 4096.
[[nodiscard]] base::Error failure(Operation operation, int error);
// The errno inside a code of this module; of a system or generic code its value; else 0.
[[nodiscard]] int errno_of(const base::Error& error);

}  // namespace sallyport::linux
