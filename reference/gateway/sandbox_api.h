// What openshell.v1.OpenShell says of sandboxes, their configuration and credentials, and the
// operator's calls around it, without gRPC. Any thread; update_config waits for services.
#pragma once

#include "reference/base/clock.h"
#include "reference/base/random.h"
#include "reference/gateway/admission.h"
#include "reference/gateway/caller.h"
#include "reference/gateway/store.h"
#include "reference/rpc/status.h"

namespace openshell::sandbox::v1 {
class GetSandboxConfigRequest;
class GetSandboxConfigResponse;
}  // namespace openshell::sandbox::v1
namespace openshell::v1 {
class CreateSandboxRequest;
class DeleteSandboxRequest;
class DeleteSandboxResponse;
class GetSandboxPolicyStatusRequest;
class GetSandboxPolicyStatusResponse;
class GetSandboxProviderEnvironmentRequest;
class GetSandboxProviderEnvironmentResponse;
class GetSandboxRequest;
class ListSandboxesRequest;
class ListSandboxesResponse;
class ReportPolicyStatusRequest;
class ReportPolicyStatusResponse;
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
  // All but `ask` must outlive this object; it and `random` are called from any thread.
  SandboxApi(Store& store, const base::Clock& clock, base::Random& random, AskServices ask)
      : store_(store), clock_(clock), random_(random), ask_(std::move(ask)) {}

  // Its id is ours, its name the request's or one made of the id. Waits for services.
  // INVALID_ARGUMENT also for what of a spec isn't served, by its name.
  [[nodiscard]] rpc::Status create(const openshell::v1::CreateSandboxRequest& request,
                                   openshell::v1::SandboxResponse& response);
  // `deleted` is false when there was none.
  [[nodiscard]] rpc::Status remove(const openshell::v1::DeleteSandboxRequest& request,
                                   openshell::v1::DeleteSandboxResponse& response);

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

  // A whole policy, of a sandbox or of all that have none of their own. Of a sandbox's own
  // principal: what its supervisor made of the policy in force, which is kept beside it and
  // delivered to nobody; PERMISSION_DENIED for another sandbox.
  [[nodiscard]] rpc::Status update_config(const openshell::v1::UpdateConfigRequest& request,
                                          const Caller& caller,
                                          openshell::v1::UpdateConfigResponse& response);

  // Whether a supervisor took the policy in force, and which one it took last.
  [[nodiscard]] rpc::Status policy_status(
      const openshell::v1::GetSandboxPolicyStatusRequest& request,
      openshell::v1::GetSandboxPolicyStatusResponse& response) const;
  // A supervisor's word about its own sandbox.
  [[nodiscard]] rpc::Status report_status(const openshell::v1::ReportPolicyStatusRequest& request,
                                          const Caller& caller,
                                          openshell::v1::ReportPolicyStatusResponse& response);

  [[nodiscard]] rpc::Status set_services(const v1::SetMiddlewareServicesRequest& request);
  [[nodiscard]] rpc::Status revisions(const v1::GetRevisionsRequest& request,
                                      v1::GetRevisionsResponse& response) const;

 private:
  [[nodiscard]] rpc::Status report_effective(const openshell::v1::UpdateConfigRequest& request,
                                             const Caller& caller,
                                             openshell::v1::UpdateConfigResponse& response);

  Store& store_;
  const base::Clock& clock_;
  base::Random& random_;
  AskServices ask_;
};

}  // namespace sallyport::gateway
