#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>

#include "reference/identity/identity.h"
#include "reference/identity/owners.h"
#include "reference/identity/process_table.h"
#include "reference/identity/socket_query.h"
#include "reference/linux/error.h"
#include "reference/linux/namespaces.h"

namespace sallyport::identity {
namespace {

base::Result<base::UniqueFd> copy_of(int fd) {
  base::UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!copy) return linux::failure(linux::Operation::duplicate_descriptor, errno);
  return copy;
}

base::Result<base::UniqueFd> open_in(int netns_fd) {
  if (netns_fd < 0) return open_socket_query();
  const auto inside = linux::NetNamespaceGuard::enter(netns_fd);
  if (!inside) return inside.error();
  return open_socket_query();
}

// Who holds the socket: of the sandbox's own processes, else of all.
Holders find_holders(const ProcessTable& processes, int anchor, std::uint64_t inode) {
  if (anchor > 0) {
    Holders own = processes.holders(processes.descendants(anchor), inode);
    if (!own.pids.empty() || !own.complete) return own;
  }
  return processes.holders(processes.all(), inode);
}

}  // namespace

KernelIdentity::KernelIdentity(Options options, base::UniqueFd diag)
    : options_(std::move(options)), diag_(std::move(diag)) {}

KernelIdentity::~KernelIdentity() = default;

base::Result<std::unique_ptr<KernelIdentity>> KernelIdentity::create(const Options& options) {
  auto query = options.query_fd >= 0 ? copy_of(options.query_fd) : open_in(options.netns_fd);
  if (!query) return query.error();
  Options kept = options;
  kept.netns_fd = -1;
  kept.query_fd = -1;
  return std::unique_ptr<KernelIdentity>(new KernelIdentity(std::move(kept), std::move(*query)));
}

void KernelIdentity::set_anchor(int pid) { options_.sandbox_pid = pid; }

Found KernelIdentity::identify(const net::Endpoint& client, const net::Endpoint& proxy) {
  const int anchor = options_.sandbox_pid;
  if (anchor == 0) {
    Found nobody_yet;
    nobody_yet.failure = "entrypoint process not yet spawned";
    return nobody_yet;
  }
  const auto inode = query_socket(diag_.get(), client, proxy);
  if (!inode) return unresolved(inode.error().message());
  if (!*inode) {
    return unresolved(fmt::format("no socket {} -> {}", client.to_string(), proxy.to_string()));
  }
  const ProcessTable processes(options_.proc);
  const Holders holders = find_holders(processes, anchor, **inode);
  if (!holders.complete) {
    return unresolved(
        fmt::format("too many processes or descriptors to look for inode {}", **inode));
  }
  std::vector<policy::Program> owners;
  for (const int pid : holders.pids) {
    policy::Program owner;
    owner.pid = pid;
    auto executed = processes.executable(pid);
    if (!executed) return unresolved(fmt::format("the executable of PID {} can't be read", pid));
    owner.binary = std::move(*executed);
    owner.ancestors = processes.ancestors(pid, anchor);
    owner.cmdline = processes.cmdline_paths(pid);
    owners.push_back(std::move(owner));
  }
  return choose_owner(**inode, std::move(owners));
}

}  // namespace sallyport::identity
