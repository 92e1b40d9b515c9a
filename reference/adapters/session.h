// One connection of an agent to the proxy, from its first head to its end: the head makes an
// intent, egress::authorize() decides, the adapter of its kind does the rest. A spawned root: it
// owns the connection.
#pragma once

#include <memory>

#include "reference/net/tcp.h"
#include "reference/relay/services.h"

namespace sallyport::adapters {

// Belongs into services.sessions. The services must outlive it.
[[nodiscard]] net::Task<void> serve_session(const relay::Services& services,
                                            std::unique_ptr<net::TcpStream> client);

}  // namespace sallyport::adapters
