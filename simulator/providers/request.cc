#include "simulator/providers/request.h"

#include <rapidjson/reader.h>

#include <utility>

#include "simulator/providers/base64.h"

namespace sallyport::sim::providers {
namespace {

bool is_json(const std::string& text) {
  if (text.empty()) return false;
  rapidjson::Reader reader;
  rapidjson::BaseReaderHandler<> ignore;
  rapidjson::MemoryStream in(text.data(), text.size());
  return !reader.Parse<rapidjson::kParseIterativeFlag>(in, ignore).IsError();
}

std::string framing_of(const Request& request) {
  if (!request.complete) return "incomplete";
  switch (request.message.framing) {
    case wire::HttpMessage::Framing::length:
      return "length";
    case wire::HttpMessage::Framing::chunked:
      return "chunked";
    default:
      return "none";
  }
}

// Of `SCHEME CREDENTIAL`; one word is all credential.
std::pair<std::string, std::string> scheme_and_rest(const std::string& value) {
  const auto blank = value.find(' ');
  if (blank == std::string::npos) return {{}, value};
  return {value.substr(0, blank), value.substr(blank + 1)};
}

}  // namespace

std::vector<std::string> credentials(const wire::HttpMessage& message) {
  if (const auto* value = wire::find_header(message.headers, "authorization")) {
    const auto [scheme, rest] = scheme_and_rest(*value);
    return {wire::equal_names(scheme, "bearer") ? rest : *value};
  }
  for (const std::string_view name : {"x-api-key", "api-key"}) {
    if (const auto* value = wire::find_header(message.headers, name)) return {*value};
  }
  return {};
}

std::vector<std::string> proxy_credentials(const wire::HttpMessage& message) {
  const auto* const value = wire::find_header(message.headers, "proxy-authorization");
  if (value == nullptr) return {};
  const auto [scheme, rest] = scheme_and_rest(*value);
  if (!wire::equal_names(scheme, "basic")) return {rest};
  const auto pair = from_base64(rest);
  if (!pair) return {rest};
  const auto colon = pair->find(':');
  if (colon == std::string::npos) return {*pair};
  return {pair->substr(colon + 1), pair->substr(0, colon), *pair};
}

std::string user_agent_nonce(const wire::HttpMessage& message) {
  constexpr std::string_view kOurs = "sallyport ";
  const auto* value = wire::find_header(message.headers, "user-agent");
  return value != nullptr && value->starts_with(kOurs) ? value->substr(kOurs.size())
                                                       : std::string();
}

journal::Fields fields_of(const Request& request) {
  const wire::HttpMessage& message = request.message;
  journal::Fields fields;
  fields["method"] = message.method;
  fields["target"] = message.target;
  fields["path"] = message.path();
  fields["query"] = message.query();
  fields["headers"] = message.headers;
  fields["body"] = message.body;
  fields["body_size"] = static_cast<std::int64_t>(message.body_size);
  if (is_json(message.body)) fields["json"] = journal::Json{message.body};
  fields["framing"] = framing_of(request);
  fields["version"] = message.version;
  fields["key"] = request.key;
  if (!request.nonce.empty()) fields["nonce"] = request.nonce;
  return fields;
}

journal::Lookup variables(const Request& request, const journal::Lookup& others) {
  return [&request, &others](std::string_view name) -> std::optional<std::string> {
    constexpr std::string_view kHeader = "request.header.";
    const wire::HttpMessage& message = request.message;
    if (name == "request.nonce") return request.nonce;
    if (name == "request.method") return message.method;
    if (name == "request.path") return message.path();
    if (name == "request.query") return message.query();
    if (name == "request.body") return message.body;
    if (name.starts_with(kHeader)) {
      const auto* value = wire::find_header(message.headers, name.substr(kHeader.size()));
      return value != nullptr ? *value : std::string();
    }
    return others ? others(name) : std::nullopt;
  };
}

}  // namespace sallyport::sim::providers
