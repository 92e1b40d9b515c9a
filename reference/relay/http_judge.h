// Every check of one request's head inside a tunnel, in the field system's order: form, authority,
// generation, canonical target, upgrades, rules (OpenShell l7/relay.rs). Waits for nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "reference/audit/event.h"
#include "reference/http/local_response.h"
#include "reference/relay/exchange.h"
#include "reference/relay/grant.h"
#include "reference/relay/middleware.h"
#include "reference/relay/rules.h"
#include "reference/relay/services.h"

namespace sallyport::relay {

// What a head is judged by.
struct TunnelRequest {
  const Services& services;
  Grant& grant;  // is renewed
  std::uint16_t default_port;
  bool last;  // no further request may follow
  std::uint64_t number;
};

// A request that passed every check.
struct AcceptedRequest {
  Outgoing outgoing;
  RuledRequest asked;              // as its rules allowed it
  audit::Event allowed;            // to be told when it goes up, and not before
  std::optional<Passage> passage;  // nothing: no middleware is for it
};

// What a request's head came to.
struct HeadVerdict {
  std::optional<AcceptedRequest> accepted;
  std::optional<http::LocalAnswer> answer;  // neither: close without a word
  std::string method;
};

// Emits what is to be told of a request that ends here. Nothing that is returned points into
// `text`.
[[nodiscard]] HeadVerdict judge_head(TunnelRequest& request, std::string_view text);

}  // namespace sallyport::relay
