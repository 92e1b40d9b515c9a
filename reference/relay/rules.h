// One request against the rules of its endpoints: what they say of it, what its client gets where
// they refuse it, and what is told of it. The same for requests in tunnels and absolute-form ones;
// who relays them asks here after every check of the request's form. Pure.
//
// Follows OpenShell crates/openshell-supervisor-network/src/l7/relay.rs and proxy.rs.
#pragma once

#include <optional>
#include <string>

#include "reference/audit/event.h"
#include "reference/http/head.h"
#include "reference/http/local_response.h"
#include "reference/http/target.h"
#include "reference/policy/engine.h"
#include "reference/relay/grant.h"

namespace sallyport::relay {

// What rules are asked about. Owns its texts: it may be judged again by a newer generation.
struct RuledRequest {
  std::string method;
  std::string path;  // canonical, without what a placeholder names
  std::optional<std::string> query;
  bool websocket_upgrade = false;  // a well-formed one
  bool encoded_slash = false;      // the path that was sent has a `%2F`, if only in a parameter
};
[[nodiscard]] RuledRequest ruled_request(const http::RequestHead& head,
                                         const http::CanonicalTarget& target,
                                         bool websocket_upgrade);

enum class RuleForm {
  tunnel,   // `L7_REQUEST ...`; refused with every member of OpenShell's deny body
  forward,  // `FORWARD_L7 ...`; refused with `error` and `detail`
};

struct Ruling {
  enum class End {
    goes_on,
    refused,        // `answer` is what the client gets, then its connection ends
    encoded_slash,  // `%2F`, and the endpoint that governs the path doesn't permit it
  };
  End end = End::goes_on;
  std::optional<http::LocalAnswer> answer;
  // Nothing where no endpoint has rules for the request, nor for an absolute-form one that is
  // plainly allowed: `FORWARD allowed` tells of it.
  std::optional<audit::Event> event;
};

// By the generation of the grant. A request that `enforcement: audit` lets pass goes on.
[[nodiscard]] Ruling rule_on(const Grant& grant, const RuledRequest& request, RuleForm form);

// Whether what was allowed before may still go up, or stand, after the grant was renewed.
[[nodiscard]] bool still_allowed(const Grant& grant, const RuledRequest& request);

}  // namespace sallyport::relay
