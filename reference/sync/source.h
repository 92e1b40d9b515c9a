// Where a supervisor's configuration comes from, as a port: the three answers of a gateway, and
// what it is told in return. Each call ends by its deadline and answers in gRPC's words; what
// failed is told apart by the code.
#pragma once

#include <cstdint>
#include <string>

#include "reference/base/clock.h"
#include "reference/net/executor.h"
#include "reference/rpc/status.h"

namespace openshell::inference::v1 {
class GetInferenceBundleResponse;
}
namespace openshell::sandbox::v1 {
class GetSandboxConfigResponse;
class SandboxPolicy;
}  // namespace openshell::sandbox::v1
namespace openshell::v1 {
class GetSandboxProviderEnvironmentResponse;
}

namespace sallyport::sync {

class ConfigSource {
 public:
  virtual ~ConfigSource() = default;
  // The answer is complete only when the status is ok, and outlives the call.
  [[nodiscard]] virtual net::Task<rpc::Status> bundle(
      openshell::inference::v1::GetInferenceBundleResponse& answer, base::TimePoint deadline) = 0;
  [[nodiscard]] virtual net::Task<rpc::Status> config(
      openshell::sandbox::v1::GetSandboxConfigResponse& answer, base::TimePoint deadline) = 0;
  [[nodiscard]] virtual net::Task<rpc::Status> environment(
      openshell::v1::GetSandboxProviderEnvironmentResponse& answer, base::TimePoint deadline) = 0;

  // The sandbox's policy as it is in force, where that is more than the gateway's own word.
  [[nodiscard]] virtual net::Task<rpc::Status> report_policy(
      const openshell::sandbox::v1::SandboxPolicy& effective, base::TimePoint deadline) = 0;
  // What became of a version of the policy: loaded, or why it couldn't be (`error` isn't empty).
  [[nodiscard]] virtual net::Task<rpc::Status> report_status(std::uint32_t version,
                                                             const std::string& error,
                                                             base::TimePoint deadline) = 0;

  // What events name as the source.
  [[nodiscard]] virtual const std::string& name() const = 0;
};

// Whether a status is trouble on the way, or inside the gateway, that may pass: what is in force
// stays. Any other is the gateway's word.
[[nodiscard]] bool is_outage(rpc::Code code);

}  // namespace sallyport::sync
