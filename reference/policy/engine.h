// Which policy, if any, lets a connection to host:port begin, and what its endpoints demand of it.
// Pure; deterministic: policies are asked in the order of their names.
//
// Where several endpoints match one host:port and disagree, the strictest holds (the field takes
// the first policy's first endpoint): a tunnel is opaque only if all say `tls: skip`; an address
// must be in every `allowed_ips` list that a matching endpoint states; requests must be readable if
// one judges requests; `%2F` is permitted only if all permit it.
//
// Of requests: an endpoint that judges none doesn't excuse a request from those that do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/net/address.h"
#include "reference/policy/model.h"
#include "reference/policy/program.h"

namespace sallyport::policy {

struct Match {
  bool allowed = false;
  // When allowed: the name of the first policy that matched; otherwise empty.
  std::string policy;
  // When not: `endpoint H:P is not allowed by any policy`; `network connections not allowed by
  // policy` where there are no policies at all; or what OpenShell says of a program that no policy
  // of this endpoint names (`binary 'X' not allowed in policy 'N' (ancestors: [a -> b], cmdline:
  // [c])`, one after another with `; `).
  std::string reason;

  TlsMode tls = TlsMode::automatic;
  Protocol protocol = Protocol::unset;
  Enforcement enforcement = Enforcement::audit;
  bool allow_encoded_slash = false;
  // One list for each endpoint that states one: an address must be in all of them.
  std::vector<std::vector<net::Cidr>> allowed_ips;
  // Some policy names the endpoint, whoever asks.
  bool endpoint_is_known = false;
  // An endpoint names this host itself, not by a wildcard and not by leaving the host out.
  bool host_is_named = false;
};

// `host` in any case, with or without brackets. `program`: who asks; null where programs aren't
// told apart (`identity: endpoints_only`): then `binaries` aren't asked.
[[nodiscard]] Match find(const Policy& policy, const Program* program, std::string_view host,
                         std::uint16_t port);

// Whether the endpoint asks something of requests: it has rules, a path or a protocol. What it asks
// can be asked only of what is read.
[[nodiscard]] bool judges_requests(const Endpoint& endpoint);

// A request inside what find() allowed.
struct Request {
  std::string_view method;
  std::string_view path;                  // canonical, without the query
  std::optional<std::string_view> query;  // verbatim; none: no `?`
  bool websocket_upgrade = false;         // a well-formed one
};

struct RequestVerdict {
  enum class Kind {
    allowed,
    audited,  // refused by the rules of an endpoint that says `enforcement: audit`: goes on
    denied,
  };
  Kind kind = Kind::allowed;
  bool judged = false;  // some endpoint has rules for requests of this host, port and path
  std::string policy;   // the name of the policy whose endpoint governed
  // When not allowed: `M P not permitted by policy`, `M P blocked by deny rule`; and, whatever the
  // enforcement, `M P did not match an L7 endpoint path`, `websocket endpoint requires a valid
  // WebSocket upgrade request`, `query parameters can't be decoded`, or what find() says.
  std::string reason;
  std::string protocol = "rest";     // of the endpoint that governed: rest, websocket
  bool allow_encoded_slash = false;  // of the same
};

// Judges one request by the endpoints that are for its host, port, program and path. Deny rules of
// all of them beat any allow rule of one; a request that no allow rule names is refused. The most
// specific `path` governs (enforcement, protocol, encoded slash); of several, the strictest. A
// query that can't be decoded is refused where a rule asks for one.
[[nodiscard]] RequestVerdict judge_request(const Policy& policy, const Program* program,
                                           std::string_view host, std::uint16_t port,
                                           const Request& request);

// `host:port`, IPv6 in brackets: how every text of this program writes a destination.
[[nodiscard]] std::string host_port(std::string_view host, std::uint16_t port);

}  // namespace sallyport::policy
