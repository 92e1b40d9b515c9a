// WebSockets: what stands between an upgrade that its rules allow and the frames that then pass
// unread. For the requests of tunnels and for absolute-form ones alike.
//
// Follows OpenShell crates/openshell-supervisor-network/src/l7/{rest,websocket}.rs; messages aren't
// inspected, and where middleware must inspect them the upgrade is refused.
#pragma once

#include <optional>

#include "reference/http/local_response.h"
#include "reference/relay/grant.h"
#include "reference/relay/io.h"
#include "reference/relay/rules.h"
#include "reference/relay/services.h"
#include "reference/relay/upgrade.h"

namespace sallyport::relay {

// Of a request that asks for WebSocket, after its rules: 400 where it isn't well-formed, 403
// middleware_required where an entry that fails closed selects the host. Nothing: it may go up,
// where entries fail open with a finding. Emits the events.
[[nodiscard]] std::optional<http::LocalAnswer> refuse_websocket(const Services& services,
                                                                const Grant& grant,
                                                                const UpgradeRead& upgrade);

// After the 101 went down (Outcome::switched): relays both directions until their end, silence for
// Limits::tunnel_idle, or a generation that doesn't allow the upgrade any more. Ends both streams;
// what the client's inlet still holds goes up first.
[[nodiscard]] net::Task<void> relay_websocket(const Services& services, const Grant& grant,
                                              Inlet& client, Inlet& upstream, RuledRequest request);

}  // namespace sallyport::relay
