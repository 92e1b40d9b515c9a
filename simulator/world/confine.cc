#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "reference/base/unique_fd.h"
#include "reference/linux/error.h"
#include "reference/linux/mounts.h"
#include "simulator/world/child.h"
#include "simulator/world/file_system.h"
#include "simulator/world/process.h"

namespace sallyport::sim::world {
namespace {

using Trees = std::vector<std::pair<std::string, base::UniqueFd>>;

base::Result<void> make_point(const std::string& path, int tree) {
  struct stat status {};
  if (::fstat(tree, &status) != 0) return linux::failure(linux::Operation::place_mount, errno);
  if (S_ISDIR(status.st_mode)) return linux::make_directories(path);
  if (auto made = linux::make_directories(path.substr(0, path.rfind('/'))); !made) return made;
  const base::UniqueFd file(::open(path.c_str(), O_CREAT | O_RDONLY | O_CLOEXEC, 0644));
  if (!file) return linux::failure(linux::Operation::make_file, errno);
  return {};
}

base::Result<Trees> open_all(std::vector<std::string> paths, std::string& about) {
  std::sort(paths.begin(), paths.end());  // outer folders before what lies in them
  Trees trees;
  for (auto& path : paths) {
    about = path;
    auto tree = linux::clone_tree(path);
    if (!tree) return tree.error();
    trees.emplace_back(std::move(path), std::move(*tree));
  }
  return trees;
}

}  // namespace

base::Result<void> confine_mounts(const Confinement& confinement, std::string& about) {
  auto visible = open_all(confinement.visible, about);
  if (!visible) return visible.error();
  about = confinement.folder;
  auto own = linux::clone_tree(confinement.folder);
  if (!own) return own.error();
  for (const auto& folder : confinement.hidden) {
    about = folder;
    if (auto mounted = linux::mount_tmpfs(folder, "0755"); !mounted) return mounted;
  }
  for (const auto& [path, tree] : *visible) {
    about = path;
    if (auto made = make_point(path, tree.get()); !made) return made;
    if (auto placed = linux::place_tree(tree.get(), path); !placed) return placed;
  }
  about = confinement.folder;
  if (auto made = make_point(confinement.folder, own->get()); !made) return made;
  about = "/";
  if (auto set = linux::set_mount_flags("/", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID); !set) {
    return set;
  }
  about = confinement.folder;
  if (auto placed = linux::place_tree(own->get(), confinement.folder); !placed) return placed;
  about = "/proc";
  if (auto mounted = linux::mount_proc("/proc"); !mounted) return mounted;
  return protect_proc(about);
}

}  // namespace sallyport::sim::world
