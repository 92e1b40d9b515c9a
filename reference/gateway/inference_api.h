// openshell.inference.v1.Inference without gRPC: the route, and the bundle that supervisors poll.
// Any thread. Each answers with the status that the caller is told.
#pragma once

#include "reference/base/clock.h"
#include "reference/gateway/store.h"
#include "reference/rpc/status.h"

namespace openshell::inference::v1 {
class DeleteInferenceRouteRequest;
class DeleteInferenceRouteResponse;
class GetInferenceBundleResponse;
class GetInferenceRouteRequest;
class GetInferenceRouteResponse;
class SetInferenceRouteRequest;
class SetInferenceRouteResponse;
}  // namespace openshell::inference::v1

namespace sallyport::gateway {

class InferenceApi {
 public:
  // Both must outlive this object.
  InferenceApi(Store& store, const base::Clock& clock) : store_(store), clock_(clock) {}

  [[nodiscard]] rpc::Status bundle(
      openshell::inference::v1::GetInferenceBundleResponse& response) const;
  // No endpoint is probed yet: whatever `no_verify` says, validation_performed is false.
  [[nodiscard]] rpc::Status set(const openshell::inference::v1::SetInferenceRouteRequest& request,
                                openshell::inference::v1::SetInferenceRouteResponse& response);
  [[nodiscard]] rpc::Status get(
      const openshell::inference::v1::GetInferenceRouteRequest& request,
      openshell::inference::v1::GetInferenceRouteResponse& response) const;
  [[nodiscard]] rpc::Status remove(
      const openshell::inference::v1::DeleteInferenceRouteRequest& request,
      openshell::inference::v1::DeleteInferenceRouteResponse& response);

 private:
  Store& store_;
  const base::Clock& clock_;
};

}  // namespace sallyport::gateway
