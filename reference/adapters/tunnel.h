// What happens inside an accepted tunnel: its first bytes choose between terminated TLS, HTTP and
// the opaque relay; the virtual host goes to inference (OpenShell proxy.rs, tunnel dispatch).
#pragma once

#include <memory>

#include "reference/adapters/connect.h"
#include "reference/relay/http.h"

namespace sallyport::adapters {

// Takes the client.
[[nodiscard]] net::Task<void> serve_tunnel(Session& session, std::unique_ptr<Opened> opened);

}  // namespace sallyport::adapters
