// Read this first: how the supervisor decides. Pure, without Asio.
//
//   adapter  --Intent-->  authorize()  --Decision-->  destination()  --Pinned-->  relay
//
// authorize() is the only way in: no adapter judges by itself, so that CONNECT and absolute form
// can't drift apart. A denial is a value that says what the client is to see; an error of the
// machine (a name that doesn't resolve, an upstream that doesn't answer) is a Deny too, so that
// there is one way out, but is_failure() tells the two apart.
//
// Answers follow OpenShell crates/openshell-supervisor-network/src/proxy.rs.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "reference/base/limits.h"
#include "reference/net/address.h"
#include "reference/policy/engine.h"
#include "reference/policy/model.h"
#include "reference/policy/program.h"

namespace sallyport::credentials {
class Store;
}
namespace sallyport::inference {
class Routes;
}
namespace sallyport::middleware {
class Registry;
}

namespace sallyport::egress {

// The virtual host: exactly this name and port, and only by CONNECT.
inline constexpr std::string_view kInferenceHost = "inference.local";
inline constexpr std::uint16_t kInferencePort = 443;

// Which destinations an absolute-form request may have.
enum class ForwardRule {
  shared,  // those of CONNECT
  // allowed_ips is needed, and every address must be internal (OpenShell PR #158's first rule).
  private_only,
};

// What the gateway calls the parts of a generation.
struct Revisions {
  std::string config;       // of policy and registrations
  std::string bundle;       // of the inference routes
  std::string environment;  // of the attached providers
  friend bool operator==(const Revisions&, const Revisions&) = default;
};

// One immutable snapshot of everything that decides. A request pins one for its whole life
// (std::shared_ptr<const Generation>); a reload builds another and swaps the pointer.
struct Generation {
  std::uint64_t number = 0;  // 1 is the first; rises by one with each successful reload
  policy::Policy policy;     // default: denies everything; its revision names the document
  std::shared_ptr<const inference::Routes> routes;         // null: no routes are configured
  std::shared_ptr<const middleware::Registry> middleware;  // null: the built-ins alone
  std::shared_ptr<const credentials::Store> credentials;   // null: no placeholder resolves
  Revisions revisions;  // of what it was built from; empty without a gateway
  base::Limits limits;
  ForwardRule forward = ForwardRule::shared;
  bool forward_keep_alive = true;  // no: one request a connection, as in the field
  // A reload that fails quarantines (policy_validation_failure_mode: fail_closed).
  bool fail_closed = false;
  // Not empty: everything but the virtual host is denied, for this reason.
  std::string quarantine;
};

enum class Adapter { connect, forward };

// What a client asked for, as its adapter understood it.
struct Intent {
  Adapter adapter = Adapter::connect;
  std::string scheme;  // lower case; forward only
  std::string host;    // lower case, no brackets
  std::uint16_t port = 0;
  std::string method;  // `CONNECT` for connect
  std::string path;    // forward only: begins with `/`, without the query
};

// Who asks. Found out once per connection (identity/identity.h), judged at each decision.
struct Identity {
  // No: programs aren't told apart (`identity: endpoints_only`), and `binaries` aren't asked.
  bool required = false;
  std::optional<policy::Program> program;  // none where it is required: refused for `failure`
  std::string failure;                     // why it isn't known
};

// Why the client doesn't get what it asked for, and what it sees. CONNECT's answer precedes any
// 200. `D` below is Deny::detail; bodies are JSON with `error` and `detail` unless noted.
enum class DenyReason {
  // No policy names host:port. 403 policy_denied; CONNECT adds `reason`.
  endpoint_not_allowed,
  // There are no policies at all. 403 policy_denied; CONNECT adds `reason`.
  no_policies,
  // Policies name the endpoint, for other programs; or it isn't known who asks. 403 policy_denied;
  // CONNECT adds `reason`.
  binary_not_allowed,
  // The policy can't be trusted: the last reload failed and the mode is fail_closed. 403
  // policy_denied; CONNECT adds `reason`.
  quarantined,
  // The generation changed between the decision and its use. 403 policy_denied.
  policy_changed,
  // Absolute form with https. 400, text body (no `error`).
  https_needs_connect,
  // Absolute form with any other scheme. 400 unsupported_proxy_scheme.
  unsupported_scheme,
  // Absolute form whose target can't be made canonical. 400 invalid_request_target.
  invalid_target,
  // allowed_ips is stated and an address is outside it or always blocked, or the host is an IP
  // literal of a forbidden port. 403 ssrf_denied.
  allowed_ips_failed,
  // The host is named exactly, without allowed_ips, and leads to an internal or always-blocked
  // address or a control-plane port. 403 ssrf_denied.
  declared_endpoint_failed,
  // The host matched by wildcard, and leads to one of these. 403 ssrf_denied.
  internal_address,
  // A placeholder's marker in an absolute-form target that is no placeholder. 400
  // invalid_credential_placeholder.
  invalid_placeholder,
  // Some credential is bound to the destination, and the tunnel would be opaque without the
  // policy's
  // word for it. 403 uninspected_credentials.
  uninspected_credentials,
  // The tunnel is to be inspected and there is no CA. 503 tls_termination_unavailable.
  tls_unavailable,
  // Inside a tunnel: `protocol: rest`, and what it carries isn't HTTP. 403 unsupported_l7_protocol.
  unsupported_protocol,
  // Inside a tunnel, or h2c: HTTP/2 with prior knowledge. 403 unsupported_l7_protocol.
  h2c_unsupported,
  // Absolute form asking to upgrade to h2c on an inspected endpoint. 403 unsupported_l7_protocol.
  h2c_upgrade_unsupported,
  // Inside an opaque tunnel, before a byte of it: an entry of middleware that fails closed selects
  // the host. 403 middleware_required.
  middleware_required,
  // The same for bytes that aren't HTTP, in a tunnel that is inspected. 403
  // unsupported_l7_protocol.
  uninspectable_protocol,
  // The same for HTTP/2 with prior knowledge. 403 unsupported_l7_protocol.
  uninspectable_h2c,
  // The name has no address, or no server answered in time. 502 upstream_unreachable.
  name_not_resolved,
  // No pinned address could be connected. 502 upstream_unreachable.
  upstream_unreachable,
};

// Nobody decided: the machine or the upstream failed us.
[[nodiscard]] bool is_failure(DenyReason reason);
// `endpoint_not_allowed` ... for tests and logs.
[[nodiscard]] std::string_view deny_reason_name(DenyReason reason);

struct Deny {
  DenyReason reason = DenyReason::endpoint_not_allowed;
  std::string policy;  // that had matched; empty when none did
  std::string engine;  // for the event: opa, ssrf, tls, l7, http-parser
  std::string cause;   // for the event: what exactly was found. Never sent to the client by itself
  int status = 403;
  std::string error;          // member `error`; empty: the answer is text, namely `detail`
  std::string detail;         // member `detail`
  std::string client_reason;  // member `reason`; left out when empty
};

// How far the bytes of an allowed intent are read.
enum class Transport {
  inference,   // the virtual host: TLS terminated here, requests routed, nothing is resolved
  inspect,     // a tunnel: TLS terminated, HTTP relayed request by request
  opaque,      // a tunnel: bytes are copied
  plain_http,  // one absolute-form request
};

// By which rule the destination is judged, in this order (judge.h).
enum class Validation {
  allowed_ips,    // every address in every list of allowed_ips, none always blocked
  named_literal,  // the host is an IP literal that a policy names: that address
  declared_host,  // a policy names the host: global addresses
  any_host,       // it matched by wildcard: global addresses
};

struct RelayPlan {
  Transport transport = Transport::opaque;
  Validation validation = Validation::any_host;
  std::vector<std::vector<net::Cidr>> allowed_ips;  // an address must be in each of them
  bool private_only = false;                        // besides, every address must be internal
  bool must_inspect = false;         // `protocol: rest`: bytes that aren't HTTP are refused
  bool allow_encoded_slash = false;  // `%2F` in a canonical path
};

struct Allow {
  std::string policy;  // its name; empty for the virtual host
  RelayPlan plan;
  std::uint64_t generation = 0;
};

using Decision = std::variant<Allow, Deny>;

// Decides; never waits, never looks anything up. CONNECT and absolute form get the same decision
// for the same host and port, but for the virtual host and for ForwardRule::private_only.
// `inference.local` and `policy.local` are never upstreams, whatever a policy says.
[[nodiscard]] Decision authorize(const Intent& intent, const Identity& identity,
                                 const Generation& generation);

// Judges one request of an allowed intent by the rules of its endpoints; the same for requests in
// tunnels and absolute-form ones. Pure.
[[nodiscard]] policy::RequestVerdict authorize_request(const Intent& intent,
                                                       const Identity& identity,
                                                       const Generation& generation,
                                                       const policy::Request& request);

// The denial for a reason that is found after authorize(): status, error and detail as the client
// is to see them. `policy` is Allow::policy, `cause` goes to the event.
[[nodiscard]] Deny deny(DenyReason reason, const Intent& intent, std::string policy,
                        std::string cause);

}  // namespace sallyport::egress
