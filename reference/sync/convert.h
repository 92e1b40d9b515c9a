// A gateway's answers as parts of a generation. Pure, and strict: the gateway judged them before,
// the supervisor does again. What is wrong is said in words that hold no secret.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reference/credentials/store.h"
#include "reference/inference/routes.h"
#include "reference/middleware/registry.h"
#include "reference/policy/model.h"

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

// The policy, named by the gateway's hash of it; without one in the answer, one that denies all.
// Nothing when `wrong` says why.
[[nodiscard]] std::optional<policy::Policy> policy_of(
    const openshell::sandbox::v1::GetSandboxConfigResponse& answer, std::string& wrong);

// The answer's policy as it is in force, where files say more than it does: what of it is reported
// back, so without rules of provider profiles. Null where there is nothing to report.
[[nodiscard]] std::unique_ptr<openshell::sandbox::v1::SandboxPolicy> effective_of(
    const openshell::sandbox::v1::GetSandboxConfigResponse& answer,
    const policy::StaticSections& in_force);

// Names a configuration's policy: two answers with the same one needn't be judged twice.
[[nodiscard]] std::string policy_seen(
    const openshell::sandbox::v1::GetSandboxConfigResponse& answer);

[[nodiscard]] std::vector<middleware::Registration> registrations_of(
    const openshell::sandbox::v1::GetSandboxConfigResponse& answer);

// The routes for agents, in the answer's order; those for the sandbox's own use (`sandbox-system`)
// have no user here and are left out. One that can't be served is refused: in its place stands
// that of the same name in `before`, if there is one, and `wrong` names it.
[[nodiscard]] inference::Routes routes_of(
    const openshell::inference::v1::GetInferenceBundleResponse& answer,
    const inference::Routes* before, std::vector<std::string>& wrong);

// All credentials, or nothing: one entry without sound metadata, and `wrong` says which.
// What isn't secret is left out.
[[nodiscard]] std::optional<credentials::Store> store_of(
    const openshell::v1::GetSandboxProviderEnvironmentResponse& answer, std::string& wrong);

}  // namespace sallyport::sync
