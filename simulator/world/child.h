// What a freshly cloned child does to itself before it becomes something. Internal to this module;
// everything runs in the child, which exits if any of it fails.
#pragma once

#include <string>
#include <vector>

#include "reference/base/result.h"

namespace sallyport::sim::world {

struct Confinement;

// Every descriptor but those in `keep`.
[[nodiscard]] base::Result<void> close_all_but(std::vector<int> keep);

// Default dispositions: a parent's handlers mean nothing in a child. The mask is left alone.
void reset_signal_handlers();
void unblock_signals();

// Makes `folder`/{resolv.conf,hosts,nsswitch.conf} files that something can be mounted over, on a
// read-only `folder` too (/etc): where one is missing, or leads nowhere, the folder is rebuilt on a
// tmpfs out of links into a copy at `aside`.
[[nodiscard]] base::Result<void> prepare_name_files(const std::string& folder,
                                                    const std::string& aside, std::string& about);

// `source` read-only over `target`, links followed.
[[nodiscard]] base::Result<void> bind_file(const std::string& source, const std::string& target,
                                           std::string& about);

// The mounts of an agent. The caller is in its own mount and pid namespace, root there.
[[nodiscard]] base::Result<void> confine_mounts(const Confinement& confinement, std::string& about);

// The life of an agent's pid 1: passes signals on to `command`, reaps, and writes the status of
// `command` to `report`. Expects all signals blocked. Never returns.
[[noreturn]] void be_init(int command, int report);

}  // namespace sallyport::sim::world
