#include "reference/gateway/client_json.h"

#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <map>

#include "openshell/inference/v1/inference.pb.h"
#include "openshell/v1/openshell.pb.h"

namespace sallyport::gateway {
namespace {

using JsonWriter = rapidjson::Writer<rapidjson::StringBuffer>;

void write(JsonWriter& out, const std::string& text) {
  out.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void member(JsonWriter& out, const char* key, const std::string& text) {
  out.Key(key);
  write(out, text);
}

std::string text_of(const rapidjson::StringBuffer& buffer) {
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace

std::string quoted(const std::string& text) {
  rapidjson::StringBuffer buffer;
  JsonWriter out(buffer);
  write(out, text);
  return text_of(buffer);
}

Shown show(const openshell::datamodel::v1::Provider& provider) {
  const auto& meta = provider.metadata();
  rapidjson::StringBuffer buffer;
  JsonWriter out(buffer);
  out.StartObject();
  member(out, "name", meta.name());
  member(out, "id", meta.id());
  member(out, "type", provider.type());
  out.Key("resource_version");
  out.Uint64(meta.resource_version());
  std::map<std::string, std::string> sorted(provider.credentials().begin(),
                                            provider.credentials().end());
  std::string keys;
  out.Key("credentials");
  out.StartArray();
  for (const auto& [key, value] : sorted) {
    write(out, key);
    keys += fmt::format("{}{}", keys.empty() ? "" : ",", key);
  }
  out.EndArray();
  sorted = {provider.config().begin(), provider.config().end()};
  out.Key("config");
  out.StartObject();
  for (const auto& [key, value] : sorted) member(out, key.c_str(), value);
  out.EndObject();
  for (const auto& [key, value] : meta.annotations()) {
    if (key == "sallyport.endpoints") member(out, "endpoints", value);
  }
  out.EndObject();
  return {text_of(buffer), fmt::format("{}\ttype {}\tversion {}\tcredentials {}\n", meta.name(),
                                       provider.type(), meta.resource_version(), keys)};
}

Shown show(const openshell::v1::Sandbox& sandbox) {
  const auto& meta = sandbox.metadata();
  rapidjson::StringBuffer buffer;
  JsonWriter out(buffer);
  out.StartObject();
  member(out, "id", meta.id());
  member(out, "name", meta.name());
  out.Key("resource_version");
  out.Uint64(meta.resource_version());
  out.Key("policy_version");
  out.Uint(sandbox.status().current_policy_version());
  out.Key("own_policy");
  out.Bool(sandbox.spec().has_policy());
  std::string providers;
  out.Key("providers");
  out.StartArray();
  for (const std::string& name : sandbox.spec().providers()) {
    write(out, name);
    providers += fmt::format("{}{}", providers.empty() ? "" : ",", name);
  }
  out.EndArray();
  out.EndObject();
  return {text_of(buffer),
          fmt::format("{}\tname {}\tpolicy version {}\tproviders {}\n", meta.id(), meta.name(),
                      sandbox.status().current_policy_version(), providers)};
}

template <class Response>
Shown show_route(const Response& route) {
  rapidjson::StringBuffer buffer;
  JsonWriter out(buffer);
  out.StartObject();
  member(out, "route", route.route_name());
  member(out, "provider", route.provider_name());
  member(out, "model", route.model_id());
  out.Key("timeout_secs");
  out.Uint64(route.timeout_secs());
  out.Key("version");
  out.Uint64(route.version());
  out.EndObject();
  const std::string timeout = route.timeout_secs() == 0 ? std::string("60s (default)")
                                                        : fmt::format("{}s", route.timeout_secs());
  return {text_of(buffer),
          fmt::format("{}\tprovider {}\tmodel {}\ttimeout {}\tversion {}\n", route.route_name(),
                      route.provider_name(), route.model_id(), timeout, route.version())};
}

template Shown show_route(const openshell::inference::v1::SetInferenceRouteResponse&);
template Shown show_route(const openshell::inference::v1::GetInferenceRouteResponse&);

}  // namespace sallyport::gateway
