// Absolute form: one plain-HTTP request a connection, judged by the same authorize() and
// destination() as CONNECT, rewritten to origin form, relayed, and the connection closed. A second
// request that was sent after it is never read (OpenShell proxy.rs, forward adapter).
#pragma once

#include "reference/adapters/connect.h"
#include "reference/http/framing.h"
#include "reference/http/head.h"

namespace sallyport::adapters {

[[nodiscard]] net::Task<void> serve_forward(Session& session, const http::RequestHead& head,
                                            http::Framing framing);

}  // namespace sallyport::adapters
