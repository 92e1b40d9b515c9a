#include "simulator/middleware/server/events.h"

#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <variant>

namespace sallyport::sim::middleware::server {
namespace {

// Octets as they are: a body needn't be UTF-8, and the reader doesn't ask.
using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void put(Writer& writer, std::string_view text) {
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void put(Writer& writer, const journal::Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    put(writer, std::string_view(*text));
  } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
    writer.Int64(*number);
  } else if (const auto* headers = std::get_if<journal::HeaderList>(&value)) {
    writer.StartArray();
    for (const auto& [name, line] : *headers) {
      put(writer, std::string_view(name));
      put(writer, std::string_view(line));
    }
    writer.EndArray();
  } else {
    // Apart from texts, and never spliced in: it is the peer's.
    writer.StartObject();
    writer.Key("json");
    put(writer, std::string_view(std::get<journal::Json>(value).text));
    writer.EndObject();
  }
}

std::string text(const Told& told, std::string_view name) {
  const auto found = told.fields.find(name);
  if (found == told.fields.end()) return {};
  if (const auto* number = std::get_if<std::int64_t>(&found->second))
    return fmt::format("{}", *number);
  const auto* value = std::get_if<std::string>(&found->second);
  return value == nullptr ? std::string() : *value;
}

// Nothing that a terminal would act on.
std::string printable(std::string line) {
  for (char& one : line) {
    if (static_cast<unsigned char>(one) < 0x20 || one == 0x7f) one = '?';
  }
  return line;
}

}  // namespace

std::string to_json(const Told& told) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  writer.Key("kind");
  put(writer, std::string_view(told.kind));
  writer.Key("at");
  writer.Int64(told.at.time_since_epoch().count());
  writer.Key("connection");
  writer.Uint64(told.connection);
  writer.Key("peer");
  put(writer, std::string_view(told.peer));
  writer.Key("fields");
  writer.StartObject();
  for (const auto& [name, value] : told.fields) {
    writer.Key(name.c_str());
    put(writer, value);
  }
  writer.EndObject();
  writer.Key("hits");
  writer.StartArray();
  for (const std::string& name : told.hits) put(writer, std::string_view(name));
  writer.EndArray();
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

std::string to_line(const Told& told) {
  std::string line = fmt::format("[{}] {}", told.connection, told.kind);
  if (told.kind == "connection") line += " from " + told.peer;
  if (told.kind == "evaluate") {
    const std::string query = text(told, "query");
    line += fmt::format(" {} {}{}{} ({} octets)", text(told, "method"), text(told, "path"),
                        query.empty() ? "" : "?", query, text(told, "body_size"));
  }
  for (const char* const name :
       {"decision", "reason_code", "code", "malformed", "name", "line", "error"}) {
    const std::string value = text(told, name);
    if (!value.empty()) line += fmt::format(" {}={}", name, value);
  }
  for (const std::string& name : told.hits) line += " fault:" + name;
  return printable(std::move(line));
}

}  // namespace sallyport::sim::middleware::server
