// WebSockets: what stands between an upgrade that its rules allow and the frames that then pass
// unread. For the requests of tunnels and for absolute-form ones alike.
//
// Follows OpenShell crates/openshell-supervisor-network/src/l7/{rest,websocket}.rs; messages aren't
// inspected, and where middleware must inspect them the upgrade is refused, after its chain.
#pragma once

#include <optional>

#include "reference/http/local_response.h"
#include "reference/relay/grant.h"
#include "reference/relay/io.h"
#include "reference/relay/middleware.h"
#include "reference/relay/rules.h"
#include "reference/relay/services.h"
#include "reference/relay/upgrade.h"

namespace sallyport::relay {

// 400, and its event, for a request that asks for WebSocket and isn't well-formed.
[[nodiscard]] http::LocalAnswer refuse_handshake(const Services& services, const Grant& grant,
                                                 const UpgradeRead& upgrade);

// Middleware's part in any request that its rules allow: pass_chain(), where there is a passage;
// then, of an upgrade, 403 middleware_required where an entry that fails closed selects the host,
// and a finding where entries fail open. False: the client was answered; its connection is over.
[[nodiscard]] net::Task<bool> pass_middleware(const Services& services, const Grant& grant,
                                              Inlet& client, std::optional<Passage> passage,
                                              const RuledRequest& asked, Outgoing& outgoing);

// still_allowed() of a request that has passed its middleware: an upgrade is not, where a newer
// generation has an entry that must inspect its messages.
[[nodiscard]] bool still_passes(const Grant& grant, const RuledRequest& request);

// After the 101 went down (Outcome::switched): relays both directions until their end, silence for
// Limits::tunnel_idle, or a generation that doesn't allow the upgrade any more. Ends both streams;
// what the client's inlet still holds goes up first.
[[nodiscard]] net::Task<void> relay_websocket(const Services& services, const Grant& grant,
                                              Inlet& client, Inlet& upstream, RuledRequest request);

}  // namespace sallyport::relay
