// The closed lists of a service's script, in the order of their enumerators. Internal to this
// folder.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "simulator/middleware/spec.h"

namespace sallyport::sim::middleware {

inline constexpr std::array<std::string_view, 6> kHeaderVerbs = {"append", "overwrite", "skip",
                                                                 "remove", "write",     "empty"};
inline constexpr std::array<std::string_view, 7> kTls = {
    "none", "valid", "expired", "not_yet_valid", "wrong_name", "unknown_issuer", "self_signed"};
inline constexpr std::array<std::string_view, 2> kTrust = {"world", "system"};
inline constexpr std::array<std::string_view, 3> kCalls = {"evaluate", "preflight", "message"};
inline constexpr std::array<std::string_view, 3> kDecisions = {"allow", "deny", "skip"};
inline constexpr std::array<std::string_view, 6> kMalformed = {
    "none", "decision_0", "bad_reason_code", "oversize", "undecodable", "wrong_sequence"};

// The members of `fill`, and whether one counts octets.
struct FillPart {
  std::string_view name;
  Fill::Number Fill::*number;
  bool octets;
};
inline constexpr std::array<FillPart, 9> kFillParts = {
    {{"body", &Fill::body, true},
     {"reason", &Fill::reason, true},
     {"reason_code", &Fill::reason_code, true},
     {"findings", &Fill::findings, false},
     {"finding", &Fill::finding, true},
     {"headers", &Fill::headers, false},
     {"header_bytes", &Fill::header_bytes, true},
     {"metadata", &Fill::metadata, false},
     {"metadata_bytes", &Fill::metadata_bytes, true}}};

// gRPC's number of a code's name (`UNAVAILABLE`), or a number other than 0; nothing for another
// word.
[[nodiscard]] std::optional<int> status_code(std::string_view name);
// What a caller makes of it: a number that gRPC doesn't know is `UNKNOWN`.
[[nodiscard]] std::string_view status_name(int code);
// The contract's number of `http_request`, `websocket_message`, or any number.
[[nodiscard]] std::optional<int> operation_number(std::string_view name);
// The same of `pre_credentials`, `pre_return`.
[[nodiscard]] std::optional<int> phase_number(std::string_view name);
// `pre_credentials`, else the number.
[[nodiscard]] std::string phase_name(int number);

}  // namespace sallyport::sim::middleware
