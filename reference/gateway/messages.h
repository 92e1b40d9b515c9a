// Records as messages of the wire, and requests as records. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reference/gateway/bundle.h"
#include "reference/gateway/delivery.h"
#include "reference/gateway/provider_rules.h"
#include "reference/gateway/records.h"

namespace openshell::datamodel::v1 {
class Provider;
}
namespace openshell::inference::v1 {
class GetInferenceBundleResponse;
}
namespace openshell::sandbox::v1 {
class GetSandboxConfigResponse;
class SupervisorMiddlewareService;
}  // namespace openshell::sandbox::v1
namespace openshell::v1 {
class GetSandboxPolicyStatusResponse;
class GetSandboxProviderEnvironmentResponse;
class Sandbox;
}  // namespace openshell::v1

namespace sallyport::gateway {

// The annotation of a provider's metadata in which its endpoints travel, `HOST:PORT[/PATH]` with a
// blank between two: the field keeps them in provider profiles, which have no place here yet.
inline constexpr std::string_view kEndpointsAnnotation = "sallyport.endpoints";
// The annotation of a sandbox's metadata that says which policy its spec shows: `effective`, what
// its supervisor made of the one in force, or `authored`, as long as it has said nothing of that
// one.
inline constexpr std::string_view kPolicyAnnotation = "sallyport.policy";
// What stands for every credential's value in a read.
inline constexpr std::string_view kRedacted = "REDACTED";

// Every value is `REDACTED`.
void write_provider(const Provider& record, openshell::datamodel::v1::Provider& into);
// INVALID_ARGUMENT: credential handles, a malformed endpoint.
[[nodiscard]] Answer<ProviderChange> read_change(const openshell::datamodel::v1::Provider& message);

// Its policy is what `kPolicyAnnotation` says.
void write_sandbox(const State& state, const Sandbox& record, openshell::v1::Sandbox& into);
// A policy as it is authored, and what `sandbox`'s supervisor said of it; null: nobody is asked.
void write_policy_status(const PolicyRecord& policy, const Sandbox* sandbox,
                         openshell::v1::GetSandboxPolicyStatusResponse& into);
// With the keys: the one place where they leave.
void write_bundle(const Bundle& bundle, std::int64_t now_ms,
                  openshell::inference::v1::GetInferenceBundleResponse& into);
void write_config(const DeliveredConfig& config,
                  openshell::sandbox::v1::GetSandboxConfigResponse& into);
// The values go only to supervisors that hold them to their endpoints.
void write_environment(const DeliveredEnvironment& environment, bool bindings_supported,
                       openshell::v1::GetSandboxProviderEnvironmentResponse& into);

[[nodiscard]] Registration read_registration(
    const openshell::sandbox::v1::SupervisorMiddlewareService& message);
void write_registration(const Registration& record,
                        openshell::sandbox::v1::SupervisorMiddlewareService& into);

// `default`, and what stands for it.
[[nodiscard]] bool is_workspace(const std::string& name);

}  // namespace sallyport::gateway
