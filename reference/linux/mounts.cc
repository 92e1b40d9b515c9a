#include "reference/linux/mounts.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cerrno>

#include "reference/linux/error.h"

namespace sallyport::linux {

base::Result<void> make_mounts_private() {
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return failure(Operation::make_private, errno);
  }
  return {};
}

base::Result<base::UniqueFd> clone_tree(const std::string& path) {
  // Recursive, since the kernel refuses to open what another user namespace has covered.
  base::UniqueFd tree(
      ::open_tree(AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE));
  if (!tree) return failure(Operation::clone_tree, errno);
  return tree;
}

base::Result<void> set_mount_flags(const std::string& path, std::uint64_t flags) {
  mount_attr attributes{};
  attributes.attr_set = flags;
  if (::mount_setattr(AT_FDCWD, path.c_str(), AT_RECURSIVE, &attributes, sizeof attributes) != 0) {
    return failure(Operation::set_mount_read_only, errno);
  }
  return {};
}

base::Result<void> set_tree_flags(int tree, std::uint64_t flags) {
  mount_attr attributes{};
  attributes.attr_set = flags;
  if (::mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof attributes) !=
      0) {
    return failure(Operation::set_mount_read_only, errno);
  }
  return {};
}

base::Result<void> place_tree(int tree, const std::string& path) {
  if (::move_mount(tree, "", AT_FDCWD, path.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0) {
    return failure(Operation::place_mount, errno);
  }
  return {};
}

base::Result<void> mount_tmpfs(const std::string& path, const char* mode) {
  const std::string options = std::string("mode=") + mode;
  if (::mount("tmpfs", path.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) != 0) {
    return failure(Operation::mount_tmpfs, errno);
  }
  return {};
}

base::Result<void> mount_proc(const std::string& path) {
  if (::mount("proc", path.c_str(), "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0) {
    return failure(Operation::mount_proc, errno);
  }
  return {};
}

base::Result<void> make_directories(const std::string& path) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (::mkdir(part.c_str(), 0755) != 0 && errno != EEXIST && errno != EROFS) {
      return failure(Operation::make_directory, errno);
    }
    if (end == std::string::npos) break;
  }
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return failure(Operation::make_directory, errno);
  if (!S_ISDIR(status.st_mode)) return failure(Operation::make_directory, ENOTDIR);
  return {};
}

}  // namespace sallyport::linux
