#include "reference/gateway/inference_api.h"

#include <fmt/format.h>

#include "openshell/inference/v1/inference.pb.h"
#include "reference/gateway/bundle.h"
#include "reference/gateway/messages.h"

namespace sallyport::gateway {
namespace {

using rpc::Code;

// The name in which a route is stored; nothing for what is neither route.
Answer<std::string> route_name(const std::string& given, const std::string& workspace) {
  if (!is_workspace(workspace)) {
    return refusal(Code::not_found, fmt::format("workspace '{}' was not found", workspace));
  }
  const std::size_t first = given.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return std::string(kUserRoute);
  const std::size_t last = given.find_last_not_of(" \t\r\n");
  const std::string name = given.substr(first, last - first + 1);
  if (name == kUserRoute || name == kSystemRoute) return name;
  return refusal(Code::invalid_argument, fmt::format("there is no route '{}': use '{}' or '{}'",
                                                     name, kUserRoute, kSystemRoute));
}

bool is_blank(const std::string& text) {
  return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

}  // namespace

rpc::Status InferenceApi::bundle(
    openshell::inference::v1::GetInferenceBundleResponse& response) const {
  const std::int64_t now_ms = clock_.wall_ms();
  const Answer<Bundle> resolved = resolve_bundle(store_.snapshot(), now_ms);
  if (!resolved) return resolved.error();
  write_bundle(*resolved, now_ms, response);
  return {};
}

rpc::Status InferenceApi::set(const openshell::inference::v1::SetInferenceRouteRequest& request,
                              openshell::inference::v1::SetInferenceRouteResponse& response) {
  const Answer<std::string> name = route_name(request.route_name(), request.workspace());
  if (!name) return name.error();
  if (is_blank(request.provider_name())) {
    return refusal(Code::invalid_argument, "provider_name is required");
  }
  if (is_blank(request.model_id())) {
    return refusal(Code::invalid_argument, "model_id is required");
  }
  Route route;
  route.provider = request.provider_name();
  route.model = request.model_id();
  route.timeout_s = request.timeout_secs();
  const State state = store_.snapshot();
  const auto provider = state.providers.find(route.provider);
  if (provider != state.providers.end()) {
    const auto resolved = resolve_route(*name, route, provider->second, clock_.wall_ms());
    if (!resolved) return resolved.error();
  }
  const Answer<Route> stored = store_.set_route(*name, route);
  if (!stored) return stored.error();
  response.set_provider_name(stored->provider);
  response.set_model_id(stored->model);
  response.set_version(stored->version);
  response.set_route_name(*name);
  response.set_validation_performed(false);
  response.set_timeout_secs(stored->timeout_s);
  response.set_workspace(std::string(kWorkspace));
  return {};
}

rpc::Status InferenceApi::get(const openshell::inference::v1::GetInferenceRouteRequest& request,
                              openshell::inference::v1::GetInferenceRouteResponse& response) const {
  const Answer<std::string> name = route_name(request.route_name(), request.workspace());
  if (!name) return name.error();
  const State state = store_.snapshot();
  const auto found = state.routes.find(*name);
  if (found == state.routes.end()) {
    return refusal(Code::not_found,
                   fmt::format("inference route '{}' is not configured in workspace '{}'; run: "
                               "sallyport-gateway inference set --provider NAME --model ID",
                               *name, kWorkspace));
  }
  response.set_provider_name(found->second.provider);
  response.set_model_id(found->second.model);
  response.set_version(found->second.version);
  response.set_route_name(*name);
  response.set_timeout_secs(found->second.timeout_s);
  response.set_workspace(std::string(kWorkspace));
  return {};
}

rpc::Status InferenceApi::remove(
    const openshell::inference::v1::DeleteInferenceRouteRequest& request,
    openshell::inference::v1::DeleteInferenceRouteResponse& response) {
  const Answer<std::string> name = route_name(request.route_name(), request.workspace());
  if (!name) return name.error();
  response.set_deleted(store_.delete_route(*name));
  return {};
}

}  // namespace sallyport::gateway
