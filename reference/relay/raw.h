// Bytes both ways, nothing read into them: opaque tunnels, and WebSockets once they are open. Such
// a connection has no next request at which a newer policy could be asked, so the policy is asked
// when it comes: what it doesn't allow any more is closed (OpenShell proxy/relay.rs).
#pragma once

#include <functional>
#include <string_view>

#include "reference/net/byte_stream.h"
#include "reference/relay/http.h"
#include "reference/relay/services.h"

namespace sallyport::relay {

struct RawOptions {
  // Sent up before anything else: what was read from the client already. Must stay valid.
  std::string_view early;
  // Besides renew(): whether a renewed grant still allows what stands. Empty: it does.
  std::function<bool(const Grant& renewed)> allowed;
};

// Ends both streams. Silence is bounded by Limits::tunnel_idle.
[[nodiscard]] net::Task<void> relay_raw(const Services& services, Grant grant,
                                        net::ByteStream& client, net::ByteStream& upstream,
                                        RawOptions options);

}  // namespace sallyport::relay
