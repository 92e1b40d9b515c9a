// The bounds of the middleware contract for HTTP requests: unit, what happens at each, source. They
// are part of the contract (a service is written against them), so no config changes them; times
// are multiplied by the program's `slow` where they are used.
//
// Source of every number, unless it says otherwise: OpenShell
// crates/openshell-supervisor-middleware/src/lib.rs and crates/openshell-core/src/middleware.rs.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "reference/base/clock.h"

namespace sallyport::middleware {

inline constexpr std::uint64_t kKiB = 1024;

// Time.

// A registration without a timeout; every built-in. At it: the stage fails, `middleware_timeout`.
inline constexpr base::Duration kTimeoutDefault = std::chrono::milliseconds(500);
// What a registration or a binding may state, both included. Outside: it is refused.
inline constexpr base::Duration kTimeoutLeast = std::chrono::milliseconds(10);
inline constexpr base::Duration kTimeoutMost = std::chrono::seconds(30);
// All stages of one request, from its admission on. At it: the stage whose turn it is, and each one
// after it, fails with `middleware_chain_timeout`.
inline constexpr base::Duration kChainBudget = std::chrono::seconds(30);

// Admission.

// Requests that hold a body for middleware at once, in the process. Over it: they wait.
inline constexpr std::size_t kPermitsMax = 32;
// Requests that wait for a permit. Over it: 503, the body is not read.
inline constexpr std::size_t kWaitersMax = 64;

// A chain.

// Entries that select one host. A policy holds no more (policy/middleware_reader.h): over it is a
// fault of this program's.
inline constexpr std::size_t kStagesMax = 10;
// Findings that become events: as many as the stages of the longest chain may give. Over it: they
// aren't told.
inline constexpr std::size_t kChainFindingsMax = 320;

// What a stage is given.

// Octets of a body, before and after a stage, whatever a stage's own limit. Over it: the stage
// fails, `request_body_over_capacity` or `response_body_over_capacity`.
inline constexpr std::uint64_t kPayloadBytesMax = 4 * kKiB * kKiB;
// Octets as encoded. Over one: the stage fails, `request_..._over_capacity`.
inline constexpr std::uint64_t kConfigBytesMax = 64 * kKiB;  // ValidateConfig isn't even called
inline constexpr std::uint64_t kContextBytesMax = 4 * kKiB;
inline constexpr std::uint64_t kTargetBytesMax = 32 * kKiB;
inline constexpr int kHeadersMax = 128;
inline constexpr std::uint64_t kHeaderBytesMax = 64 * kKiB;

// What a stage answers.

// Octets (encoded, where it is a message) and counts. Over one: the stage fails, whatever it
// decided, with `response_..._over_capacity`, `response_reason_code_invalid` or
// `header_mutation_..._over_capacity`.
inline constexpr std::uint64_t kReasonBytesMax = 4 * kKiB;
inline constexpr std::uint64_t kReasonCodeBytesMax = 64;
inline constexpr int kMutationsMax = 64;
inline constexpr std::uint64_t kMutationBytesMax = 64 * kKiB;
inline constexpr std::uint64_t kMutationTextBytesMax = 32 * kKiB;  // names and values together
inline constexpr int kFindingsMax = 32;
inline constexpr std::uint64_t kFindingBytesMax = 4 * kKiB;
inline constexpr int kMetadataMax = 64;
inline constexpr std::uint64_t kMetadataBytesMax = 32 * kKiB;  // keys and values together

// The channel.

// What a message may hold beside its body, and one message, either way. Over it: the call fails,
// `external_service_error`.
inline constexpr std::uint64_t kEnvelopeBytesMax = 299'072;
inline constexpr std::uint64_t kMessageBytesMax = kPayloadBytesMax + kEnvelopeBytesMax;

// Names and texts.

// Octets of a registration's name. Over it: the registration is refused.
inline constexpr std::size_t kNameBytesMax = 128;
// Octets of a diagnostic after sanitising, and of a config's key in a reason. Over it: cut.
inline constexpr std::size_t kDiagnosticBytesMax = 160;
inline constexpr std::size_t kReasonKeyBytesMax = 128;

// What a built-in takes. Over it: the stage fails, `request_body_over_capacity`. Source: OpenShell
// crates/openshell-supervisor-middleware-builtins/src/regex.rs.
inline constexpr std::uint64_t kBuiltInPayloadBytesMax = 256 * kKiB;

}  // namespace sallyport::middleware
