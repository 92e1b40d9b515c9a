// HTTP/1 inside an allowed tunnel, or the one request of a forward connection: each request is
// read strictly, bound to the tunnel's authority, made canonical, taken through its middleware,
// given its credentials, and only then sent on; its answer comes back by its framing. Runs in the
// session's coroutine.
//
// Follows OpenShell crates/openshell-supervisor-network/src/l7/{relay,rest}.rs; where that closes
// without a word (a head that doesn't parse, an upstream that fails), a typed answer is sent.
#pragma once

#include <cstdint>
#include <string>

#include "reference/relay/exchange.h"
#include "reference/relay/grant.h"
#include "reference/relay/rules.h"
#include "reference/relay/services.h"
#include "reference/relay/upstream.h"

namespace sallyport::relay {

// Serves requests until the client or the policy ends it; closes or resets `client` at the end.
// A newer generation is taken over between two requests where it allows the tunnel as it stands.
// `default_port` is what a Host without a port means: 443 under TLS, 80 else.
[[nodiscard]] net::Task<void> relay_http(const Services& services, const Grant& grant,
                                         std::uint16_t default_port, Inlet& client,
                                         Upstream& upstream);

// exchange(), and what follows from how it ended: the frames of a WebSocket whose 101 went down, or
// finish_exchange(). `asked` is what the rules allowed. False: the connection is over.
[[nodiscard]] net::Task<bool> relay_exchange(const Services& services, const Grant& grant,
                                             Inlet& client, Upstream& upstream, Outgoing outgoing,
                                             RuledRequest asked);

// What follows an exchange that wasn't complete: a typed answer where none was begun, a reset where
// one was; emits the event. False: the connection is over.
[[nodiscard]] net::Task<bool> finish_exchange(const Services& services, const Grant& grant,
                                              Inlet& client, std::string method,
                                              ExchangeResult result);

// 502 and its event, after Upstream::ready() said no. False: the connection is over.
[[nodiscard]] net::Task<bool> refuse_upstream(const Services& services, const Grant& grant,
                                              Inlet& client, std::string method,
                                              const Upstream& upstream);

}  // namespace sallyport::relay
