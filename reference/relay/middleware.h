// What middleware does to one request between its judgement and its upstream: the entries of the
// policy that select the host, a permit, the body in memory, the chain, and the request built anew
// from what came out of it. Answers the client where it ends there. Runs in the session's
// coroutine; not a byte of the request goes up before it says so.
//
// Follows OpenShell crates/openshell-supervisor-network/src/l7/middleware.rs (RFC 0009).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "reference/http/head.h"
#include "reference/http/target.h"
#include "reference/middleware/chain.h"
#include "reference/relay/exchange.h"
#include "reference/relay/grant.h"

namespace sallyport::relay {

// A request that a chain is for. Owns what its links point to.
struct Passage {
  std::shared_ptr<const egress::Generation> generation;
  std::shared_ptr<const middleware::Registry> registry;
  std::vector<middleware::Link> chain;  // not empty
  middleware::ChainRequest request;     // all but the body
  // What the host itself takes of a body that is read for the chain: inference.local has bounds.
  std::uint64_t body_bytes_max = UINT64_MAX;
  std::uint64_t chunks_max = UINT64_MAX;
};

// Nothing when no entry is for this host: such a request is streamed. `scheme`: of the connection.
[[nodiscard]] std::optional<Passage> select_passage(const Services& services, const Grant& grant,
                                                    std::string_view scheme,
                                                    const http::RequestHead& head,
                                                    const http::CanonicalTarget& target);

// Takes the request through its chain; `client` stands after its head. True: `outgoing` is what may
// go up, with its body in memory or, where nobody is to see it, still to be streamed. False: the
// client was answered, or is gone; its connection is over.
[[nodiscard]] net::Task<bool> pass_chain(const Services& services, const Grant& grant,
                                         Inlet& client, Passage passage, Outgoing& outgoing);

}  // namespace sallyport::relay
