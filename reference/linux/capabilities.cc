#include "reference/linux/capabilities.h"

#include <cap-ng.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "reference/base/unique_fd.h"
#include "reference/linux/error.h"

namespace sallyport::linux {
namespace {

// A user namespace made by an ordinary user may not change groups; then there are none to drop
// but the user's own, which lie outside the namespace and give nothing inside.
bool groups_are_denied() {
  base::UniqueFd file(::open("/proc/self/setgroups", O_RDONLY | O_CLOEXEC));
  std::array<char, 8> text{};
  const ssize_t size = file ? ::read(file.get(), text.data(), text.size()) : -1;
  return size > 0 &&
         std::string_view(text.data(), static_cast<std::size_t>(size)).starts_with("deny");
}

// The kernel is asked: libcap-ng reads the bounding set from /proc/PID/status, which in a pid
// namespace that has no /proc of its own is another process's.
bool has_bounding_or_ambient() {
  for (int one = 0; ::prctl(PR_CAPBSET_READ, one, 0, 0, 0) >= 0; ++one) {
    if (::prctl(PR_CAPBSET_READ, one, 0, 0, 0) != 0) return true;
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, one, 0, 0) != 0) return true;
  }
  return false;
}

base::Result<void> verify(uid_t uid, gid_t gid) {
  uid_t real = 0, effective = 0, saved = 0;
  if (::getresuid(&real, &effective, &saved) != 0) {
    return failure(Operation::verify_privileges, errno);
  }
  if (real != uid || effective != uid || saved != uid) {
    return failure(Operation::verify_privileges, EPERM);
  }
  gid_t real_group = 0, effective_group = 0, saved_group = 0;
  if (::getresgid(&real_group, &effective_group, &saved_group) != 0) {
    return failure(Operation::verify_privileges, errno);
  }
  if (real_group != gid || effective_group != gid || saved_group != gid) {
    return failure(Operation::verify_privileges, EPERM);
  }
  if (capng_get_caps_process() != 0) return failure(Operation::verify_privileges, EPERM);
  if (capng_have_capabilities(CAPNG_SELECT_CAPS) != CAPNG_NONE ||
      capng_have_permitted_capabilities() != CAPNG_NONE || has_bounding_or_ambient()) {
    return failure(Operation::verify_privileges, EPERM);
  }
  if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) {
    return failure(Operation::verify_privileges, EPERM);
  }
  if (uid != 0 && ::setuid(0) == 0) return failure(Operation::verify_privileges, EPERM);
  return {};
}

}  // namespace

base::Result<void> drop_privileges(uid_t uid, gid_t gid, const std::vector<gid_t>& groups) {
  // The bounding set first: changing the user takes away the right to touch it.
  if (capng_get_caps_process() != 0) return failure(Operation::drop_bounding_set, EPERM);
  capng_clear(CAPNG_SELECT_BOUNDS);
  if (capng_apply(CAPNG_SELECT_BOUNDS) != 0) {
    return failure(Operation::drop_bounding_set, EPERM);
  }
  if (::setgroups(groups.size(), groups.data()) != 0 && !(errno == EPERM && groups_are_denied())) {
    return failure(Operation::drop_groups, errno);
  }
  if (::setresgid(gid, gid, gid) != 0) return failure(Operation::change_group, errno);
  if (::setresuid(uid, uid, uid) != 0) return failure(Operation::change_user, errno);
  capng_clear(CAPNG_SELECT_ALL);
  if (capng_apply(static_cast<capng_select_t>(CAPNG_SELECT_CAPS | CAPNG_SELECT_AMBIENT)) != 0) {
    return failure(Operation::drop_capabilities, EPERM);
  }
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return failure(Operation::set_no_new_privs, errno);
  }
  return verify(uid, gid);
}

}  // namespace sallyport::linux
