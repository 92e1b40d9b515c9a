// inference.local: reads each request whole, finds its route, and relays the answer as it arrives.
// Runs in the session's coroutine on a client stream whose TLS is terminated. Behaviour and texts
// follow OpenShell crates/openshell-supervisor-network/src/proxy.rs (process_inference_keepalive)
// and crates/openshell-router; docs/deviations.md says where it doesn't.
#pragma once

#include <optional>

#include "reference/audit/event.h"
#include "reference/relay/io.h"
#include "reference/relay/services.h"

namespace sallyport::relay {

// Serves requests until the client ends, a request is refused, or the supervisor drains. Each
// request pins the generation that is current when it was read.
[[nodiscard]] net::Task<void> relay_inference(const Services& services,
                                              std::optional<audit::Peer> source, Inlet& client);

}  // namespace sallyport::relay
