// What is told about a request's way through its middleware, and about what middleware couldn't be
// shown (OpenShell l7/middleware.rs). No event holds a body, a field's value or a text that a
// service wrote, but for finding names that the chain has made its own. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reference/audit/event.h"
#include "reference/middleware/chain.h"
#include "reference/relay/grant.h"

namespace sallyport::relay {

// Of one chain, in order: each stage that was executed with the bypass of one that failed open,
// then what the policy had against the bodies that stages made, then the chain's failure, then
// what stages found. A body that the policy refused is a denial of the policy's, and no finding
// unless it couldn't be judged.
[[nodiscard]] std::vector<audit::Event> chain_events(const Grant& grant, std::string_view method,
                                                     std::string_view path,
                                                     const middleware::ChainResult& result);

// A body that is larger than any stage takes; `bypassed`: it goes up all the same.
[[nodiscard]] audit::Event body_unavailable_event(const Grant& grant, bool bypassed);
// Neither a permit nor room to wait for one.
[[nodiscard]] audit::Event admission_exhausted_event(const Grant& grant);
// A client that didn't send its body in time, or as its framing says.
[[nodiscard]] audit::Event body_failed_event(const Grant& grant, std::string detail);
// `protocol`: what the tunnel carries, in the field's words. `bypassed`: it is relayed unseen.
[[nodiscard]] audit::Event uninspectable_event(const Grant& grant, std::string_view protocol,
                                               bool bypassed);

}  // namespace sallyport::relay
