#include "reference/gateway/client_json.h"

#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <map>

#include "openshell/inference/v1/inference.pb.h"
#include "openshell/v1/openshell.pb.h"
#include "reference/base/diagnostics.h"
#include "reference/base/yaml.h"
#include "reference/gateway/messages.h"
#include "reference/gateway/tables.h"
#include "reference/policy/wire.h"

namespace sallyport::gateway {
namespace {

using JsonWriter = rapidjson::Writer<rapidjson::StringBuffer>;
using ProviderMessage = openshell::datamodel::v1::Provider;
using openshell::inference::v1::GetInferenceRouteResponse;
using openshell::inference::v1::SetInferenceRouteResponse;
using SandboxMessage = openshell::v1::Sandbox;

void write(JsonWriter& out, const std::string& text) {
  out.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void member(JsonWriter& out, const char* key, const std::string& text) {
  out.Key(key);
  write(out, text);
}

void member(JsonWriter& out, const char* key, std::uint64_t number) {
  out.Key(key);
  out.Uint64(number);
}

void member(JsonWriter& out, const char* key, const std::vector<std::string>& texts) {
  out.Key(key);
  out.StartArray();
  for (const std::string& text : texts) write(out, text);
  out.EndArray();
}

std::string text_of(const rapidjson::StringBuffer& buffer) {
  return {buffer.GetString(), buffer.GetSize()};
}

std::vector<std::string> sorted_keys(const google::protobuf::Map<std::string, std::string>& map) {
  std::map<std::string, int> sorted;
  for (const auto& [key, value] : map) sorted.emplace(key, 0);
  std::vector<std::string> keys;
  for (const auto& [key, unused] : sorted) keys.push_back(key);
  return keys;
}

template <class Meta>
std::string annotation(const Meta& meta, std::string_view name) {
  const auto found = meta.annotations().find(std::string(name));
  return found == meta.annotations().end() ? std::string() : found->second;
}

std::string json_of(const ProviderMessage& provider) {
  const auto& meta = provider.metadata();
  rapidjson::StringBuffer buffer;
  JsonWriter out(buffer);
  out.StartObject();
  member(out, "name", meta.name());
  member(out, "id", meta.id());
  member(out, "type", provider.type());
  member(out, "resource_version", static_cast<std::uint64_t>(meta.resource_version()));
  member(out, "credentials", sorted_keys(provider.credentials()));
  out.Key("config");
  out.StartObject();
  for (const std::string& key : sorted_keys(provider.config())) {
    member(out, key.c_str(), provider.config().at(key));
  }
  out.EndObject();
  const std::string endpoints = annotation(meta, kEndpointsAnnotation);
  if (!endpoints.empty()) member(out, "endpoints", endpoints);
  out.EndObject();
  return text_of(buffer);
}

std::vector<std::string> config_pairs_of(const ProviderMessage& provider) {
  std::vector<std::string> all;
  for (const std::string& key : sorted_keys(provider.config())) {
    all.push_back(fmt::format("{}={}", key, provider.config().at(key)));
  }
  return all;
}

std::string policy_kind(const SandboxMessage& sandbox) {
  return sandbox.spec().has_policy() ? annotation(sandbox.metadata(), kPolicyAnnotation) : "global";
}

std::vector<std::string> providers_of(const SandboxMessage& sandbox) {
  return {sandbox.spec().providers().begin(), sandbox.spec().providers().end()};
}

// 0: there is none.
std::string version_of(std::uint64_t version) {
  return version == 0 ? std::string() : fmt::format("{}", version);
}

std::string json_of(const SandboxMessage& sandbox, bool with_policy) {
  const auto& meta = sandbox.metadata();
  rapidjson::StringBuffer buffer;
  JsonWriter out(buffer);
  out.StartObject();
  member(out, "id", meta.id());
  member(out, "name", meta.name());
  member(out, "resource_version", static_cast<std::uint64_t>(meta.resource_version()));
  member(out, "policy_version", std::uint64_t{sandbox.status().current_policy_version()});
  out.Key("own_policy");
  out.Bool(sandbox.spec().has_policy());
  member(out, "policy_is", policy_kind(sandbox));
  member(out, "providers", providers_of(sandbox));
  if (with_policy && sandbox.spec().has_policy()) {
    const std::string document = policy::policy_document(sandbox.spec().policy());
    out.Key("policy");
    out.RawValue(document.data(), document.size(), rapidjson::kObjectType);
  }
  out.EndObject();
  return text_of(buffer);
}

// As people write it, under a line that says what it is.
std::string policy_text(const SandboxMessage& sandbox) {
  if (!sandbox.spec().has_policy()) return {};
  base::Diagnostics ignored;
  const auto document = policy::policy_document(sandbox.spec().policy());
  const auto root = base::yaml::parse(document, "policy", ignored);
  if (root == nullptr) return {};
  std::string text = base::yaml::emit(*root);
  if (!text.ends_with('\n')) text += '\n';
  return fmt::format("---\n{}", text);
}

std::string status_word(const openshell::v1::SandboxPolicyRevision& revision) {
  switch (revision.status()) {
    case openshell::v1::POLICY_STATUS_LOADED:
      return "loaded";
    case openshell::v1::POLICY_STATUS_FAILED:
      return "failed";
    case openshell::v1::POLICY_STATUS_PENDING:
      return "pending";
    default:
      return {};
  }
}

std::string timeout_of(std::uint64_t seconds) {
  return seconds == 0 ? std::string("60s (default)") : fmt::format("{}s", seconds);
}

template <class Response>
void write_route(JsonWriter& out, const Response& route) {
  member(out, "route", route.route_name());
  member(out, "provider", route.provider_name());
  member(out, "model", route.model_id());
  member(out, "timeout_secs", std::uint64_t{route.timeout_secs()});
  member(out, "version", std::uint64_t{route.version()});
}

template <class Items, class Write>
std::string json_array(const Items& items, Write write_one) {
  std::string all = "[";
  for (const auto& item : items) all += (all.size() > 1 ? "," : "") + write_one(item);
  return all + "]";
}

}  // namespace

std::string quoted(const std::string& text) {
  rapidjson::StringBuffer buffer;
  JsonWriter out(buffer);
  write(out, text);
  return text_of(buffer);
}

Shown show(const ProviderMessage& provider) {
  const auto& meta = provider.metadata();
  return {json_of(provider),
          field_lines({{"name", meta.name()},
                       {"type", provider.type()},
                       {"version", version_of(meta.resource_version())},
                       {"credentials", joined(sorted_keys(provider.credentials()))},
                       {"config", joined(config_pairs_of(provider))},
                       {"endpoints", annotation(meta, kEndpointsAnnotation)}})};
}

Shown show_all(const google::protobuf::RepeatedPtrField<ProviderMessage>& providers) {
  Table table({"NAME", "TYPE", "VERSION", "CREDENTIALS"});
  for (const ProviderMessage& provider : providers) {
    const auto& meta = provider.metadata();
    table.add({meta.name(), provider.type(), version_of(meta.resource_version()),
               joined(sorted_keys(provider.credentials()))});
  }
  return {json_array(providers, [](const ProviderMessage& one) { return json_of(one); }),
          table.text()};
}

Shown show(const SandboxMessage& sandbox) {
  const auto& meta = sandbox.metadata();
  const std::string version = version_of(sandbox.status().current_policy_version());
  return {json_of(sandbox, true),
          field_lines({{"name", meta.name()},
                       {"id", meta.id()},
                       {"version", version_of(meta.resource_version())},
                       {"providers", joined(providers_of(sandbox))},
                       {"policy version", version},
                       {"policy", version.empty() ? "" : policy_kind(sandbox)}}) +
              policy_text(sandbox)};
}

Shown show_all(const google::protobuf::RepeatedPtrField<SandboxMessage>& sandboxes) {
  Table table({"NAME", "ID", "POLICY VERSION", "POLICY", "PROVIDERS"});
  for (const SandboxMessage& sandbox : sandboxes) {
    const std::string version = version_of(sandbox.status().current_policy_version());
    table.add({sandbox.metadata().name(), sandbox.metadata().id(), version,
               version.empty() ? "" : policy_kind(sandbox), joined(providers_of(sandbox))});
  }
  return {json_array(sandboxes, [](const SandboxMessage& one) { return json_of(one, false); }),
          table.text()};
}

Shown show(const openshell::v1::GetSandboxPolicyStatusResponse& status) {
  const auto& revision = status.revision();
  rapidjson::StringBuffer buffer;
  JsonWriter out(buffer);
  out.StartObject();
  member(out, "policy_version", std::uint64_t{revision.version()});
  member(out, "policy_hash", revision.policy_hash());
  member(out, "status", status_word(revision));
  member(out, "load_error", revision.load_error());
  member(out, "active_version", std::uint64_t{status.active_version()});
  out.EndObject();
  return {text_of(buffer), field_lines({{"policy version", version_of(revision.version())},
                                        {"status", status_word(revision)},
                                        {"error", revision.load_error()},
                                        {"last loaded", version_of(status.active_version())}})};
}

Shown show(const SetInferenceRouteResponse& route) {
  rapidjson::StringBuffer buffer;
  JsonWriter out(buffer);
  out.StartObject();
  write_route(out, route);
  out.Key("validation_performed");
  out.Bool(route.validation_performed());
  out.Key("validated_endpoints");
  out.StartArray();
  std::string asked = route.validation_performed() ? "" : "endpoints weren't asked\n";
  for (const auto& endpoint : route.validated_endpoints()) {
    out.StartObject();
    member(out, "url", endpoint.url());
    member(out, "protocol", endpoint.protocol());
    out.EndObject();
    asked += fmt::format("verified: {} ({})\n", printable(endpoint.url()),
                         printable(endpoint.protocol()));
  }
  out.EndArray();
  out.EndObject();
  return {text_of(buffer), field_lines({{"route", route.route_name()},
                                        {"provider", route.provider_name()},
                                        {"model", route.model_id()},
                                        {"timeout", timeout_of(route.timeout_secs())},
                                        {"version", version_of(route.version())}}) +
                               asked};
}

Shown show_all(const std::vector<GetInferenceRouteResponse>& routes) {
  Table table({"ROUTE", "PROVIDER", "MODEL", "TIMEOUT", "VERSION"});
  for (const auto& route : routes) {
    table.add({route.route_name(), route.provider_name(), route.model_id(),
               timeout_of(route.timeout_secs()), version_of(route.version())});
  }
  const auto json = [](const GetInferenceRouteResponse& route) {
    rapidjson::StringBuffer buffer;
    JsonWriter out(buffer);
    out.StartObject();
    write_route(out, route);
    out.EndObject();
    return text_of(buffer);
  };
  return {json_array(routes, json), table.text()};
}

}  // namespace sallyport::gateway
