// The provider calls of openshell.v1.OpenShell without gRPC. Any thread. Each answers with the
// status that the caller is told; no answer holds a credential's value.
#pragma once

#include "reference/base/clock.h"
#include "reference/base/random.h"
#include "reference/gateway/store.h"
#include "reference/rpc/status.h"

namespace openshell::v1 {
class AttachSandboxProviderRequest;
class AttachSandboxProviderResponse;
class CreateProviderRequest;
class DeleteProviderRequest;
class DeleteProviderResponse;
class DetachSandboxProviderRequest;
class DetachSandboxProviderResponse;
class GetProviderRequest;
class ListProvidersRequest;
class ListProvidersResponse;
class ListSandboxProvidersRequest;
class ListSandboxProvidersResponse;
class ProviderResponse;
class UpdateProviderRequest;
}  // namespace openshell::v1
namespace sallyport::gateway::v1 {
class ForceDeleteProviderRequest;
class ForceDeleteProviderResponse;
}  // namespace sallyport::gateway::v1

namespace sallyport::gateway {

class ProviderApi {
 public:
  // All must outlive this object; `random` is called from any thread.
  ProviderApi(Store& store, const base::Clock& clock, base::Random& random)
      : store_(store), clock_(clock), random_(random) {}

  [[nodiscard]] rpc::Status create(const openshell::v1::CreateProviderRequest& request,
                                   openshell::v1::ProviderResponse& response);
  [[nodiscard]] rpc::Status get(const openshell::v1::GetProviderRequest& request,
                                openshell::v1::ProviderResponse& response) const;
  [[nodiscard]] rpc::Status list(const openshell::v1::ListProvidersRequest& request,
                                 openshell::v1::ListProvidersResponse& response) const;
  [[nodiscard]] rpc::Status update(const openshell::v1::UpdateProviderRequest& request,
                                   openshell::v1::ProviderResponse& response);
  [[nodiscard]] rpc::Status remove(const openshell::v1::DeleteProviderRequest& request,
                                   openshell::v1::DeleteProviderResponse& response);
  [[nodiscard]] rpc::Status force_remove(const v1::ForceDeleteProviderRequest& request,
                                         v1::ForceDeleteProviderResponse& response);

  [[nodiscard]] rpc::Status of_sandbox(const openshell::v1::ListSandboxProvidersRequest& request,
                                       openshell::v1::ListSandboxProvidersResponse& response) const;
  [[nodiscard]] rpc::Status attach(const openshell::v1::AttachSandboxProviderRequest& request,
                                   openshell::v1::AttachSandboxProviderResponse& response);
  [[nodiscard]] rpc::Status detach(const openshell::v1::DetachSandboxProviderRequest& request,
                                   openshell::v1::DetachSandboxProviderResponse& response);

 private:
  Store& store_;
  const base::Clock& clock_;
  base::Random& random_;
};

}  // namespace sallyport::gateway
