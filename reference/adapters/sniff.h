// Waits for the first bytes of a tunnel, without taking any, and tells what it carries. Watches the
// upstream too: a server that speaks first (SMTP, SSH, MySQL) must not wait for a client that waits
// for it, as the field system's sniffing makes it (OpenShell proxy.rs).
#pragma once

#include "reference/adapters/protocol.h"
#include "reference/base/limits.h"
#include "reference/net/clock.h"
#include "reference/net/tcp.h"

namespace sallyport::adapters {

struct Sniffed {
  bool closed = false;  // the client ended, or was silent for Limits::tunnel_idle
  Protocol protocol = Protocol::opaque;
};

// Both streams must be connected. Limits::sniff counts from the client's first byte.
[[nodiscard]] net::Task<Sniffed> sniff(net::TcpStream& client, net::TcpStream& upstream,
                                       const base::Limits& limits, const base::Clock& clock);

}  // namespace sallyport::adapters
