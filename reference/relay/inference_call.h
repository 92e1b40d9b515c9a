// One call from inference.local to its route's upstream: the way there, the request, the answer
// back to the client.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "reference/http/response_parser.h"
#include "reference/inference/request.h"
#include "reference/relay/io.h"
#include "reference/relay/services.h"
#include "reference/relay/upstream.h"

namespace sallyport::relay {

// The client's connection to a route; kept while its requests go to the same route of the same
// generation.
struct RouteConnection {
  std::shared_ptr<const egress::Generation> generation;  // owns `route`
  const inference::Route* route = nullptr;
  std::unique_ptr<Upstream> upstream;
};

struct RouteRequest {
  std::shared_ptr<const egress::Generation> generation;
  const inference::Route* route = nullptr;
  inference::Match match;
  std::string head;  // holds the key
  const inference::SplicedBody* body = nullptr;
  bool keep_client = true;  // another request may follow
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
};

[[nodiscard]] net::Task<RouteResult> call_route(const Services& services,
                                                const RouteRequest& request,
                                                RouteConnection& connection, Inlet& client);

}  // namespace sallyport::relay
