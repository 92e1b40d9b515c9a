#include "simulator/world/file_system.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <utility>

#include "reference/base/unique_fd.h"
#include "reference/linux/error.h"
#include "reference/linux/mounts.h"
#include "simulator/world/child.h"

namespace sallyport::sim::world {
namespace {

using linux::Operation;

struct Kept {
  std::string path;
  base::UniqueFd tree;
  bool writable = false;
};

bool is_below(const std::string& path, const std::string& folder) {
  return path == folder || (path.starts_with(folder) && path[folder.size()] == '/');
}

// The folder that `path` leads to when it is one, without links; else empty.
std::string real_folder(const std::string& path) {
  if (path.empty()) return {};
  std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), std::free);
  struct stat status {};
  if (!real || ::stat(real.get(), &status) != 0 || !S_ISDIR(status.st_mode)) return {};
  return real.get();
}

// Folders to cover, outermost first, none below another.
std::vector<std::string> covered_folders(const std::string& home) {
  std::vector<std::string> found;
  for (const std::string& path : {std::string("/tmp"), std::string("/run"), std::string("/var/run"),
                                  std::string("/var/tmp"), home}) {
    std::string folder = real_folder(path);
    if (!folder.empty() && folder != "/") found.push_back(std::move(folder));
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> kept;
  for (auto& folder : found) {
    const bool inside = std::any_of(kept.begin(), kept.end(),
                                    [&](const auto& outer) { return is_below(folder, outer); });
    if (!inside) kept.push_back(std::move(folder));
  }
  return kept;
}

base::Result<std::vector<Kept>> open_kept(const FileSystemPlan& plan,
                                          const std::vector<std::string>& covered,
                                          std::string& about) {
  std::vector<Kept> all;
  auto keep = [&](const std::string& path, bool writable) -> base::Result<void> {
    about = path;
    auto tree = linux::clone_tree(path);
    if (!tree) return tree.error();
    std::uint64_t flags = MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID;
    if (!writable) flags |= MOUNT_ATTR_RDONLY;
    if (auto set = linux::set_tree_flags(tree->get(), flags); !set) return set.error();
    all.push_back({path, std::move(*tree), writable});
    return {};
  };
  for (const auto& path : plan.read_only) {
    // What stays visible is read-only with everything else.
    const bool hidden = std::any_of(covered.begin(), covered.end(),
                                    [&](const auto& folder) { return is_below(path, folder); });
    if (!hidden) continue;
    if (auto kept = keep(path, false); !kept) return kept.error();
  }
  if (!plan.run_folder.empty()) {
    if (auto kept = keep(plan.run_folder, true); !kept) return kept.error();
  }
  // Outer folders first, so that an inner one isn't covered by its parent.
  std::stable_sort(all.begin(), all.end(),
                   [](const Kept& a, const Kept& b) { return a.path.size() < b.path.size(); });
  return all;
}

base::Result<void> make_mount_point(const std::string& path, int tree) {
  struct stat status {};
  if (::fstat(tree, &status) != 0) return linux::failure(Operation::place_mount, errno);
  if (S_ISDIR(status.st_mode)) return linux::make_directories(path);
  const auto slash = path.rfind('/');
  if (slash > 0) {
    if (auto made = linux::make_directories(path.substr(0, slash)); !made) return made;
  }
  base::UniqueFd file(::open(path.c_str(), O_CREAT | O_RDONLY | O_CLOEXEC, 0644));
  if (!file && errno != EROFS) return linux::failure(Operation::make_file, errno);
  return {};
}

constexpr std::array kDevices{"null", "zero", "full", "random", "urandom", "tty", "pts"};
constexpr std::array<std::pair<const char*, const char*>, 5> kDeviceLinks{{
    {"/proc/self/fd", "/dev/fd"},
    {"/proc/self/fd/0", "/dev/stdin"},
    {"/proc/self/fd/1", "/dev/stdout"},
    {"/proc/self/fd/2", "/dev/stderr"},
    {"pts/ptmx", "/dev/ptmx"},
}};

// The machine's /dev has its disks, and the root of a world may be the machine's root in all but
// name: a world gets the devices that can do no harm.
base::Result<std::vector<Kept>> open_devices(std::string& about) {
  std::vector<Kept> devices;
  for (const char* name : kDevices) {
    about = std::string("/dev/") + name;
    if (::access(about.c_str(), F_OK) != 0) continue;
    auto tree = linux::clone_tree(about);
    if (!tree) return tree.error();
    devices.push_back({about, std::move(*tree), true});
  }
  return devices;
}

base::Result<void> place_devices(const std::vector<Kept>& devices, std::string& about) {
  about = "/dev";
  if (auto mounted = linux::mount_tmpfs("/dev", "0755"); !mounted) return mounted;
  for (const auto& device : devices) {
    about = device.path;
    if (auto made = make_mount_point(device.path, device.tree.get()); !made) return made;
    if (auto placed = linux::place_tree(device.tree.get(), device.path); !placed) return placed;
  }
  for (const auto& [target, path] : kDeviceLinks) {
    about = path;
    if (::symlink(target, path) != 0) return linux::failure(Operation::make_file, errno);
  }
  about = "/dev/shm";
  return linux::make_directories("/dev/shm");
}

}  // namespace

base::Result<void> set_up_file_system(const FileSystemPlan& plan, std::string& about) {
  about = "/";
  if (auto made = linux::make_mounts_private(); !made) return made;
  const auto covered = covered_folders(plan.home);
  auto kept = open_kept(plan, covered, about);
  if (!kept) return kept.error();
  auto devices = open_devices(about);
  if (!devices) return devices.error();
  about = "/";
  if (auto set = linux::set_mount_flags("/", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV); !set) {
    return set;
  }
  for (const auto& folder : covered) {
    about = folder;
    if (auto mounted = linux::mount_tmpfs(folder, "0755"); !mounted) return mounted;
  }
  for (const auto& one : *kept) {
    about = one.path;
    if (auto made = make_mount_point(one.path, one.tree.get()); !made) return made;
    if (auto placed = linux::place_tree(one.tree.get(), one.path); !placed) return placed;
  }
  if (auto placed = place_devices(*devices, about); !placed) return placed;
  if (auto ready = prepare_name_files("/etc", "/run/machine-etc", about); !ready) return ready;
  about = "/proc";
  if (auto mounted = linux::mount_proc("/proc"); !mounted) return mounted;
  // The folder that the caller came from may be covered now.
  about = "/";
  if (::chdir("/") != 0) return linux::failure(Operation::change_directory, errno);
  about.clear();
  return {};
}

base::Result<void> protect_proc(std::string& about) {
  for (const char* path :
       {"/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs"}) {
    about = path;
    if (::access(path, F_OK) != 0) continue;
    auto tree = linux::clone_tree(path);
    if (!tree) return tree.error();
    if (auto set = linux::set_tree_flags(tree->get(), MOUNT_ATTR_RDONLY); !set) return set;
    if (auto placed = linux::place_tree(tree->get(), path); !placed) return placed;
  }
  about.clear();
  return {};
}

}  // namespace sallyport::sim::world
