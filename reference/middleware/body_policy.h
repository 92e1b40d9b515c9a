// The policy's say in a body that middleware replaced, as a port: where rules judge what a body
// holds (GraphQL, JSON-RPC, MCP), each replacement is judged anew, or a stage could write what the
// policy forbids. Protocols whose rules don't look into bodies have none. Pure: what it needs, it
// has in memory. On the loop.
//
// Follows OpenShell crates/openshell-supervisor-network/src/l7/relay.rs (RFC 0009).
#pragma once

#include <string>
#include <string_view>

namespace sallyport::middleware {

struct BodyVerdict {
  enum class Kind {
    allow,
    deny,      // a rule forbids it
    rejected,  // it is nothing that a rule could judge: unparseable, or an answer's frame
    error,     // the evaluator failed
  };
  Kind kind = Kind::allow;
  // Of deny alone: the endpoint only watches (`enforcement: audit`), and the chain goes on.
  bool audited = false;
  std::string reason;  // for events alone, which get it sanitised
};

class BodyPolicy {
 public:
  virtual ~BodyPolicy() = default;
  // Of the whole body, as it would go to the next stage or up.
  [[nodiscard]] virtual BodyVerdict judge(std::string_view body) = 0;
  // The engine in events: `l7-graphql`, `l7-jsonrpc` or `l7-mcp`.
  [[nodiscard]] virtual std::string_view engine() const = 0;
};

}  // namespace sallyport::middleware
