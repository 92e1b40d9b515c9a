// What is written for the gateway and what is read from it, as text.
#include <fmt/format.h>
#include <rapidjson/document.h>
#include <rapidjson/pointer.h>

#include <algorithm>
#include <cctype>

#include "reference/base/scalars.h"
#include "simulator/subject/gateway.h"

namespace sallyport::sim::subject {
namespace {

std::string map_yaml(const std::map<std::string, std::string>& map) {
  std::string text;
  for (const auto& [name, value] : map)
    text += (text.empty() ? "" : ", ") + name + ": " + quoted(value);
  return "{" + text + "}";
}

std::string record_yaml(const ProviderRecord& record) {
  std::string text =
      fmt::format("  {}:\n    type: {}\n    credentials: {}\n    config: {}\n", record.name,
                  quoted(record.type), map_yaml(record.credentials), map_yaml(record.config));
  if (!record.host.empty()) {
    text +=
        fmt::format("    endpoints: [{{host: {}, port: {}}}]\n", quoted(record.host), record.port);
  }
  return text;
}

std::string sandbox_yaml(const SandboxRecord& sandbox) {
  std::string attached;
  for (const std::string& name : sandbox.attached)
    attached += (attached.empty() ? "" : ", ") + name;
  const std::string token =
      sandbox.token.empty() ? "" : ", token_file: " + quoted(sandbox.name + ".token");
  return fmt::format("  - {{id: {0}, name: {0}, policy: {1}, providers: [{2}]{3}}}\n",
                     quoted(sandbox.name), quoted(sandbox.name + ".policy.yaml"), attached, token);
}

// Worlds are the harness's own: nobody else is on the way to a listener beyond loopback.
std::string access_yaml(const GatewaySpec& spec) {
  if (spec.operator_token.empty()) return "allow_unauthenticated: true\n";
  const bool exposed = !spec.listen.address.is_loopback();
  return std::string("operator_token_file: operator.token\n") + (exposed ? "insecure: true\n" : "");
}

std::string upper(std::string text) {
  const auto raise = [](unsigned char c) {
    return static_cast<char>(std::isalnum(c) != 0 ? std::toupper(c) : '_');
  };
  std::transform(text.begin(), text.end(), text.begin(), raise);
  return text;
}

// A member as text: a string as it is, a number as written; empty when there is none.
std::string text_at(const rapidjson::Document& document, const char* pointer) {
  const rapidjson::Value* const value = rapidjson::Pointer(pointer).Get(document);
  if (value == nullptr) return {};
  if (value->IsString()) return {value->GetString(), value->GetStringLength()};
  if (value->IsUint64()) return std::to_string(value->GetUint64());
  if (value->IsInt64()) return std::to_string(value->GetInt64());
  return {};
}

bool parse_object(const std::string& json, rapidjson::Document& document) {
  document.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  return !document.HasParseError() && document.IsObject();
}

}  // namespace

std::string configuration_yaml(const GatewaySpec& spec) {
  std::string text = "listen: " + quoted(spec.listen.to_string()) + "\n" + access_yaml(spec);
  if (spec.store_file) text += "state: state.db\n";
  if (!spec.name_servers.empty())
    text += fmt::format("resolver: {{servers: [{}], hosts_file: {}}}\n",
                        quoted(spec.name_servers.front().to_string()), quoted(spec.host.hosts));
  if (!spec.upstream_ca_pem.empty()) text += "upstream_ca: upstream-ca.pem\n";
  if (!spec.providers.empty()) text += "providers:\n";
  for (const ProviderRecord& record : spec.providers) text += record_yaml(record);
  if (spec.route) {
    text += fmt::format("inference: {{provider: {}, model: {}{}}}\n", quoted(spec.route->provider),
                        quoted(spec.route->model),
                        spec.route->timeout
                            ? ", timeout: " + base::format_duration(*spec.route->timeout)
                            : std::string());
  }
  if (!spec.middleware.empty()) text += "middleware:\n" + registrations_yaml(spec.middleware);
  if (!spec.sandboxes.empty()) text += "sandboxes:\n";
  for (const SandboxRecord& sandbox : spec.sandboxes) text += sandbox_yaml(sandbox);
  return text;
}

CommandAnswer parse_answer(const std::string& output, const std::vector<std::string>& sandboxes) {
  CommandAnswer answer;
  rapidjson::Document document;
  if (!parse_object(output, document)) return answer;
  answer.code = text_at(document, "/code");
  answer.detail = text_at(document, "/message");
  // Of several it tells each by name.
  const bool several = sandboxes.size() > 1;
  for (const std::string& sandbox : sandboxes) {
    const std::string at = several ? "/revisions_by_sandbox/" + sandbox : "/revisions";
    if (rapidjson::Pointer(at.c_str()).Get(document) == nullptr) continue;
    const auto part = [&](const char* name) { return text_at(document, (at + name).c_str()); };
    answer.revisions[sandbox] = Revisions{part("/config"), part("/bundle"), part("/environment")};
  }
  return answer;
}

std::optional<std::map<std::string, std::string>> call_fields(const std::string& json) {
  rapidjson::Document document;
  if (!parse_object(json, document)) return std::nullopt;
  std::map<std::string, std::string> fields;
  fields["rpc"] = text_at(document, "/rpc");
  fields["code"] = text_at(document, "/code");
  if (fields["rpc"].empty()) return std::nullopt;
  return fields;
}

std::string key_variable(const std::string& type) { return upper(type) + "_API_KEY"; }
std::string base_url_variable(const std::string& type) { return upper(type) + "_BASE_URL"; }

}  // namespace sallyport::sim::subject
