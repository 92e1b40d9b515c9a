// What openshell.v1.OpenShell says of sandboxes, their configuration and credentials, and the
// operator's calls around it, without gRPC. Any thread; update_config waits for services.
#pragma once

#include "reference/base/clock.h"
#include "reference/gateway/admission.h"
#include "reference/gateway/store.h"
#include "reference/rpc/status.h"

namespace openshell::sandbox::v1 {
class GetSandboxConfigRequest;
class GetSandboxConfigResponse;
}  // namespace openshell::sandbox::v1
namespace openshell::v1 {
class GetSandboxProviderEnvironmentRequest;
class GetSandboxProviderEnvironmentResponse;
class GetSandboxRequest;
class ListSandboxesRequest;
class ListSandboxesResponse;
class SandboxResponse;
class UpdateConfigRequest;
class UpdateConfigResponse;
}  // namespace openshell::v1
namespace sallyport::gateway::v1 {
class GetRevisionsRequest;
class GetRevisionsResponse;
class SetMiddlewareServicesRequest;
}  // namespace sallyport::gateway::v1

namespace sallyport::gateway {

class SandboxApi {
 public:
  // Store and clock must outlive this object; `ask` is called from any thread.
  SandboxApi(Store& store, const base::Clock& clock, AskServices ask)
      : store_(store), clock_(clock), ask_(std::move(ask)) {}

  [[nodiscard]] rpc::Status get(const openshell::v1::GetSandboxRequest& request,
                                openshell::v1::SandboxResponse& response) const;
  [[nodiscard]] rpc::Status list(const openshell::v1::ListSandboxesRequest& request,
                                 openshell::v1::ListSandboxesResponse& response) const;

  [[nodiscard]] rpc::Status config(
      const openshell::sandbox::v1::GetSandboxConfigRequest& request,
      openshell::sandbox::v1::GetSandboxConfigResponse& response) const;
  [[nodiscard]] rpc::Status environment(
      const openshell::v1::GetSandboxProviderEnvironmentRequest& request,
      openshell::v1::GetSandboxProviderEnvironmentResponse& response) const;

  // A whole policy, of a sandbox or of all that have none of their own.
  [[nodiscard]] rpc::Status update_config(const openshell::v1::UpdateConfigRequest& request,
                                          openshell::v1::UpdateConfigResponse& response);

  [[nodiscard]] rpc::Status set_services(const v1::SetMiddlewareServicesRequest& request);
  [[nodiscard]] rpc::Status revisions(const v1::GetRevisionsRequest& request,
                                      v1::GetRevisionsResponse& response) const;

 private:
  Store& store_;
  const base::Clock& clock_;
  AskServices ask_;
};

}  // namespace sallyport::gateway
