#include "reference/linux/file_rules.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "reference/linux/error.h"
#include "reference/linux/landlock.h"

namespace sallyport::linux {
namespace {

// Newer than the header here, so by their numbers.
constexpr std::uint64_t kRefer = 1ULL << 13;
constexpr std::uint64_t kTruncate = 1ULL << 14;
constexpr std::uint64_t kDeviceControl = 1ULL << 15;
constexpr int kReferVersion = 2;
constexpr int kTruncateVersion = 3;
constexpr int kDeviceControlVersion = 5;

constexpr std::uint64_t kFirst = (1ULL << 13) - 1;
constexpr std::uint64_t kReading =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kOfFiles = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE |
                                   LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate | kDeviceControl;

}  // namespace

std::uint64_t governed_rights(int version) {
  if (version <= 0) return 0;
  return kFirst | (version >= kReferVersion ? kRefer : 0) |
         (version >= kTruncateVersion ? kTruncate : 0) |
         (version >= kDeviceControlVersion ? kDeviceControl : 0);
}

std::uint64_t file_rights(FileAccess access, bool folder, std::uint64_t handled) {
  const std::uint64_t wanted = access == FileAccess::read ? kReading : handled;
  return wanted & handled & (folder ? handled : kOfFiles);
}

base::Result<FileRules> FileRules::create() {
  const int version = landlock_version();
  if (version == 0) return failure(Operation::restrict_files, EOPNOTSUPP);
  landlock_ruleset_attr attributes{};
  attributes.handled_access_fs = governed_rights(version);
  const long made =
      ::syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes.handled_access_fs), 0);
  if (made < 0) return failure(Operation::restrict_files, errno);
  return FileRules(base::UniqueFd(static_cast<int>(made)), version, attributes.handled_access_fs);
}

base::Result<void> FileRules::add(const std::string& path, FileAccess access) {
  const base::UniqueFd place(::open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat status {};
  if (!place || ::fstat(place.get(), &status) != 0) {
    return failure(Operation::restrict_files, errno);
  }
  landlock_path_beneath_attr rule{};
  rule.allowed_access = file_rights(access, S_ISDIR(status.st_mode), handled_);
  rule.parent_fd = place.get();
  if (::syscall(SYS_landlock_add_rule, rules_.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0) {
    return failure(Operation::restrict_files, errno);
  }
  ++size_;
  return {};
}

base::Result<void> FileRules::enforce() const {
  if (::syscall(SYS_landlock_restrict_self, rules_.get(), 0) != 0) {
    return failure(Operation::restrict_files, errno);
  }
  return {};
}

}  // namespace sallyport::linux
