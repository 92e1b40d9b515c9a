// An event as one line for people: `2026-08-01T12:00:00.000Z OCSF NET:OPEN [MED] DENIED ...`.
// Follows OpenShell crates/openshell-ocsf/src/format/shorthand.rs. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "reference/audit/event.h"

namespace sallyport::audit {

// The part after `OCSF `. Line breaks become spaces, long reasons and messages end in `...`.
[[nodiscard]] std::string shorthand_body(const Event& event);
// With the time before it; without the line's end.
[[nodiscard]] std::string shorthand(const Event& event, std::int64_t wall_ms);

}  // namespace sallyport::audit
