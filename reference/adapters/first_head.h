// The first head of a proxy connection, taken to its exact end: what follows it (a body, a tunnel's
// early bytes) stays in the kernel, where TLS and sniffing find it. OpenShell throws such bytes
// away (proxy.rs).
#pragma once

#include <string>

#include "reference/base/limits.h"
#include "reference/net/tcp.h"
#include "reference/relay/head_reader.h"

namespace sallyport::adapters {

struct FirstHead {
  relay::HeadEnd end = relay::HeadEnd::cancelled;
  std::string text;  // the whole head, if complete
};

// Bounded by Limits::proxy_head_bytes_max and, from now on, by Limits::head_read.
[[nodiscard]] net::Task<FirstHead> read_first_head(net::TcpStream& client,
                                                   const base::Limits& limits,
                                                   const base::Clock& clock);

}  // namespace sallyport::adapters
