// The audit events of requests inside a tunnel (OpenShell l7/relay.rs, proxy.rs). Pure but for the
// pair that a mismatched authority emits.
#pragma once

#include <string>
#include <string_view>

#include "reference/audit/event.h"
#include "reference/http/head.h"
#include "reference/relay/http.h"

namespace sallyport::relay {

// `number` counts the tunnel's requests from 1.
[[nodiscard]] audit::Event request_allowed_event(const Grant& grant, std::string method,
                                                 std::string path, std::uint64_t number);
[[nodiscard]] audit::Event request_denied_event(const Grant& grant, std::string method,
                                                std::string path, std::string reason);
// A head that doesn't parse, or a target without a canonical form.
[[nodiscard]] audit::Event rejected_event(const Grant& grant, std::string detail);
[[nodiscard]] audit::Event relay_failed_event(const Grant& grant, std::string detail);
[[nodiscard]] audit::Event tls_failed_event(const Grant& grant, std::string detail);
[[nodiscard]] audit::Event policy_changed_event(const Grant& grant, std::uint64_t current);
// HTTP Fail High, and the finding openshell.http.request_authority_mismatch.
void emit_authority_mismatch(const Services& services, const Grant& grant,
                             const http::RequestHead& head);

}  // namespace sallyport::relay
