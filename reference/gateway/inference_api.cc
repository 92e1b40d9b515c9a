#include "reference/gateway/inference_api.h"

#include <fmt/format.h>

#include "openshell/inference/v1/inference.pb.h"
#include "reference/gateway/bundle.h"
#include "reference/gateway/messages.h"
#include "reference/http/local_response.h"

namespace sallyport::gateway {
namespace {

using rpc::Code;

std::string trimmed(const std::string& given) {
  const std::size_t first = given.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return {};
  return given.substr(first, given.find_last_not_of(" \t\r\n") - first + 1);
}

// The field's other route, for the use of supervisors themselves. Nobody here would use it, so it
// can't be set; who asks for it or deletes it is told that there is none.
bool is_reserved(const std::string& given) { return trimmed(given) == kSystemRoute; }

// The name in which the route is stored; nothing for any other.
Answer<std::string> route_name(const std::string& given, const std::string& workspace) {
  if (!is_workspace(workspace)) {
    return refusal(Code::not_found, fmt::format("workspace '{}' was not found", workspace));
  }
  const std::string name = trimmed(given);
  if (name.empty() || name == kUserRoute) return std::string(kUserRoute);
  const std::string_view why = is_reserved(name) ? "is reserved" : "doesn't exist";
  return refusal(Code::invalid_argument,
                 fmt::format("the route '{}' {}: use '{}'", name, why, kUserRoute));
}

bool is_blank(const std::string& text) {
  return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

// As a supervisor would have it from the bundle.
inference::Route servable(const ResolvedRoute& resolved) {
  inference::Route route;
  std::string reason;
  route.name = resolved.name;
  route.base = inference::parse_base_url(resolved.base_url, reason).value();
  route.model = resolved.model;
  route.model_json = http::json_string(resolved.model);
  route.provider_type = resolved.provider_type;
  route.protocols = resolved.protocols;
  route.api_key = resolved.api_key;
  inference::adopt_profile(*inference::find_profile(resolved.provider_type), route);
  return route;
}

// Of the record at that place: 0 when there is none.
template <class Records>
std::uint64_t version_in(const Records& records, const std::string& name) {
  const auto found = records.find(name);
  return found == records.end() ? 0 : found->second.version;
}

}  // namespace

rpc::Status InferenceApi::bundle(
    openshell::inference::v1::GetInferenceBundleResponse& response) const {
  const std::int64_t now_ms = clock_.wall_ms();
  const Answer<Bundle> resolved = resolve_bundle(*store_.current(), now_ms);
  if (!resolved) return resolved.error();
  write_bundle(*resolved, now_ms, response);
  return {};
}

rpc::Status InferenceApi::verify(const std::string& name, const Route& route,
                                 const ResolvedRoute& resolved, const State& before,
                                 openshell::inference::v1::SetInferenceRouteResponse& response) {
  const inference::ProbeVerdict verdict = ask_(servable(resolved));
  if (!verdict.passed) {
    return refusal(
        Code::failed_precondition,
        inference::refusal_text(verdict, route.provider, route.model, resolved.base_url));
  }
  // That took its time: what was asked about must be what is stored, and a later word stands.
  const State now = store_.snapshot();
  if (version_in(now.providers, route.provider) != version_in(before.providers, route.provider)) {
    return refusal(Code::aborted, fmt::format("provider '{}' was changed while its endpoint was "
                                              "asked; try again",
                                              route.provider));
  }
  if (version_in(now.routes, name) != version_in(before.routes, name)) {
    return refusal(Code::aborted,
                   fmt::format("inference route '{}' was changed meanwhile; try again", name));
  }
  auto& validated = *response.add_validated_endpoints();
  validated.set_url(verdict.url);
  validated.set_protocol(verdict.protocol);
  response.set_validation_performed(true);
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
    if (!request.no_verify()) {
      rpc::Status asked = verify(*name, route, *resolved, state, response);
      if (!asked.ok()) return asked;
    }
  }
  const Answer<Route> stored = store_.set_route(*name, route);
  if (!stored) return stored.error();
  response.set_provider_name(stored->provider);
  response.set_model_id(stored->model);
  response.set_version(stored->version);
  response.set_route_name(*name);
  response.set_timeout_secs(stored->timeout_s);
  response.set_workspace(std::string(kWorkspace));
  return {};
}

rpc::Status InferenceApi::get(const openshell::inference::v1::GetInferenceRouteRequest& request,
                              openshell::inference::v1::GetInferenceRouteResponse& response) const {
  if (is_reserved(request.route_name())) {
    return refusal(Code::not_found,
                   fmt::format("the route '{}' is reserved: it can't be set", kSystemRoute));
  }
  const Answer<std::string> name = route_name(request.route_name(), request.workspace());
  if (!name) return name.error();
  const auto state = store_.current();
  const auto found = state->routes.find(*name);
  if (found == state->routes.end()) {
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
  response.set_deleted(false);
  if (is_reserved(request.route_name())) return {};
  const Answer<std::string> name = route_name(request.route_name(), request.workspace());
  if (!name) return name.error();
  const Answer<bool> deleted = store_.delete_route(*name);
  if (!deleted) return deleted.error();
  response.set_deleted(*deleted);
  return {};
}

}  // namespace sallyport::gateway
