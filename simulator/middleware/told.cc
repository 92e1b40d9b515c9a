#include "simulator/middleware/told.h"

#include "simulator/middleware/json_reader.h"

namespace sallyport::sim::middleware {
namespace {

bool parse(rapidjson::Document& document, std::string_view json) {
  document.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  return !document.HasParseError() && document.IsObject();
}

const Json* member(const Json& object, const char* name) {
  const auto found = object.FindMember(name);
  return found == object.MemberEnd() ? nullptr : &found->value;
}

std::string text_of(const Json* value) {
  return value != nullptr && value->IsString() ? std::string(text_view(*value)) : std::string();
}

// A text, a number, header lines as one list of names and values, or `{json: TEXT}`.
std::optional<journal::Value> read_value(const Json& value) {
  if (value.IsString()) return std::string(text_view(value));
  if (value.IsInt64()) return value.GetInt64();
  if (value.IsObject()) return journal::Json{text_of(member(value, "json"))};
  if (!value.IsArray() || value.Size() % 2 != 0) return std::nullopt;
  journal::HeaderList headers;
  for (rapidjson::SizeType i = 0; i < value.Size(); i += 2)
    headers.emplace_back(text_of(&value[i]), text_of(&value[i + 1]));
  return headers;
}

}  // namespace

std::optional<ToldByService> read_told(std::string_view json) {
  rapidjson::Document document;
  if (!parse(document, json)) return std::nullopt;
  ToldByService told;
  told.kind = text_of(member(document, "kind"));
  const Json* at = member(document, "at");
  if (told.kind.empty() || at == nullptr || !at->IsInt64()) return std::nullopt;
  told.at = base::TimePoint(base::Duration(at->GetInt64()));
  if (const Json* number = member(document, "connection"); number && number->IsUint64())
    told.connection = number->GetUint64();
  told.peer = net::Endpoint::parse(text_of(member(document, "peer")));
  if (const Json* fields = member(document, "fields"); fields && fields->IsObject()) {
    for (const auto& field : fields->GetObject()) {
      if (auto value = read_value(field.value))
        told.fields[std::string(text_view(field.name))] = std::move(*value);
    }
  }
  if (const Json* hits = member(document, "hits"); hits && hits->IsArray()) {
    for (const Json& name : hits->GetArray()) told.hits.push_back(text_of(&name));
  }
  return told;
}

std::optional<std::uint16_t> ready_port(std::string_view line) {
  const std::size_t end = line.find('\n');
  rapidjson::Document document;
  if (end == std::string_view::npos || !parse(document, line.substr(0, end))) return std::nullopt;
  const Json* port = member(document, "port");
  if (port == nullptr || !port->IsUint() || port->GetUint() > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(port->GetUint());
}

std::string request_octets(const journal::Fields& fields) {
  std::string octets;
  if (const auto found = fields.find("headers"); found != fields.end()) {
    if (const auto* lines = std::get_if<journal::HeaderList>(&found->second)) {
      for (const auto& [name, value] : *lines) octets += name + ": " + value + "\n";
    }
  }
  for (const char* const name : {"query", "path", "body"}) {
    const auto found = fields.find(name);
    if (found == fields.end()) continue;
    if (const auto* text = std::get_if<std::string>(&found->second)) octets += *text + "\n";
  }
  return octets;
}

}  // namespace sallyport::sim::middleware
