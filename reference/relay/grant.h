// What was decided for a connection, and for whom; and taking such a decision over into a newer
// generation. Values; pure.
#pragma once

#include <memory>
#include <optional>

#include "reference/audit/event.h"
#include "reference/egress/egress.h"
#include "reference/http/authority.h"
#include "reference/relay/services.h"

namespace sallyport::relay {

struct Grant {
  egress::Intent intent;
  egress::Allow allow;
  std::shared_ptr<const egress::Generation> generation;
  std::optional<audit::Peer> source;
  egress::Identity identity{};  // who asks, for the connection's whole life

  [[nodiscard]] http::Authority authority() const { return {intent.host, intent.port}; }
  [[nodiscard]] const base::Limits& limits() const { return generation->limits; }
  [[nodiscard]] audit::Flow flow() const;
};

// As events name who asks; nothing where that isn't known.
[[nodiscard]] std::optional<audit::Actor> actor_of(const egress::Identity& identity);

// Moves the grant to the generation that decides now, if that one allows the same intent by the
// same plan: addresses that were judged, and a connection that stands, stay good. So a credential
// or a route that changes breaks no connection. False: it doesn't, and the grant is as it was.
[[nodiscard]] bool renew(Grant& grant, const GenerationSource& generations);

}  // namespace sallyport::relay
