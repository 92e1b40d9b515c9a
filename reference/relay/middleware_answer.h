// The answers of middleware, in one shape on every path (the field system's CONNECT and forward
// answers differ: OpenShell l7/rest.rs, proxy.rs). No text of a service is in them but its reason
// code. Pure.
#pragma once

#include <string>
#include <string_view>

#include "reference/http/local_response.h"
#include "reference/relay/grant.h"

namespace sallyport::relay {

// What every answer names.
struct AboutRequest {
  const Grant& grant;
  std::string_view method;
  std::string_view path;
};

// 403 middleware_denied: `config` is the entry that denied, `reason_code` what it gave, or empty.
[[nodiscard]] http::LocalAnswer middleware_denied(const AboutRequest& about,
                                                  std::string_view config,
                                                  std::string_view reason_code);
// middleware_failed: 403 where an entry failed closed, 503 where there was no room to ask.
[[nodiscard]] http::LocalAnswer middleware_failed(const AboutRequest& about, unsigned status);

// 403 credential_endpoint_mismatch; 500 credential_unavailable, on forwarded requests
// credential_injection_failed. The text is there twice, as `detail` and as `message`: the field has
// the one on forwarded requests and the other in tunnels.
[[nodiscard]] http::LocalAnswer credential_mismatch();
[[nodiscard]] http::LocalAnswer credential_unavailable(bool forwarded = false);

}  // namespace sallyport::relay
