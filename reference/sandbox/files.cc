#include "reference/sandbox/files.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace sallyport::sandbox {
namespace {

using linux::FileAccess;

// Programs fail without them in ways that nobody understands, and they carry nothing anywhere.
constexpr const char* kEmptyDevices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/tty"};
constexpr const char* kReadDevices[] = {"/dev/random", "/dev/urandom"};

std::string without_slash(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

void add(FilePlan& plan, const std::string& path, FileAccess access, bool stated) {
  const std::string plain = without_slash(path);
  const bool named = std::any_of(plan.places.begin(), plan.places.end(),
                                 [&plain](const FilePlace& place) { return place.path == plain; });
  if (!named) plan.places.push_back({plain, access, stated});
}

// Each step of the way is looked at: a link that isn't root's could lead anywhere.
std::string make_folder(const std::string& path, const Account& account) {
  std::string at;
  for (const auto& part : std::filesystem::path(path).relative_path()) {
    at += "/" + part.string();
    struct stat status {};
    if (::lstat(at.c_str(), &status) == 0) {
      if (S_ISLNK(status.st_mode) && status.st_uid != 0)
        return fmt::format("making {}: {} is a symbolic link", path, at);
      continue;
    }
    if (::mkdir(at.c_str(), 0755) != 0 || ::lchown(at.c_str(), account.uid, account.gid) != 0) {
      return fmt::format("making {}: {}", at, std::strerror(errno));
    }
  }
  return {};
}

}  // namespace

FilePlan plan_files(const std::optional<policy::Filesystem>& says,
                    std::optional<policy::LandlockCompatibility> landlock,
                    const std::string& folder, const std::vector<std::string>& needed) {
  FilePlan plan;
  if (!says) return plan;
  plan.confined = true;
  plan.required = landlock == policy::LandlockCompatibility::hard_requirement;
  for (const std::string& path : says->read_only) add(plan, path, FileAccess::read, true);
  for (const std::string& path : says->read_write) add(plan, path, FileAccess::all, true);
  if (says->include_workdir) add(plan, folder, FileAccess::all, true);
  for (const std::string& path : needed) add(plan, path, FileAccess::read, true);
  for (const char* path : kEmptyDevices) add(plan, path, FileAccess::all, false);
  for (const char* path : kReadDevices) add(plan, path, FileAccess::read, false);
  return plan;
}

std::string make_writable_folders(const policy::Filesystem& says, const Account& account) {
  for (const std::string& path : says.read_write) {
    const std::string plain = without_slash(path);
    struct stat status {};
    if (::lstat(plain.c_str(), &status) == 0) {
      if (S_ISLNK(status.st_mode))
        return fmt::format("read_write: {} is a symbolic link, name what it leads to", plain);
      continue;
    }
    if (errno != ENOENT) return fmt::format("read_write: {}: {}", plain, std::strerror(errno));
    if (std::string wrong = make_folder(plain, account); !wrong.empty()) return wrong;
  }
  return {};
}

}  // namespace sallyport::sandbox
