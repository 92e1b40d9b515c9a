#include "reference/linux/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "reference/base/unique_fd.h"
#include "reference/linux/error.h"

namespace sallyport::linux {
namespace {

constexpr int kReferVersion = 2;     // links and renames between folders
constexpr int kTruncateVersion = 3;  // newer than the header here, so by its number
constexpr std::uint64_t kRefer = 1ULL << 13;
constexpr std::uint64_t kTruncate = 1ULL << 14;

constexpr std::uint64_t kFileWrites = LANDLOCK_ACCESS_FS_WRITE_FILE;
constexpr std::uint64_t kFolderWrites =
    kFileWrites | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
    LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
    LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
    LANDLOCK_ACCESS_FS_MAKE_SYM;

base::Result<void> allow(int rules, const std::string& path, std::uint64_t handled) {
  const base::UniqueFd place(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!place && errno == ENOENT) return {};
  struct stat status {};
  if (!place || ::fstat(place.get(), &status) != 0) {
    return failure(Operation::restrict_files, errno);
  }
  landlock_path_beneath_attr rule{};
  // The kernel refuses a folder's rights on anything else.
  rule.allowed_access = S_ISDIR(status.st_mode) ? handled : handled & (kFileWrites | kTruncate);
  rule.parent_fd = place.get();
  if (::syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0) {
    return failure(Operation::restrict_files, errno);
  }
  return {};
}

}  // namespace

int landlock_version() {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0,
                                 static_cast<unsigned>(LANDLOCK_CREATE_RULESET_VERSION));
  return version > 0 ? static_cast<int>(version) : 0;
}

base::Result<void> restrict_writes(const std::vector<std::string>& paths) {
  const int version = landlock_version();
  if (version == 0) return {};
  landlock_ruleset_attr attributes{};
  attributes.handled_access_fs = kFolderWrites | (version >= kReferVersion ? kRefer : 0) |
                                 (version >= kTruncateVersion ? kTruncate : 0);
  const long made =
      ::syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes.handled_access_fs), 0);
  if (made < 0) return failure(Operation::restrict_files, errno);
  const base::UniqueFd rules(static_cast<int>(made));
  for (const std::string& path : paths) {
    if (auto added = allow(rules.get(), path, attributes.handled_access_fs); !added) {
      return added.error();
    }
  }
  if (::syscall(SYS_landlock_restrict_self, rules.get(), 0) != 0) {
    return failure(Operation::restrict_files, errno);
  }
  return {};
}

}  // namespace sallyport::linux
