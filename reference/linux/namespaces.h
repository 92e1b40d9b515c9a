// Network and mount namespaces by descriptor: nothing here ever gets a name on the machine, so a
// namespace is gone once its last process and descriptor are. For single-threaded processes: a
// namespace belongs to a thread.
#pragma once

#include <sched.h>
#include <sys/types.h>

#include <utility>

#include "reference/base/result.h"
#include "reference/base/unique_fd.h"

namespace sallyport::linux {

enum class NamespaceKind {
  net = CLONE_NEWNET,
  mount = CLONE_NEWNS,
  pid = CLONE_NEWPID,
  user = CLONE_NEWUSER,
  ipc = CLONE_NEWIPC,
  uts = CLONE_NEWUTS,
};

// The namespace of a process; 0 is the caller. Needs /proc.
[[nodiscard]] base::Result<base::UniqueFd> open_namespace(NamespaceKind kind, pid_t pid = 0);

// EINVAL (check_namespace) when `fd` isn't a namespace of that kind.
[[nodiscard]] base::Result<void> require_namespace(int fd, NamespaceKind kind);

// A new network namespace; the caller is back in its own when this returns.
[[nodiscard]] base::Result<base::UniqueFd> make_net_namespace();

// For good: for children on their way to exec.
[[nodiscard]] base::Result<void> enter_namespace(int fd, NamespaceKind kind);

// Inside a network namespace while it lives; back where it was at its end. What is opened meanwhile
// (sockets) stays in that namespace. Never hold one across a co_await.
class NetNamespaceGuard {
 public:
  [[nodiscard]] static base::Result<NetNamespaceGuard> enter(int fd);
  NetNamespaceGuard(NetNamespaceGuard&&) noexcept = default;
  NetNamespaceGuard& operator=(NetNamespaceGuard&&) = delete;
  ~NetNamespaceGuard();  // CHECKs that the way back works: going on elsewhere would test nothing

 private:
  explicit NetNamespaceGuard(base::UniqueFd home) : home_(std::move(home)) {}
  base::UniqueFd home_;
};

}  // namespace sallyport::linux
