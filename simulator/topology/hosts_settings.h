// Settings of a host's network namespace that it would take from the machine, or that get in a
// scenario's way. Internal to this module.
#pragma once

#include "reference/base/result.h"
#include "simulator/topology/spec.h"

namespace sallyport::sim::topology {

// In the caller's namespace, before it has any link but lo. What is so already isn't written.
// `routed`: packets may come in by another link than they would go out.
[[nodiscard]] base::Result<void> apply_settings(const HostSpec& host, bool routed);

// Switches IPv6 off on one link.
[[nodiscard]] base::Result<void> disable_ipv6_on(const char* link);

}  // namespace sallyport::sim::topology
