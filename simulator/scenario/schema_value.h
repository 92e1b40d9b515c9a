// How one value is described in the schema, of whatever shape. Maps of a table are left to
// definitions, which the caller writes. Of schema.cc alone.
#pragma once

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <string>
#include <string_view>

#include "simulator/scenario/keys.h"

namespace sallyport::sim::scenario::schema {

using Writer = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

// --- JSON, briefly ----------------------------------------------------------------------------
void member(Writer& out, std::string_view key, std::string_view value);
void texts(Writer& out, std::string_view key, Words values);
// {"$ref": "#/definitions/NAME"}
void ref(Writer& out, std::string_view name);
// {"type": "string", "pattern": PATTERN}
void pattern(Writer& out, std::string_view pattern);

// A whole $(matrix...), which may become a map or list.
inline constexpr std::string_view kVariable = "^\\$\\(matrix\\.[^()]+\\)$";

// The name of the definition of a table; another where nothing in it is needed.
[[nodiscard]] std::string definition_of(const Keys& keys, bool partial);

// Whether the description of `shape` is a "$ref" alone.
[[nodiscard]] bool has_definition(const Shape& shape);
// Writes the members of an object that describes `shape`, not its braces.
void describe(Writer& out, const Shape& shape);
// The same for a matcher of a field.
void describe_matcher(Writer& out, const Field& field);

}  // namespace sallyport::sim::scenario::schema
