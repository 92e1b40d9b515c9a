#include "reference/linux/namespaces.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <string>

#include "reference/base/check.h"
#include "reference/linux/error.h"

namespace sallyport::linux {
namespace {

const char* file_name(NamespaceKind kind) {
  switch (kind) {
    case NamespaceKind::net:
      return "net";
    case NamespaceKind::mount:
      return "mnt";
    case NamespaceKind::pid:
      return "pid";
    case NamespaceKind::user:
      return "user";
    case NamespaceKind::ipc:
      return "ipc";
    case NamespaceKind::uts:
      return "uts";
  }
  return "";
}

}  // namespace

base::Result<base::UniqueFd> open_namespace(NamespaceKind kind, pid_t pid) {
  const std::string who = pid == 0 ? std::string("self") : std::to_string(pid);
  const std::string path = "/proc/" + who + "/ns/" + file_name(kind);
  base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return failure(Operation::open_namespace, errno);
  return fd;
}

base::Result<void> require_namespace(int fd, NamespaceKind kind) {
  const int found = ::ioctl(fd, NS_GET_NSTYPE);
  if (found < 0) return failure(Operation::check_namespace, errno == ENOTTY ? EINVAL : errno);
  if (found != static_cast<int>(kind)) return failure(Operation::check_namespace, EINVAL);
  return {};
}

base::Result<base::UniqueFd> make_net_namespace() {
  auto home = open_namespace(NamespaceKind::net);
  if (!home) return home.error();
  if (::unshare(CLONE_NEWNET) != 0) return failure(Operation::make_namespace, errno);
  auto made = open_namespace(NamespaceKind::net);
  CHECK(::setns(home->get(), CLONE_NEWNET) == 0);
  return made;
}

base::Result<void> enter_namespace(int fd, NamespaceKind kind) {
  if (::setns(fd, static_cast<int>(kind)) != 0) return failure(Operation::enter_namespace, errno);
  return {};
}

base::Result<NetNamespaceGuard> NetNamespaceGuard::enter(int fd) {
  auto home = open_namespace(NamespaceKind::net);
  if (!home) return home.error();
  if (auto entered = enter_namespace(fd, NamespaceKind::net); !entered) return entered.error();
  return NetNamespaceGuard(std::move(*home));
}

NetNamespaceGuard::~NetNamespaceGuard() {
  if (home_) CHECK(::setns(home_.get(), CLONE_NEWNET) == 0);
}

}  // namespace sallyport::linux
