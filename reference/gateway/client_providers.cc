// The client's commands about providers.
#include <fmt/format.h>

#include <utility>

#include "openshell/v1/openshell.pb.h"
#include "reference/gateway/client_calls.h"
#include "reference/gateway/config_parts.h"
#include "reference/gateway/messages.h"
#include "sallyport/gateway/v1/admin.pb.h"

namespace sallyport::gateway {
namespace {

namespace wire = ::openshell::v1;

std::pair<std::string, std::string> split_pair(const std::string& text) {
  const std::size_t at = text.find('=');
  return {text.substr(0, at), text.substr(at + 1)};
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

}  // namespace

Outcome write_provider(const ClientFlags& flags, const Environment& environment,
                       const CallGateway& call) {
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

Outcome delete_provider(const ClientFlags& flags, const CallGateway& call) {
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

Outcome get_provider(const ClientFlags& flags, const CallGateway& call) {
  wire::GetProviderRequest request;
  request.set_name(flags.name);
  wire::ProviderResponse response;
  rpc::Status status = call(method(kOpenShell, "GetProvider"), request, response);
  return ended(std::move(status), show(response.provider()));
}

Outcome list_providers(const CallGateway& call) {
  wire::ListProvidersResponse response;
  rpc::Status status =
      call(method(kOpenShell, "ListProviders"), wire::ListProvidersRequest{}, response);
  return ended(std::move(status), show_all(response.providers()));
}

}  // namespace sallyport::gateway
