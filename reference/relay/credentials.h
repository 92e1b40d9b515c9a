// Placeholders in the head of a request that may go up: replaced by the values of the generation
// that decides at that moment, not of the one that the request was judged under, so that a
// revocation holds at once. Rules, middleware and events know the placeholder or nothing. Bodies
// are not looked at, and not at inference.local.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "reference/credentials/store.h"
#include "reference/relay/exchange.h"
#include "reference/relay/grant.h"
#include "reference/relay/upstream.h"

namespace sallyport::relay {

struct Placement {
  credentials::Refusal refusal = credentials::Refusal::none;
  std::string key;                  // of the credential that was refused, where one was named
  std::optional<std::string> head;  // with the values; nothing when it holds no placeholder
};

// `head` is one that we wrote: request line, fields, CRLF each. A placeholder in the method, or in
// a field's name, is refused as unavailable. `endpoint.providers` is filled in from the policy.
[[nodiscard]] Placement place_credentials(const egress::Generation& generation,
                                          credentials::Endpoint endpoint, std::string_view head,
                                          std::int64_t now_ms);

// Whether a tunnel would carry a credential's destination past us unread, and some endpoint of it
// doesn't permit that (`allow_uninspected_credentials`). To be refused before its 200.
[[nodiscard]] bool is_uninspected(const Grant& grant);

// How the way up ended.
enum class Way {
  open,         // upstream.inlet() stands, `request.head` holds what it is to get
  unreachable,  // upstream.error() says why; the client was not answered
  refused,      // a credential is not for this request: answered, the connection is over
};

// Places the credentials and opens the way: what can't be resolved dials nobody. Placed again if
// the generation changed while it was dialled.
[[nodiscard]] net::Task<Way> open_way(const Services& services, const Grant& grant, Inlet& client,
                                      Upstream& upstream, const std::string& path,
                                      Outgoing& request);

}  // namespace sallyport::relay
