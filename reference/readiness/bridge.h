// The look at the bridge between sandbox and machine that is due when host networking is taken
// back. Pure. Reasons and their order follow NVIDIA/NemoClaw,
// src/lib/onboard/gateway-sandbox-reachability.ts.
#pragma once

#include <string_view>

#include "reference/readiness/outcome.h"
#include "reference/readiness/request.h"

namespace sallyport::readiness {

inline constexpr std::string_view kBridgeOk = "ok";
// The probe ran and nobody took the connection. An nc that waited in vain is this too.
inline constexpr std::string_view kTcpFailed = "tcp_failed";
// Nobody can tell: no network, no image, no name, no docker. Not fatal.
inline constexpr std::string_view kProbeUnavailable = "probe_unavailable";
inline constexpr std::string_view kProbeTimeout = "probe_timeout";  // the command had to be ended
inline constexpr std::string_view kVethUnsupported = "veth_unsupported";
inline constexpr std::string_view kDaemonUnreachable = "docker_daemon_unreachable";

// The gate's reason where it ends at one of these.
inline constexpr std::string_view kBridgeUnreachable = "bridge-unreachable";

[[nodiscard]] Words bridge_words(const Request& request);
[[nodiscard]] std::string_view bridge_reason(const CommandResult& result);
// The gate ends at it.
[[nodiscard]] bool is_fatal(std::string_view bridge_reason);

}  // namespace sallyport::readiness
