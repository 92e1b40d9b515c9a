// What happens inside an accepted tunnel: its first bytes choose between terminated TLS, HTTP and
// the opaque relay; the virtual host goes to inference (OpenShell proxy.rs, tunnel dispatch).
#pragma once

#include <memory>

#include "reference/adapters/connect.h"
#include "reference/relay/http.h"
#include "reference/relay/upstream.h"

namespace sallyport::adapters {

// `upstream` is connected to target.endpoints, and nothing was sent on it. Takes the client.
[[nodiscard]] net::Task<void> serve_tunnel(Session& session, const relay::Grant& grant,
                                           relay::UpstreamTarget target,
                                           std::unique_ptr<net::TcpStream> upstream);

// inference.local:443, after its 200. Takes the client.
[[nodiscard]] net::Task<void> serve_inference(Session& session);

}  // namespace sallyport::adapters
