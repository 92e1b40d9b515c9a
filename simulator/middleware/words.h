// The closed lists of a service's script, in the order of their enumerators. Internal to this
// folder.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace sallyport::sim::middleware {

inline constexpr std::array<std::string_view, 4> kHeaderVerbs = {"append", "overwrite", "skip",
                                                                 "remove"};
inline constexpr std::array<std::string_view, 3> kCalls = {"evaluate", "preflight", "message"};
inline constexpr std::array<std::string_view, 3> kDecisions = {"allow", "deny", "skip"};
inline constexpr std::array<std::string_view, 6> kMalformed = {
    "none", "decision_0", "bad_reason_code", "oversize", "undecodable", "wrong_sequence"};

// gRPC's number of a code's name (`UNAVAILABLE`); nothing for another word.
[[nodiscard]] std::optional<int> status_code(std::string_view name);
// The contract's number of `http_request`, `websocket_message`.
[[nodiscard]] std::optional<int> operation_number(std::string_view name);

}  // namespace sallyport::sim::middleware
