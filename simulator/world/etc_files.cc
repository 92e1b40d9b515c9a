#include <dirent.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "reference/base/unique_fd.h"
#include "reference/linux/error.h"
#include "reference/linux/mounts.h"
#include "simulator/world/child.h"

namespace sallyport::sim::world {
namespace {

using linux::Operation;

constexpr std::array kNameFiles{"resolv.conf", "hosts", "nsswitch.conf"};

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

bool is_file(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

bool touch(const std::string& path) {
  const base::UniqueFd file(::open(path.c_str(), O_CREAT | O_RDONLY | O_CLOEXEC, 0644));
  return static_cast<bool>(file);
}

// A link whose target a fresh tmpfs covers (resolv.conf of systemd-resolved lies in /run): an empty
// file there is enough to mount over.
bool mend_link(const std::string& folder, const std::string& path) {
  std::array<char, PATH_MAX> text{};
  const ssize_t size = ::readlink(path.c_str(), text.data(), text.size() - 1);
  if (size <= 0) return false;
  std::string target(text.data(), static_cast<std::size_t>(size));
  if (target[0] != '/') target = folder + "/" + target;
  const std::string parent = target.substr(0, target.rfind('/'));
  if (!parent.empty() && !linux::make_directories(parent)) return false;
  return touch(target) && is_file(path);
}

// One entry of the old folder, in the new one: links as they were, all else a link to it.
base::Result<void> link_entry(const std::string& old_path, const std::string& new_path) {
  std::array<char, PATH_MAX> text{};
  const ssize_t size = ::readlink(old_path.c_str(), text.data(), text.size() - 1);
  const std::string target =
      size > 0 ? std::string(text.data(), static_cast<std::size_t>(size)) : old_path;
  if (::symlink(target.c_str(), new_path.c_str()) != 0) {
    return linux::failure(Operation::make_file, errno);
  }
  return {};
}

base::Result<void> rebuild(const std::string& folder, const std::string& aside) {
  auto tree = linux::clone_tree(folder);
  if (!tree) return tree.error();
  if (auto made = linux::make_directories(aside); !made) return made;
  if (auto placed = linux::place_tree(tree->get(), aside); !placed) return placed;
  if (auto mounted = linux::mount_tmpfs(folder, "0755"); !mounted) return mounted;
  const std::unique_ptr<DIR, CloseFolder> entries(::opendir(aside.c_str()));
  if (!entries) return linux::failure(Operation::make_directory, errno);
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    const std::string from = aside + "/" + entry->d_name;
    bool replaced = false;
    for (const char* file : kNameFiles) replaced = replaced || (name == file && !is_file(from));
    if (replaced) continue;
    if (auto linked = link_entry(from, folder + "/" + entry->d_name); !linked) return linked;
  }
  for (const char* file : kNameFiles) {
    const std::string path = folder + "/" + file;
    if (!is_file(path) && !touch(path)) return linux::failure(Operation::make_file, errno);
  }
  return {};
}

}  // namespace

base::Result<void> prepare_name_files(const std::string& folder, const std::string& aside,
                                      std::string& about) {
  bool complete = true;
  for (const char* file : kNameFiles) {
    const std::string path = folder + "/" + file;
    complete = complete && (is_file(path) || mend_link(folder, path));
  }
  if (complete) return {};
  about = folder;
  return rebuild(folder, aside);
}

base::Result<void> bind_file(const std::string& source, const std::string& target,
                             std::string& about) {
  about = target;
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(target.c_str(), nullptr), std::free);
  if (!real) return linux::failure(Operation::place_mount, errno);
  auto tree = linux::clone_tree(source);
  if (!tree) return tree.error();
  if (auto set = linux::set_tree_flags(tree->get(), MOUNT_ATTR_RDONLY); !set) return set;
  return linux::place_tree(tree->get(), real.get());
}

}  // namespace sallyport::sim::world
