// Who may call what: one table of every served call, who a call comes from, and the judgement. Pure
// but for the tokens and records that it is handed. Classes of callers and what is a supervisor's
// follow the field (NVIDIA/OpenShell, crates/openshell-server/src/auth/sandbox_methods.rs). Users'
// reference: docs/gateway.md.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reference/gateway/caller.h"
#include "reference/gateway/records.h"
#include "reference/gateway/tokens.h"

namespace sallyport::gateway {

enum class Who {
  anyone,              // without a token too; one that is sent must be known all the same
  operator_,           // the operator alone
  sandbox,             // a supervisor, of its own sandbox: an operator has none
  operator_or_sandbox  // the operator of any, a supervisor of its own
};

struct Rule {
  std::string_view rpc;
  Who who;
};

// Every served call once, by its name. A call that isn't in it is refused.
[[nodiscard]] std::span<const Rule> rules();

// What of a call says who makes it.
struct Presented {
  std::vector<std::string> authorization;  // of the metadata, each
  std::optional<std::string> claim;        // of rpc::kClaimKey
  // On loopback, or callers from anywhere are believed. Counts while no operator has a token.
  bool believed = false;
};

struct Standing {
  Caller caller;
  // An operator for want of any token: may also ask what else is a supervisor's own.
  bool believed = false;
};

// UNAUTHENTICATED for a token that isn't known, or for something else in its place.
[[nodiscard]] Answer<Standing> identify(const TokenBook& tokens, const Presented& presented);

// The id of the sandbox that a name or an id stands for.
using FindSandbox = std::function<std::optional<std::string>(std::string_view name_or_id)>;

// OK, UNAUTHENTICATED, PERMISSION_DENIED; NOT_FOUND only for a supervisor whose own sandbox is
// gone: who may not know which sandboxes there are is told the same of each. `sandbox` is the one
// that the call names; nothing for calls that name none.
[[nodiscard]] rpc::Status judge(std::string_view rpc, const Standing& standing,
                                const std::optional<std::string>& sandbox, const FindSandbox& find);

}  // namespace sallyport::gateway
