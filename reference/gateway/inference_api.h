// openshell.inference.v1.Inference without gRPC: the route, and the bundle that supervisors poll.
// Any thread. Each answers with the status that the caller is told.
#pragma once

#include <string>
#include <utility>

#include "reference/base/clock.h"
#include "reference/gateway/bundle.h"
#include "reference/gateway/probe.h"
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
  // Store and clock must outlive this object. `ask` is called in the thread of a set(), of several
  // at once.
  InferenceApi(Store& store, const base::Clock& clock, AskEndpoint ask)
      : store_(store), clock_(clock), ask_(std::move(ask)) {}

  [[nodiscard]] rpc::Status bundle(
      openshell::inference::v1::GetInferenceBundleResponse& response) const;
  // Asks the endpoint first, unless `no_verify` (`verify` means nothing, as in the field), and
  // stores nothing when that fails: FAILED_PRECONDITION. ABORTED when route or provider were
  // changed while it was asked.
  [[nodiscard]] rpc::Status set(const openshell::inference::v1::SetInferenceRouteRequest& request,
                                openshell::inference::v1::SetInferenceRouteResponse& response);
  [[nodiscard]] rpc::Status get(
      const openshell::inference::v1::GetInferenceRouteRequest& request,
      openshell::inference::v1::GetInferenceRouteResponse& response) const;
  [[nodiscard]] rpc::Status remove(
      const openshell::inference::v1::DeleteInferenceRouteRequest& request,
      openshell::inference::v1::DeleteInferenceRouteResponse& response);

 private:
  // OK, or why the endpoint isn't taken.
  [[nodiscard]] rpc::Status verify(const std::string& name, const Route& route,
                                   const ResolvedRoute& resolved, const State& before,
                                   openshell::inference::v1::SetInferenceRouteResponse& response);

  Store& store_;
  const base::Clock& clock_;
  AskEndpoint ask_;
};

}  // namespace sallyport::gateway
