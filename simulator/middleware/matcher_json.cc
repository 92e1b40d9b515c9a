#include "simulator/middleware/matcher_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "reference/base/scalars.h"

namespace sallyport::sim::middleware {
namespace {

void put_parts(JsonWriter& writer, const journal::Matcher& matcher) {
  if (matcher.not_) {
    writer.Key("not");
    put_matcher(writer, *matcher.not_);
  }
  const auto text = [&](const char* name, const std::optional<std::string>& value) {
    if (value) put_member(writer, name, *value);
  };
  text("contains", matcher.contains);
  text("starts", matcher.starts);
  text("ends", matcher.ends);
  text("matches", matcher.matches);
  if (matcher.absent) {
    writer.Key("absent");
    writer.Bool(*matcher.absent);
  }
  const auto number = [&](const char* name, const std::optional<std::int64_t>& value) {
    if (!value) return;
    writer.Key(name);
    writer.Int64(*value);
  };
  number("at_least", matcher.at_least);
  number("at_most", matcher.at_most);
  number("count", matcher.count);
  if (matcher.equals_json) {
    writer.Key("equals");
    writer.RawValue(matcher.equals_json->text.data(), matcher.equals_json->text.size(),
                    rapidjson::kObjectType);
  }
}

bool has_members(const Json& map, std::string_view field) {
  if (field == "headers") return true;
  return field == "json" && map.MemberCount() > 0 &&
         std::all_of(map.MemberBegin(), map.MemberEnd(),
                     [](const auto& member) { return text_view(member.name).starts_with("/"); });
}

std::string json_of(const Json& value) {
  rapidjson::StringBuffer buffer;
  JsonWriter writer(buffer);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

journal::Matcher read_parts(const Json& map, std::string_view field, const std::string& place,
                            std::string& complaint) {
  journal::Matcher matcher;
  JsonReader reader(map, place, complaint);
  if (const Json* inner = reader.get("not")) {
    matcher.not_ = std::make_shared<journal::Matcher>(
        read_matcher(*inner, field, reader.place("not"), complaint));
  }
  matcher.contains = reader.maybe_text("contains");
  matcher.starts = reader.maybe_text("starts");
  matcher.ends = reader.maybe_text("ends");
  matcher.matches = reader.maybe_text("matches");
  if (matcher.matches) {
    if (const auto error = journal::pattern_error(*matcher.matches))
      reader.complain(reader.place("matches"), "isn't a pattern (RE2): " + *error);
  }
  if (reader.get("absent") != nullptr) matcher.absent = reader.boolean("absent", false);
  const auto number = [&reader](std::string_view name, std::optional<std::int64_t>& value) {
    if (reader.get(name) != nullptr) value = static_cast<std::int64_t>(reader.size(name, 0));
  };
  number("at_least", matcher.at_least);
  number("at_most", matcher.at_most);
  number("count", matcher.count);
  if (const Json* equals = reader.get("equals"))
    matcher.equals_json = journal::Json{json_of(*equals)};
  reader.finish();
  return matcher;
}

}  // namespace

void put_text(JsonWriter& writer, std::string_view text) {
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void put_member(JsonWriter& writer, std::string_view name, std::string_view text) {
  writer.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
  put_text(writer, text);
}

void put_matcher(JsonWriter& writer, const journal::Matcher& matcher) {
  if (matcher.has_equals) {
    writer.StartArray();
    for (const std::string& one : matcher.equals_any) put_text(writer, one);
    writer.EndArray();
    return;
  }
  writer.StartObject();
  put_parts(writer, matcher);
  for (const auto& [name, member] : matcher.members) {
    writer.Key(name.c_str());
    put_matcher(writer, member);
  }
  writer.EndObject();
}

journal::Matcher read_matcher(const Json& value, std::string_view field, const std::string& place,
                              std::string& complaint) {
  if (value.IsObject() && !has_members(value, field))
    return read_parts(value, field, place, complaint);
  journal::Matcher matcher;
  if (value.IsObject()) {
    const std::string_view inner = field == "json" ? "json" : "";
    for (const auto& member : value.GetObject()) {
      const std::string name(text_view(member.name));
      matcher.members[name] =
          read_matcher(member.value, inner, fmt::format("{}.{}", place, name), complaint);
    }
    return matcher;
  }
  matcher.has_equals = true;
  const auto add = [&](const Json& one) {
    if (auto text = scalar_text(one)) {
      matcher.equals_any.push_back(std::move(*text));
    } else if (complaint.empty()) {
      complaint = place + " must be a scalar, a list of scalars, or a map of parts";
    }
  };
  if (!value.IsArray()) {
    add(value);
  } else {
    for (const Json& one : value.GetArray()) add(one);
  }
  return matcher;
}

}  // namespace sallyport::sim::middleware
