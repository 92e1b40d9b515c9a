// Mounts of the caller's mount namespace, by the descriptor-based calls (open_tree, move_mount,
// mount_setattr), so that a folder can be opened before something covers it.
#pragma once

#include <cstdint>
#include <string>

#include "reference/base/result.h"
#include "reference/base/unique_fd.h"

namespace sallyport::linux {

// Cuts every mount off from the namespaces that it was copied from and to.
[[nodiscard]] base::Result<void> make_mounts_private();

// A detached copy of what is mounted at `path` and below; `path` may also be a file.
[[nodiscard]] base::Result<base::UniqueFd> clone_tree(const std::string& path);

// MOUNT_ATTR_* flags on `path` and everything mounted below it, all or nothing.
[[nodiscard]] base::Result<void> set_mount_flags(const std::string& path, std::uint64_t flags);
[[nodiscard]] base::Result<void> set_tree_flags(int tree, std::uint64_t flags);

// Over `path`, which must exist and be of the same sort (folder or file).
[[nodiscard]] base::Result<void> place_tree(int tree, const std::string& path);

// nosuid, nodev. `mode` as in "0755".
[[nodiscard]] base::Result<void> mount_tmpfs(const std::string& path, const char* mode);
// Of the caller's pid namespace; nosuid, nodev, noexec.
[[nodiscard]] base::Result<void> mount_proc(const std::string& path);

// mkdir -p with 0755; what exists is left alone.
[[nodiscard]] base::Result<void> make_directories(const std::string& path);

}  // namespace sallyport::linux
