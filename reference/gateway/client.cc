#include "reference/gateway/client.h"

#include <fmt/format.h>

#include <utility>

#include "openshell/inference/v1/inference.pb.h"
#include "openshell/v1/openshell.pb.h"
#include "reference/gateway/client_json.h"
#include "reference/gateway/config_parts.h"
#include "reference/gateway/messages.h"
#include "sallyport/gateway/v1/admin.pb.h"

namespace sallyport::gateway {
namespace {

namespace inference = ::openshell::inference::v1;
namespace wire = ::openshell::v1;

constexpr std::string_view kInference = "/openshell.inference.v1.Inference/";
constexpr std::string_view kOpenShell = "/openshell.v1.OpenShell/";
constexpr std::string_view kAdmin = "/sallyport.gateway.v1.Admin/";

std::string method(std::string_view service, std::string_view name) {
  return std::string(service).append(name);
}

std::pair<std::string, std::string> split_pair(const std::string& text) {
  const std::size_t at = text.find('=');
  return {text.substr(0, at), text.substr(at + 1)};
}

Outcome mistaken(std::string why) {
  Outcome outcome;
  outcome.mistake = std::move(why);
  return outcome;
}

Outcome ended(rpc::Status status, Shown shown = {}) {
  Outcome outcome;
  outcome.status = std::move(status);
  outcome.json = std::move(shown.json);
  outcome.text = std::move(shown.text);
  return outcome;
}

// From variables and files. What is wrong, or nothing.
std::string read_credentials(const ClientFlags& flags, const Environment& environment,
                             openshell::datamodel::v1::Provider& into) {
  for (const std::string& name : flags.credentials) {
    const auto value = environment(name);
    if (!value || value->empty()) {
      return fmt::format("environment variable {} is {}", name, value ? "empty" : "not set");
    }
    (*into.mutable_credentials())[name] = *value;
  }
  for (const std::string& text : flags.credential_files) {
    const auto [name, path] = split_pair(text);
    std::string why;
    auto value = read_small_file(path, kValueBytesMax + 2, why);
    if (!value) return why;
    while (!value->empty() && (value->back() == '\n' || value->back() == '\r')) value->pop_back();
    if (value->empty()) return fmt::format("{} is empty", path);
    (*into.mutable_credentials())[name] = *value;
  }
  for (const std::string& name : flags.remove_credentials) {
    (*into.mutable_credentials())[name] = "";
  }
  return {};
}

Outcome write_provider(const ClientFlags& flags, const Environment& environment,
                       const Caller& call) {
  openshell::datamodel::v1::Provider provider;
  provider.mutable_metadata()->set_name(flags.name);
  provider.mutable_metadata()->set_resource_version(flags.version);
  provider.set_type(flags.type);
  if (std::string why = read_credentials(flags, environment, provider); !why.empty()) {
    return mistaken(why);
  }
  for (const std::string& text : flags.config) {
    const auto [key, value] = split_pair(text);
    (*provider.mutable_config())[key] = value;
  }
  std::string endpoints;
  for (const std::string& one : flags.endpoints) endpoints += one + " ";
  if (!endpoints.empty()) {
    auto& annotations = *provider.mutable_metadata()->mutable_annotations();
    annotations[std::string(kEndpointsAnnotation)] = endpoints;
  }
  wire::ProviderResponse response;
  rpc::Status status;
  if (flags.verb == Verb::provider_create) {
    wire::CreateProviderRequest request;
    *request.mutable_provider() = std::move(provider);
    status = call(method(kOpenShell, "CreateProvider"), request, response);
  } else {
    wire::UpdateProviderRequest request;
    *request.mutable_provider() = std::move(provider);
    status = call(method(kOpenShell, "UpdateProvider"), request, response);
  }
  return ended(std::move(status), show(response.provider()));
}

Outcome deleted(rpc::Status status, bool there, const std::string& what) {
  const Shown shown{fmt::format("{{\"deleted\":{}}}", there),
                    fmt::format("{} {}\n", what, there ? "is deleted" : "was not there")};
  return ended(std::move(status), shown);
}

Outcome delete_provider(const ClientFlags& flags, const Caller& call) {
  if (flags.force) {
    v1::ForceDeleteProviderRequest request;
    request.set_name(flags.name);
    v1::ForceDeleteProviderResponse response;
    rpc::Status status = call(method(kAdmin, "ForceDeleteProvider"), request, response);
    return deleted(std::move(status), response.deleted(), "provider " + flags.name);
  }
  wire::DeleteProviderRequest request;
  request.set_name(flags.name);
  wire::DeleteProviderResponse response;
  rpc::Status status = call(method(kOpenShell, "DeleteProvider"), request, response);
  return deleted(std::move(status), response.deleted(), "provider " + flags.name);
}

Outcome get_provider(const ClientFlags& flags, const Caller& call) {
  wire::GetProviderRequest request;
  request.set_name(flags.name);
  wire::ProviderResponse response;
  rpc::Status status = call(method(kOpenShell, "GetProvider"), request, response);
  return ended(std::move(status), show(response.provider()));
}

// [..] and a line each.
template <class Items>
Shown show_all(const Items& items) {
  Shown all{"[", ""};
  for (const auto& item : items) {
    const Shown one = show(item);
    all.json += (all.json.size() > 1 ? "," : "") + one.json;
    all.text += one.text;
  }
  all.json += "]";
  return all;
}

Outcome list_providers(const Caller& call) {
  wire::ListProvidersResponse response;
  rpc::Status status =
      call(method(kOpenShell, "ListProviders"), wire::ListProvidersRequest{}, response);
  return ended(std::move(status), show_all(response.providers()));
}

std::string route_of(const ClientFlags& flags) {
  return std::string(flags.system ? kSystemRoute : kUserRoute);
}

rpc::Status get_route(const std::string& name, const Caller& call,
                      inference::GetInferenceRouteResponse& response) {
  inference::GetInferenceRouteRequest request;
  request.set_route_name(name);
  return call(method(kInference, "GetInferenceRoute"), request, response);
}

Outcome set_route(const ClientFlags& flags, const Caller& call) {
  inference::SetInferenceRouteRequest request;
  request.set_route_name(route_of(flags));
  request.set_no_verify(true);
  if (flags.verb == Verb::inference_update) {
    inference::GetInferenceRouteResponse now;
    if (rpc::Status status = get_route(route_of(flags), call, now); !status.ok()) {
      return ended(std::move(status));
    }
    request.set_provider_name(now.provider_name());
    request.set_model_id(now.model_id());
    request.set_timeout_secs(now.timeout_secs());
  }
  if (flags.provider) request.set_provider_name(*flags.provider);
  if (flags.model) request.set_model_id(*flags.model);
  if (flags.route_timeout_s) request.set_timeout_secs(*flags.route_timeout_s);
  inference::SetInferenceRouteResponse response;
  rpc::Status status = call(method(kInference, "SetInferenceRoute"), request, response);
  return ended(std::move(status), show_route(response));
}

// The routes that there are; none is no failure.
Outcome get_routes(const ClientFlags& flags, const Caller& call) {
  Shown all{"[", ""};
  for (const std::string_view name : {kUserRoute, kSystemRoute}) {
    if (flags.system && name == kUserRoute) continue;
    inference::GetInferenceRouteResponse response;
    rpc::Status status = get_route(std::string(name), call, response);
    if (status.code == rpc::Code::not_found) {
      all.text += fmt::format("{}\tnot configured\n", name);
      continue;
    }
    if (!status.ok()) return ended(std::move(status));
    const Shown one = show_route(response);
    all.json += (all.json.size() > 1 ? "," : "") + one.json;
    all.text += one.text;
  }
  all.json += "]";
  return ended({}, all);
}

Outcome delete_route(const ClientFlags& flags, const Caller& call) {
  inference::DeleteInferenceRouteRequest request;
  request.set_route_name(route_of(flags));
  inference::DeleteInferenceRouteResponse response;
  rpc::Status status = call(method(kInference, "DeleteInferenceRoute"), request, response);
  return deleted(std::move(status), response.deleted(), "route " + route_of(flags));
}

Outcome set_policy(const ClientFlags& flags, const Caller& call) {
  base::Diagnostics complaints;
  wire::UpdateConfigRequest request;
  *request.mutable_policy() = read_policy_file(flags.file, complaints);
  if (!complaints.empty()) return mistaken(complaints.to_string());
  std::vector<std::string> sandboxes = flags.sandboxes;
  if (sandboxes.empty()) sandboxes.push_back(flags.sandbox);
  wire::UpdateConfigResponse response;
  rpc::Status status;
  for (const std::string& sandbox : sandboxes) {
    request.set_name(sandbox);
    request.set_global(sandbox.empty());
    status = call(method(kOpenShell, "UpdateConfig"), request, response);
    if (!status.ok()) break;
  }
  const Shown shown{fmt::format(R"({{"version":{},"policy_hash":{}}})", response.version(),
                                quoted(response.policy_hash())),
                    fmt::format("policy version {}\n", response.version())};
  return ended(std::move(status), shown);
}

Outcome set_middleware(const ClientFlags& flags, const Caller& call) {
  base::Diagnostics complaints;
  const std::vector<Registration> all = read_registrations_file(flags.file, complaints);
  if (!complaints.empty()) return mistaken(complaints.to_string());
  v1::SetMiddlewareServicesRequest request;
  for (const Registration& one : all) write_registration(one, *request.add_services());
  v1::SetMiddlewareServicesResponse response;
  rpc::Status status = call(method(kAdmin, "SetMiddlewareServices"), request, response);
  const Shown shown{fmt::format(R"({{"services":{}}})", all.size()),
                    fmt::format("{} registrations\n", all.size())};
  return ended(std::move(status), shown);
}

Outcome get_sandbox(const ClientFlags& flags, const Caller& call) {
  wire::GetSandboxRequest request;
  request.set_name(flags.name);
  wire::SandboxResponse response;
  rpc::Status status = call(method(kOpenShell, "GetSandbox"), request, response);
  return ended(std::move(status), show(response.sandbox()));
}

Outcome list_sandboxes(const Caller& call) {
  wire::ListSandboxesResponse response;
  rpc::Status status =
      call(method(kOpenShell, "ListSandboxes"), wire::ListSandboxesRequest{}, response);
  return ended(std::move(status), show_all(response.sandboxes()));
}

Outcome health(const Caller& call) {
  wire::HealthResponse response;
  rpc::Status status = call(method(kOpenShell, "Health"), wire::HealthRequest{}, response);
  const bool healthy = response.status() == wire::SERVICE_STATUS_HEALTHY;
  const Shown shown{
      fmt::format(R"({{"healthy":{},"version":{}}})", healthy, quoted(response.version())),
      fmt::format("{}, version {}\n", healthy ? "healthy" : "not healthy", response.version())};
  return ended(std::move(status), shown);
}

}  // namespace

Outcome execute(const ClientFlags& flags, const Environment& environment, const Caller& call) {
  switch (flags.verb) {
    case Verb::provider_create:
    case Verb::provider_update:
      return write_provider(flags, environment, call);
    case Verb::provider_get:
      return get_provider(flags, call);
    case Verb::provider_list:
      return list_providers(call);
    case Verb::provider_delete:
      return delete_provider(flags, call);
    case Verb::inference_set:
    case Verb::inference_update:
      return set_route(flags, call);
    case Verb::inference_get:
      return get_routes(flags, call);
    case Verb::inference_delete:
      return delete_route(flags, call);
    case Verb::policy_set:
      return set_policy(flags, call);
    case Verb::middleware_set:
      return set_middleware(flags, call);
    case Verb::sandbox_get:
      return get_sandbox(flags, call);
    case Verb::sandbox_list:
      return list_sandboxes(call);
    case Verb::status:
      break;
  }
  return health(call);
}

std::string revisions_json(const std::string& sandbox, const Caller& call) {
  v1::GetRevisionsRequest request;
  request.set_sandbox_id(sandbox);
  v1::GetRevisionsResponse response;
  if (!call(method(kAdmin, "GetRevisions"), request, response).ok()) return {};
  const auto number = [](std::uint64_t value) {
    return value == 0 ? std::string() : fmt::format("{}", value);
  };
  return fmt::format(R"({{"config":{},"bundle":{},"environment":{}}})",
                     quoted(number(response.config_revision())), quoted(response.bundle_revision()),
                     quoted(number(response.provider_env_revision())));
}

std::string all_revisions_json(const std::vector<std::string>& sandboxes, const Caller& call) {
  std::string members;
  for (const std::string& sandbox : sandboxes) {
    const std::string one = revisions_json(sandbox, call);
    if (!one.empty()) members += (members.empty() ? "" : ",") + quoted(sandbox) + ":" + one;
  }
  return "{" + members + "}";
}

std::string json_line(const Outcome& outcome, const std::string& revisions,
                      const std::string& all_revisions) {
  if (outcome.mistake.empty() && outcome.status.ok()) {
    std::string more = revisions.empty() ? "" : ",\"revisions\":" + revisions;
    if (!all_revisions.empty()) more += ",\"revisions_by_sandbox\":" + all_revisions;
    return fmt::format("{{\"code\":\"OK\",\"result\":{}{}}}\n", outcome.json, more);
  }
  const bool mistaken = !outcome.mistake.empty();
  const rpc::Code code = mistaken ? rpc::Code::invalid_argument : outcome.status.code;
  return fmt::format("{{\"code\":\"{}\",\"message\":{}}}\n", rpc::code_name(code),
                     quoted(mistaken ? outcome.mistake : outcome.status.message));
}

int exit_code(const Outcome& outcome) {
  if (!outcome.mistake.empty()) return 2;
  if (outcome.status.ok()) return 0;
  const bool unreachable = outcome.status.code == rpc::Code::unavailable ||
                           outcome.status.code == rpc::Code::deadline_exceeded;
  return unreachable ? 3 : 1;
}

}  // namespace sallyport::gateway
