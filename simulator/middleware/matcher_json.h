// Matchers in the language's own form, as JSON. Internal to this folder.
#pragma once

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <map>
#include <string>

#include "simulator/journal/query.h"
#include "simulator/middleware/json_reader.h"

namespace sallyport::sim::middleware {

using JsonWriter = rapidjson::Writer<rapidjson::StringBuffer>;

void put_text(JsonWriter& writer, std::string_view text);
void put_member(JsonWriter& writer, std::string_view name, std::string_view text);

void put_matcher(JsonWriter& writer, const journal::Matcher& matcher);
// `field` is what it is about: of `headers`, and of `json` where all keys are pointers, a map's
// keys are members.
[[nodiscard]] journal::Matcher read_matcher(const Json& value, std::string_view field,
                                            const std::string& place, std::string& complaint);

}  // namespace sallyport::sim::middleware
