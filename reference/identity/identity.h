// Which program stands behind a client's connection. The client's socket exists only in the agent's
// network namespace, so the kernel is asked there; from the socket's inode it leads over the
// processes that hold it to their executables and parents. Several holders that differ are no
// answer: ambiguity denies. Follows OpenShell procfs.rs and proxy.rs (evaluate_opa_tcp); what is
// not there yet is trust on first use (hashes of executables).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "reference/base/result.h"
#include "reference/base/unique_fd.h"
#include "reference/net/address.h"
#include "reference/policy/program.h"

namespace sallyport::identity {

struct Found {
  std::optional<policy::Program> program;
  std::string failure;  // why there is none: `failed to resolve peer binary: ...`, `ambiguous
                        // shared socket ownership: inode N held by PIDs [..] with different policy
                        // identities`, `entrypoint process not yet spawned`
};

// Port: who is at the other end of an accepted connection.
class IdentitySource {
 public:
  virtual ~IdentitySource() = default;
  // `client`: its address as accept() gave it; `proxy`: our own end. Never waits on a peer; bounded
  // in what it reads.
  [[nodiscard]] virtual Found identify(const net::Endpoint& client, const net::Endpoint& proxy) = 0;
};

// One netlink socket, opened inside the agent's network namespace and kept.
class KernelIdentity final : public IdentitySource {
 public:
  struct Options {
    int netns_fd = -1;  // the agent's network namespace; -1: our own. Not kept
    // The anchor: it and its descendants are looked at first. -1: none, all of /proc; 0: the
    // sandbox's first process isn't there yet, so nobody is known.
    int sandbox_pid = -1;
    // A socket of open_socket_query(), opened inside that namespace by who could; instead of
    // netns_fd. A copy is kept.
    int query_fd = -1;
    std::string proc = "/proc";
  };
  [[nodiscard]] static base::Result<std::unique_ptr<KernelIdentity>> create(const Options& options);
  ~KernelIdentity() override;

  [[nodiscard]] Found identify(const net::Endpoint& client, const net::Endpoint& proxy) override;
  // A sandbox whose first process is known later (`run`).
  void set_anchor(int pid);

 private:
  explicit KernelIdentity(Options options, base::UniqueFd diag);
  Options options_;
  base::UniqueFd diag_;
};

}  // namespace sallyport::identity
