// The config of a middleware entry as canonical JSON: the same text for the same value, however it
// was written. It must survive google.protobuf.Struct, so its numbers are doubles. Pure.
#pragma once

#include <string>
#include <string_view>

#include "reference/policy/endpoint_reader.h"

namespace sallyport::policy {

// Keys sorted, no whitespace; scalars by YAML 1.2's core schema unless quoted. Complains of what
// has no such form: numbers that a double doesn't hold exactly, infinities, bytes that aren't
// UTF-8.
[[nodiscard]] std::string canonical_json(const base::yaml::Node& node, const Notes& notes);

// The shortest decimal that reads back as `number`, which is finite; no `.0`.
void write_number(double number, std::string& out);
// A JSON string in its quotes. `text` is UTF-8.
void write_string(std::string_view text, std::string& out);

}  // namespace sallyport::policy
