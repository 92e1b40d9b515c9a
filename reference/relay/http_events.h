// The audit events of requests inside a tunnel (OpenShell l7/relay.rs, proxy.rs). Pure but for the
// pair that a mismatched authority emits.
#pragma once

#include <string>
#include <string_view>

#include "reference/audit/event.h"
#include "reference/http/head.h"
#include "reference/relay/http.h"
#include "reference/relay/rules.h"

namespace sallyport::relay {

// Of a request that no endpoint has rules for. `number` counts the tunnel's requests from 1.
[[nodiscard]] audit::Event request_allowed_event(const Grant& grant, std::string method,
                                                 std::string path, std::uint64_t number);
[[nodiscard]] audit::Event request_denied_event(const Grant& grant, std::string method,
                                                std::string path, std::string reason);
// Of a request that middleware ended and of which no stage's own event says so: no room, a body
// that is too large, messages that can't be looked into.
[[nodiscard]] audit::Event middleware_denied_event(const Grant& grant, std::string method,
                                                   std::string path, std::string reason);
// What rules said of a request: `decision` is allow, audit, deny or allow_upgrade.
[[nodiscard]] audit::Event ruled_event(const Grant& grant, RuleForm form, std::string_view decision,
                                       const RuledRequest& request,
                                       const policy::RequestVerdict& verdict);
// 101: the connection is a WebSocket from now on.
[[nodiscard]] audit::Event upgraded_event(const Grant& grant, const std::string& path);
// A head that doesn't parse, or a target without a canonical form.
[[nodiscard]] audit::Event rejected_event(const Grant& grant, std::string detail);
[[nodiscard]] audit::Event relay_failed_event(const Grant& grant, std::string detail);
[[nodiscard]] audit::Event tls_failed_event(const Grant& grant, std::string detail);
[[nodiscard]] audit::Event policy_changed_event(const Grant& grant, std::uint64_t current);
// HTTP Fail High, and the finding openshell.http.request_authority_mismatch.
void emit_authority_mismatch(const Services& services, const Grant& grant,
                             const http::RequestHead& head);

}  // namespace sallyport::relay
