// One question to the kernel's sock_diag: which inode has the TCP socket of exactly these two ends.
// Never a dump of the table: the answer costs the same however many sockets there are.
#pragma once

#include <cstdint>
#include <optional>

#include "reference/base/result.h"
#include "reference/base/unique_fd.h"
#include "reference/net/address.h"

namespace sallyport::identity {

// Asks about the network namespace that the caller is in now, for as long as it lives.
// Close-on-exec.
[[nodiscard]] base::Result<base::UniqueFd> open_socket_query();

// `local` is the end of the socket that is looked for. Nothing: there is none, or no process can
// hold it any more. The kernel answers before this returns.
[[nodiscard]] base::Result<std::optional<std::uint64_t>> query_socket(int query,
                                                                      const net::Endpoint& local,
                                                                      const net::Endpoint& remote);

}  // namespace sallyport::identity
