#include "reference/gateway/sandbox_api.h"

#include <fmt/format.h>

#include "openshell/v1/openshell.pb.h"
#include "reference/gateway/bundle.h"
#include "reference/gateway/delivery.h"
#include "reference/gateway/messages.h"
#include "sallyport/gateway/v1/admin.pb.h"

namespace sallyport::gateway {
namespace {

using rpc::Code;

rpc::Status in_workspace(const std::string& name) {
  if (is_workspace(name)) return {};
  return refusal(Code::not_found, fmt::format("workspace '{}' was not found", name));
}

rpc::Status no_sandbox(const std::string& name) {
  return refusal(Code::not_found, fmt::format("sandbox '{}' was not found", name));
}

// Supervisors name their sandbox by its id alone.
const Sandbox* by_id(const State& state, const std::string& id) {
  const auto found = state.sandboxes.find(id);
  return found == state.sandboxes.end() ? nullptr : &found->second;
}

rpc::Status check(const openshell::v1::UpdateConfigRequest& request) {
  if (auto status = in_workspace(request.workspace()); !status.ok()) return status;
  if (!request.setting_key().empty() || request.has_setting_value() || request.delete_setting() ||
      request.merge_operations_size() > 0) {
    return refusal(Code::unimplemented,
                   "settings and merge operations aren't served: set a "
                   "whole policy");
  }
  if (!request.has_policy()) return refusal(Code::invalid_argument, "policy is required");
  if (request.global() != request.name().empty()) {
    return refusal(Code::invalid_argument,
                   request.global() ? "a global policy has no sandbox name" : "name is required");
  }
  return {};
}

}  // namespace

rpc::Status SandboxApi::get(const openshell::v1::GetSandboxRequest& request,
                            openshell::v1::SandboxResponse& response) const {
  if (auto status = in_workspace(request.workspace()); !status.ok()) return status;
  const State state = store_.snapshot();
  const Sandbox* const sandbox = state.find_sandbox(request.name());
  if (sandbox == nullptr) return no_sandbox(request.name());
  write_sandbox(state, *sandbox, *response.mutable_sandbox());
  return {};
}

rpc::Status SandboxApi::list(const openshell::v1::ListSandboxesRequest& request,
                             openshell::v1::ListSandboxesResponse& response) const {
  if (auto status = in_workspace(request.workspace()); !status.ok()) return status;
  if (!request.label_selector().empty()) {
    return refusal(Code::unimplemented, "label selectors aren't served");
  }
  const State state = store_.snapshot();
  std::uint32_t skip = request.offset();
  for (const auto& [id, sandbox] : state.sandboxes) {
    if (skip > 0) {
      --skip;
      continue;
    }
    if (request.limit() > 0 &&
        response.sandboxes_size() == static_cast<std::int64_t>(request.limit())) {
      break;
    }
    write_sandbox(state, sandbox, *response.add_sandboxes());
  }
  return {};
}

rpc::Status SandboxApi::config(const openshell::sandbox::v1::GetSandboxConfigRequest& request,
                               openshell::sandbox::v1::GetSandboxConfigResponse& response) const {
  const State state = store_.snapshot();
  const Sandbox* const sandbox = by_id(state, request.sandbox_id());
  if (sandbox == nullptr) return no_sandbox(request.sandbox_id());
  const Answer<DeliveredConfig> config = config_of(state, *sandbox);
  if (!config) return config.error();
  write_config(*config, response);
  response.set_provider_env_revision(environment_of(state, *sandbox, clock_.wall_ms()).revision);
  return {};
}

rpc::Status SandboxApi::environment(
    const openshell::v1::GetSandboxProviderEnvironmentRequest& request,
    openshell::v1::GetSandboxProviderEnvironmentResponse& response) const {
  const State state = store_.snapshot();
  const Sandbox* const sandbox = by_id(state, request.sandbox_id());
  if (sandbox == nullptr) return no_sandbox(request.sandbox_id());
  write_environment(environment_of(state, *sandbox, clock_.wall_ms()),
                    request.supports_static_credential_bindings(), response);
  return {};
}

rpc::Status SandboxApi::update_config(const openshell::v1::UpdateConfigRequest& request,
                                      openshell::v1::UpdateConfigResponse& response) {
  if (auto status = check(request); !status.ok()) return status;
  const State state = store_.snapshot();
  if (!request.global() && state.find_sandbox(request.name()) == nullptr) {
    return no_sandbox(request.name());
  }
  const Answer<PolicyRecord> admitted = admit(request.policy(), state.registrations, ask_);
  if (!admitted) return admitted.error();
  const Answer<PolicyRecord> stored =
      store_.set_policy(request.name(), *admitted, request.expected_resource_version());
  if (!stored) return stored.error();
  response.set_version(stored->version);
  response.set_policy_hash(stored->hash);
  return {};
}

rpc::Status SandboxApi::set_services(const v1::SetMiddlewareServicesRequest& request) {
  std::vector<Registration> registrations;
  for (const auto& service : request.services()) {
    registrations.push_back(read_registration(service));
  }
  if (const auto wrong = fault(registrations)) return refusal(Code::invalid_argument, *wrong);
  store_.set_registrations(std::move(registrations));
  return {};
}

rpc::Status SandboxApi::revisions(const v1::GetRevisionsRequest& request,
                                  v1::GetRevisionsResponse& response) const {
  const State state = store_.snapshot();
  const Sandbox* const sandbox = state.find_sandbox(request.sandbox_id());
  if (sandbox == nullptr) return no_sandbox(request.sandbox_id());
  const std::int64_t now_ms = clock_.wall_ms();
  if (const auto config = config_of(state, *sandbox))
    response.set_config_revision(config->revision);
  if (const auto bundle = resolve_bundle(state, now_ms)) {
    response.set_bundle_revision(bundle->revision);
  }
  response.set_provider_env_revision(environment_of(state, *sandbox, now_ms).revision);
  return {};
}

}  // namespace sallyport::gateway
