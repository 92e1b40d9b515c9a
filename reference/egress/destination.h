// Resolves an allowed intent's host once and judges what came back, so that what is dialled is what
// was judged. The judging itself is judge.h's.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "reference/egress/judge.h"
#include "reference/net/executor.h"
#include "reference/net/ports.h"

namespace sallyport::egress {

// Must not be called for Transport::inference. All references must outlive the wait.
[[nodiscard]] net::Task<Destination> destination(const Intent& intent, const Allow& allow,
                                                 const Generation& generation,
                                                 net::Resolver& resolver);

// Why a route can't be reached, in words for the event.
struct RouteRefused {
  bool unresolved = false;  // the name has no address; otherwise its addresses are refused
  std::string cause;
};

using RouteDestination = std::variant<Pinned, RouteRefused>;

// Of a route's base URL: see refuse_route_addresses. The reference must outlive the wait.
[[nodiscard]] net::Task<RouteDestination> route_destination(std::string host, std::uint16_t port,
                                                            net::Resolver& resolver);

}  // namespace sallyport::egress
