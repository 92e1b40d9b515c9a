// A decision as the audit event that the field system emits for it (proxy.rs): CONNECT as NET
// Open, absolute form as HTTP Other, failures as NET Fail. Pure.
#pragma once

#include <optional>

#include "reference/audit/event.h"
#include "reference/egress/egress.h"

namespace sallyport::egress {

// `source` is the client, where known. To be emitted when the way is open: after the 200 of a
// CONNECT, after an absolute-form request was relayed.
[[nodiscard]] audit::Event allowed_event(const Intent& intent, const Allow& allow,
                                         std::optional<audit::Peer> source);
[[nodiscard]] audit::Event denied_event(const Intent& intent, const Deny& deny,
                                        std::optional<audit::Peer> source);

}  // namespace sallyport::egress
