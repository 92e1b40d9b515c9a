// From a client's request to inference.local to the one its route's upstream gets: target, fields,
// credential, body. Nothing of the client's passes that isn't listed. OpenShell
// crates/openshell-router/src/backend.rs; docs/deviations.md for what differs. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "reference/base/result.h"
#include "reference/http/framing.h"
#include "reference/http/head.h"
#include "reference/http/target.h"
#include "reference/inference/body.h"
#include "reference/inference/errors.h"
#include "reference/inference/patterns.h"
#include "reference/inference/routes.h"

namespace sallyport::inference {

// A request that is one of the eight shapes.
struct Call {
  Match match;
  http::CanonicalTarget target;  // canonical path, query verbatim
};

// Errors: wrong_authority (403), bad_target (400), not_inference (403). A request of HTTP/1.0 may
// name nobody. %2F is kept in the id of /v1/models/{id} alone.
[[nodiscard]] base::Result<Call> read_call(const http::RequestHead& head,
                                           std::uint64_t target_bytes_max);

// Path and query on the upstream: the route's path, and the call's without a second /v1.
[[nodiscard]] std::string upstream_target(const BaseUrl& base, const http::CanonicalTarget& target);

// Head of the upstream's request, with the route's credential in at most one field. `body_bytes`
// is the size of the body that prepare_body() gave. No Connection: the upstream may keep it.
// The text holds the key: it goes to the wire and nowhere else.
[[nodiscard]] std::string build_upstream_head(const Route& route, const Call& call,
                                              const http::RequestHead& head,
                                              std::uint64_t body_bytes);

// The body as the upstream gets it: the route's model spliced in, or nothing for GET. The views
// point into `body` and `route`. Errors: body_not_object, body_encoded, unexpected_body (all 400).
[[nodiscard]] base::Result<SplicedBody> prepare_body(const Route& route, const Call& call,
                                                     const http::RequestHead& head,
                                                     std::string_view body);

}  // namespace sallyport::inference
