// Absolute form: plain-HTTP requests, each judged by the same authorize(), authorize_request() and
// destination() as CONNECT and what is inside a tunnel, rewritten to origin form and relayed.
//
// A connection is kept where the framing of both sides is certain, as the field's isn't (OpenShell
// proxy.rs, forward adapter: one request a connection). Of the upstream's side one connection is
// kept, for this client alone, and used again only while the next request goes to the same host and
// port and its address is among those that were judged for that request.
// Generation::forward_keep_alive = false is the field's form: a second request is never read.
#pragma once

#include "reference/adapters/connect.h"
#include "reference/http/framing.h"
#include "reference/http/head.h"

namespace sallyport::adapters {

// `head` is the connection's first; serves those after it too.
[[nodiscard]] net::Task<void> serve_forward(Session& session, const http::RequestHead& head,
                                            http::Framing framing);

}  // namespace sallyport::adapters
