// What a world sees of the machine's files: all of it read-only, the places that programs scribble
// in (and machine services have their sockets in) covered by fresh ones, a /dev of harmless devices
// and a /proc of its own. Runs in the world's pid 1, in its own mount namespace.
#pragma once

#include <string>
#include <vector>

#include "reference/base/result.h"

namespace sallyport::sim::world {

struct FileSystemPlan {
  // Absolute paths without links. Opened before anything is covered, then there again.
  std::vector<std::string> read_only;  // binaries, the scenario's folder and its includes
  std::string run_folder;              // writable; empty: none
  std::string home;                    // $HOME of the scheduler; covered when it is a folder but /
};

// `about` tells on failure what it was about (a path). Any mount of the machine that can't be made
// read-only is a failure.
[[nodiscard]] base::Result<void> set_up_file_system(const FileSystemPlan& plan, std::string& about);

// /proc/sys and what else in /proc changes the machine become read-only; called once the topology
// stands, since that writes sysctls.
[[nodiscard]] base::Result<void> protect_proc(std::string& about);

}  // namespace sallyport::sim::world
