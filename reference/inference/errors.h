// What can be wrong with a request to inference.local, and the answers its client gets. Texts are
// generic on purpose: no address, key or protocol of an upstream is ever in them. OpenShell
// crates/openshell-supervisor-network/src/proxy.rs (router_error_to_http). Pure.
#pragma once

#include "reference/base/result.h"
#include "reference/http/local_response.h"

namespace sallyport::inference {

enum class InferenceErrc {
  bad_target = 1,   // no canonical form: 400, close
  not_inference,    // none of the eight shapes: 403, close
  body_not_object,  // JSON protocols need one JSON object, or the model couldn't be forced: 400
  body_encoded,     // Content-Encoding, for the same reason: 400
  unexpected_body,  // GET with a body: 400
  wrong_authority,  // Host, or an absolute target, names somebody else: 403, close
};

[[nodiscard]] const boost::system::error_category& inference_category();
[[nodiscard]] base::Error make_error_code(InferenceErrc errc);

enum class ErrorKind {
  malformed,        // 400 text, close: head, framing
  too_large,        // 413 text, close
  bad_target,       // 400, close
  not_inference,    // 403, close
  not_configured,   // 503 with a hint: no routes at all
  no_route,         // 400: none for this protocol
  body_not_object,  // 400
  body_encoded,     // 400
  unexpected_body,  // 400
  wrong_authority,  // 403 request_authority_mismatch, close
  unavailable,      // 503: refused, unresolvable, TLS, no head in time
  upstream_broken,  // 502: garbled, cut, too large, too late while reading the body
};

[[nodiscard]] http::LocalAnswer inference_error(ErrorKind kind);
// The kind of an InferenceErrc; `malformed` for any other error.
[[nodiscard]] ErrorKind kind_of(const base::Error& error);

}  // namespace sallyport::inference

template <>
struct boost::system::is_error_code_enum<sallyport::inference::InferenceErrc> : std::true_type {};
