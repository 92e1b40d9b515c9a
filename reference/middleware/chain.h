// The chain of one HTTP request: which entries of the policy apply to its host, and what they make
// of it, one after another. Findings, invocations and the outcome are values; events and answers
// are the relay's. On the loop; waits for stages alone.
//
// Follows OpenShell crates/openshell-supervisor-middleware/src/lib.rs evaluate_chain (RFC 0009).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/clock.h"
#include "reference/middleware/body_policy.h"
#include "reference/middleware/headers.h"
#include "reference/middleware/registry.h"
#include "reference/net/clock.h"
#include "reference/policy/model.h"

namespace sallyport::middleware {

// One entry of the policy that applies, and what the registry knows of its implementation.
struct Link {
  const policy::Middleware* config = nullptr;      // of the generation's policy
  const Implementation* implementation = nullptr;  // null: unresolved
};

// By order, then key; ten at most, as many as a policy may hold. Entries whose implementation is
// registered without a binding for HTTP requests are left out. What it points to belongs to the
// generation.
[[nodiscard]] std::vector<Link> select_chain(const policy::Policy& policy, const Registry& registry,
                                             std::string_view host);

// The largest effective payload limit of the resolved links; nothing when none is resolved.
[[nodiscard]] std::optional<std::uint64_t> body_limit(const std::vector<Link>& chain);
[[nodiscard]] bool all_fail_open(const std::vector<Link>& chain);

// What the gate for traffic that can't be inspected says of a host: resolution doesn't matter.
enum class Uninspectable { unrestricted, bypass_with_finding, deny };
[[nodiscard]] Uninspectable judge_uninspectable(const policy::Policy& policy,
                                                std::string_view host);

struct ChainRequest {
  std::string request_id;  // UUIDv4, one per chain
  std::string sandbox_id, sandbox_name, workspace;
  std::string scheme, host, method, path, query;
  std::uint16_t port = 0;
  HeaderLines headers;                 // as a stage may see them (headers.h)
  std::vector<std::string> nominated;  // names that the client's Connection holds, lower case
  std::string body;
};

// One stage that was executed, or failed to be.
struct Invocation {
  std::string config;          // its key in the policy
  std::string implementation;  // registration or built-in
  bool allowed = true;
  bool failed = false;
  bool transformed = false;
  bool fail_open = false;  // its on_error
  std::string code;        // of a failure; or the denial's reason code
};

struct NamedFinding {
  std::string config;
  std::string type, label, severity;  // severity: low, medium or high
  std::uint32_t count = 0;
};

// What the policy said of a body that a stage had put in the place of another.
struct Recheck {
  std::string engine;  // of its event
  BodyVerdict verdict;
};

struct ChainResult {
  enum class Verdict { allow, denied, failed };
  Verdict verdict = Verdict::allow;
  std::string denied_by;    // key of the entry that denied
  std::string reason_code;  // it gave; empty: none
  // For events alone: `middleware_denied:guard`, `middleware_failed: ...`; where the policy refused
  // what a stage made of the body, one of the three that evaluate_chain() names.
  std::string reason;
  bool body_replaced = false;
  std::string body;                       // replaced, or as it came; none unless allowed
  std::vector<HeaderMutation> mutations;  // for replay_mutations(); none unless allowed
  std::vector<Invocation> invocations;
  std::vector<NamedFinding> findings;
  // Of built-ins alone, by the key of their entry: what a service says never leaves it.
  std::map<std::string, std::map<std::string, std::string>> metadata;
  std::vector<Recheck> rechecks;  // all but those that allowed
};

// Strictly one after another, within `budget` in all (kChainBudget times `slow`). What the chain
// points to must stay until it ends: the caller holds the generation.
//
// `bodies`, unless it is null, is asked after each stage that replaced the body. What it refuses
// fails the chain, whatever the stage's on_error: no later stage runs, nobody has denied, and the
// reason begins with `middleware transformation denied by policy: `, `middleware transformation
// rejected: ` or `transformed_body_policy_evaluation_failed: `.
[[nodiscard]] net::Task<ChainResult> evaluate_chain(const std::vector<Link>& chain,
                                                    ChainRequest request, const net::Clock& clock,
                                                    base::Duration budget,
                                                    BodyPolicy* bodies = nullptr);

}  // namespace sallyport::middleware
