// An event as one line of OCSF JSON. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "reference/audit/event.h"

namespace sallyport::audit {

// What is the same in every event of one supervisor.
struct Origin {
  std::string sandbox_id;  // metadata.uid and container.uid; left out when empty
  std::string hostname;    // device.hostname; `device` is left out when empty
  Peer proxy;              // proxy_endpoint of NET and HTTP; left out when the host is empty
};

// Without the line's end. Never contains a line break; invalid UTF-8 becomes U+FFFD.
[[nodiscard]] std::string to_json(const Event& event, const Origin& origin, std::int64_t wall_ms);

// --- labels, as in the JSON
// -----------------------------------------------------------------------
[[nodiscard]] std::string_view class_name(EventClass kind);
[[nodiscard]] std::string_view severity_name(Severity severity);
[[nodiscard]] std::string_view status_name(Status status);
[[nodiscard]] std::string_view action_name(Action action);
[[nodiscard]] std::string_view disposition_name(Disposition disposition);
// The event's own name if it has one.
[[nodiscard]] std::string activity_name(const Event& event);

}  // namespace sallyport::audit
