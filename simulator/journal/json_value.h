// JSON documents as values for comparing: the one place here that knows the JSON library. Pure;
// texts that are no JSON are answers, never errors.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "simulator/journal/event.h"

namespace sallyport::sim::journal {

// Whether both are JSON and the same value: numbers numerically, members in any order.
[[nodiscard]] bool same_json(std::string_view a, std::string_view b);

// What `pointer` (RFC 6901) points at in `document`: a string as its text, an integer as a number,
// anything else as JSON. Nothing when it points nowhere or `document` is no JSON.
[[nodiscard]] std::optional<Value> at_pointer(std::string_view document, std::string_view pointer);

// Whether the JSON scalar `document` is what a matcher's scalar `text` says: a string by its text,
// a number numerically, true, false and null by their names.
[[nodiscard]] bool json_is(std::string_view document, std::string_view text);

}  // namespace sallyport::sim::journal
