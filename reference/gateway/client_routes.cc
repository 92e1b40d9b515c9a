// The client's commands about the inference route.
#include <utility>

#include "openshell/inference/v1/inference.pb.h"
#include "reference/gateway/client_calls.h"

namespace sallyport::gateway {
namespace {

namespace inference = ::openshell::inference::v1;

rpc::Status get_route(const CallGateway& call, inference::GetInferenceRouteResponse& response) {
  inference::GetInferenceRouteRequest request;
  request.set_route_name(std::string(kUserRoute));
  return call(method(kInference, "GetInferenceRoute"), request, response);
}

}  // namespace

// An update is a whole route too, and its endpoint is asked again.
Outcome set_route(const ClientFlags& flags, const CallGateway& call) {
  inference::SetInferenceRouteRequest request;
  request.set_route_name(std::string(kUserRoute));
  request.set_no_verify(flags.no_verify);
  if (flags.verb == Verb::inference_update) {
    inference::GetInferenceRouteResponse now;
    if (rpc::Status status = get_route(call, now); !status.ok()) {
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
  return ended(std::move(status), show(response));
}

// That there is none is no failure.
Outcome get_routes(const CallGateway& call) {
  std::vector<inference::GetInferenceRouteResponse> routes(1);
  rpc::Status status = get_route(call, routes.front());
  if (status.code == rpc::Code::not_found) {
    routes.clear();
    status = {};
  }
  return ended(std::move(status), show_all(routes));
}

Outcome delete_route(const CallGateway& call) {
  inference::DeleteInferenceRouteRequest request;
  request.set_route_name(std::string(kUserRoute));
  inference::DeleteInferenceRouteResponse response;
  rpc::Status status = call(method(kInference, "DeleteInferenceRoute"), request, response);
  return deleted(std::move(status), response.deleted(), "route " + std::string(kUserRoute));
}

}  // namespace sallyport::gateway
