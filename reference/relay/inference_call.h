// One call from inference.local to its route's upstream: the way there, the request, the answer
// back to the client.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reference/http/response_parser.h"
#include "reference/inference/request.h"
#include "reference/inference/usage.h"
#include "reference/relay/io.h"
#include "reference/relay/services.h"

namespace sallyport::relay {

struct RouteRequest {
  std::shared_ptr<const egress::Generation> generation;  // owns `route`
  const inference::Route* route = nullptr;
  inference::Match match;
  std::string head;  // holds the key
  const inference::SplicedBody* body = nullptr;
  std::function<void()> sent;  // told once the upstream has taken it all: the body isn't read again
  bool keep_client = true;     // another request may follow
  int client_version_minor = 1;

  [[nodiscard]] const base::Limits& limits() const { return generation->limits; }
};

struct RouteResult {
  // Set when nothing was sent to the client: what it is to get.
  std::optional<inference::ErrorKind> error;
  std::string cause;          // of an error or a cut, for the event; never for the client
  unsigned status = 0;        // of the upstream's answer
  bool truncated = false;     // the answer broke after its head
  bool client_gone = false;   // it broke its connection, and the call was given up
  bool client_keeps = false;  // the client's connection stands at the next request
  inference::Usage usage;     // as far as the answer told
};

// Where the calls of one client connection go: what their route's name led to when the first of
// them, or the last that needed a new connection, asked.
struct RouteAddresses {
  std::shared_ptr<const inference::Routes> routes;  // own `route`
  const inference::Route* route = nullptr;
  std::vector<net::Endpoint> endpoints;  // judged
};

// Over a connection of the pool to one of `addresses`, or a new one, for which the name is asked
// anew. A request is sent again, once and on a new connection, only where the old one took not an
// octet of it.
[[nodiscard]] net::Task<RouteResult> call_route(const Services& services,
                                                const RouteRequest& request,
                                                RouteAddresses& addresses, Inlet& client);

}  // namespace sallyport::relay
