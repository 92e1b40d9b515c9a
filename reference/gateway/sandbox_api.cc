#include "reference/gateway/sandbox_api.h"

#include <fmt/format.h>

#include <algorithm>

#include "openshell/v1/openshell.pb.h"
#include "reference/gateway/bundle.h"
#include "reference/gateway/delivery.h"
#include "reference/gateway/live_policy.h"
#include "reference/gateway/messages.h"
#include "reference/gateway/sandbox_rules.h"
#include "sallyport/gateway/v1/admin.pb.h"

namespace sallyport::gateway {
namespace {

using rpc::Code;

constexpr std::size_t kIdOctets = 16;
constexpr std::size_t kGivenNameOctets = 8;       // of the id, in a name that nobody gave
constexpr std::size_t kLoadErrorBytesMax = 2048;  // what is above is cut off

rpc::Status in_workspace(const std::string& name) {
  if (is_workspace(name)) return {};
  return refusal(Code::not_found, fmt::format("workspace '{}' was not found", name));
}

rpc::Status no_sandbox(const std::string& name) {
  return refusal(Code::not_found, fmt::format("sandbox '{}' was not found", name));
}

rpc::Status nobody() { return refusal(Code::permission_denied, "this caller may not say that"); }

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

rpc::Status SandboxApi::create(const openshell::v1::CreateSandboxRequest& request,
                               openshell::v1::SandboxResponse& response) {
  if (auto status = in_workspace(request.workspace()); !status.ok()) return status;
  if (const auto part = unserved_part(request)) {
    return refusal(
        Code::invalid_argument,
        fmt::format("{} isn't served: a sandbox has a name, a policy and providers", *part));
  }
  Sandbox record;
  record.id = uuid(random_.hex(kIdOctets));
  record.name = request.name();
  if (record.name.empty()) record.name = "sandbox-" + record.id.substr(0, kGivenNameOctets);
  if (const auto wrong = sandbox_name_fault(record.name)) {
    return refusal(Code::invalid_argument, *wrong);
  }
  for (const std::string& provider : request.spec().providers()) {
    auto& attached = record.providers;
    if (std::find(attached.begin(), attached.end(), provider) == attached.end()) {
      attached.push_back(provider);
    }
  }
  record.created_at_ms = clock_.wall_ms();
  if (request.spec().has_policy()) {
    Answer<PolicyRecord> admitted =
        admit(request.spec().policy(), store_.current()->registrations, ask_);
    if (!admitted) return admitted.error();
    admitted->created_at_ms = record.created_at_ms;
    record.policy = std::move(*admitted);
  }
  const Answer<Sandbox> created = store_.create_sandbox(std::move(record));
  if (!created) return created.error();
  write_sandbox(*store_.current(), *created, *response.mutable_sandbox());
  return {};
}

rpc::Status SandboxApi::remove(const openshell::v1::DeleteSandboxRequest& request,
                               openshell::v1::DeleteSandboxResponse& response) {
  if (auto status = in_workspace(request.workspace()); !status.ok()) return status;
  if (request.name().empty()) return refusal(Code::invalid_argument, "name is required");
  const Answer<bool> deleted = store_.delete_sandbox(request.name());
  if (!deleted) return deleted.error();
  response.set_deleted(*deleted);
  return {};
}

rpc::Status SandboxApi::get(const openshell::v1::GetSandboxRequest& request,
                            openshell::v1::SandboxResponse& response) const {
  if (auto status = in_workspace(request.workspace()); !status.ok()) return status;
  const auto state = store_.current();
  const Sandbox* const sandbox = state->find_sandbox(request.name());
  if (sandbox == nullptr) return no_sandbox(request.name());
  write_sandbox(*state, *sandbox, *response.mutable_sandbox());
  return {};
}

rpc::Status SandboxApi::list(const openshell::v1::ListSandboxesRequest& request,
                             openshell::v1::ListSandboxesResponse& response) const {
  if (auto status = in_workspace(request.workspace()); !status.ok()) return status;
  if (!request.label_selector().empty()) {
    return refusal(Code::unimplemented, "label selectors aren't served");
  }
  const auto state = store_.current();
  std::uint32_t skip = request.offset();
  for (const auto& [id, sandbox] : state->sandboxes) {
    if (skip > 0) {
      --skip;
      continue;
    }
    if (request.limit() > 0 &&
        response.sandboxes_size() == static_cast<std::int64_t>(request.limit())) {
      break;
    }
    write_sandbox(*state, sandbox, *response.add_sandboxes());
  }
  return {};
}

rpc::Status SandboxApi::config(const openshell::sandbox::v1::GetSandboxConfigRequest& request,
                               openshell::sandbox::v1::GetSandboxConfigResponse& response) const {
  const auto state = store_.current();
  const Sandbox* const sandbox = by_id(*state, request.sandbox_id());
  if (sandbox == nullptr) return no_sandbox(request.sandbox_id());
  const Answer<DeliveredConfig> config = config_of(*state, *sandbox);
  if (!config) return config.error();
  write_config(*config, response);
  response.set_provider_env_revision(environment_of(*state, *sandbox, clock_.wall_ms()).revision);
  return {};
}

rpc::Status SandboxApi::environment(
    const openshell::v1::GetSandboxProviderEnvironmentRequest& request,
    openshell::v1::GetSandboxProviderEnvironmentResponse& response) const {
  const auto state = store_.current();
  const Sandbox* const sandbox = by_id(*state, request.sandbox_id());
  if (sandbox == nullptr) return no_sandbox(request.sandbox_id());
  write_environment(environment_of(*state, *sandbox, clock_.wall_ms()),
                    request.supports_static_credential_bindings(), response);
  return {};
}

rpc::Status SandboxApi::update_config(const openshell::v1::UpdateConfigRequest& request,
                                      const Caller& caller,
                                      openshell::v1::UpdateConfigResponse& response) {
  if (auto status = check(request); !status.ok()) return status;
  if (caller.kind == Caller::Kind::sandbox) return report_effective(request, caller, response);
  if (caller.kind != Caller::Kind::operator_) return nobody();
  const auto state = store_.current();
  if (!request.global() && state->find_sandbox(request.name()) == nullptr) {
    return no_sandbox(request.name());
  }
  Answer<PolicyRecord> admitted = admit(request.policy(), state->registrations, ask_);
  if (!admitted) return admitted.error();
  admitted->created_at_ms = clock_.wall_ms();
  const Answer<PolicyRecord> stored =
      store_.set_policy(request.name(), std::move(*admitted), request.expected_resource_version());
  if (!stored) return stored.error();
  response.set_version(stored->version);
  response.set_policy_hash(stored->hash);
  return {};
}

rpc::Status SandboxApi::report_effective(const openshell::v1::UpdateConfigRequest& request,
                                         const Caller& caller,
                                         openshell::v1::UpdateConfigResponse& response) {
  const auto state = store_.current();
  const Sandbox* const sandbox = by_id(*state, caller.sandbox_id);
  if (sandbox == nullptr) return no_sandbox(caller.sandbox_id);
  if (request.global() || (request.name() != sandbox->name && request.name() != sandbox->id)) {
    return refusal(Code::permission_denied, "a sandbox reports the policy of itself alone");
  }
  const PolicyRecord* const authored = state->in_force(*sandbox);
  if (authored == nullptr) {
    return refusal(Code::failed_precondition,
                   fmt::format("sandbox '{}' has no policy", sandbox->name));
  }
  Answer<PolicyRecord> effective = effective_of(request.policy(), *authored);
  if (!effective) return effective.error();
  response.set_version(effective->version);
  response.set_policy_hash(effective->hash);
  const Answer<bool> stored =
      store_.report_effective(sandbox->id, std::move(*effective), authored->hash);
  return stored ? rpc::Status{} : stored.error();
}

rpc::Status SandboxApi::policy_status(
    const openshell::v1::GetSandboxPolicyStatusRequest& request,
    openshell::v1::GetSandboxPolicyStatusResponse& response) const {
  if (auto status = in_workspace(request.workspace()); !status.ok()) return status;
  const auto state = store_.current();
  const Sandbox* const sandbox = state->find_sandbox(request.name());
  if (!request.global() && sandbox == nullptr) return no_sandbox(request.name());
  const PolicyRecord* policy = state->policy ? &*state->policy : nullptr;
  if (!request.global()) policy = state->in_force(*sandbox);
  if (policy == nullptr) return refusal(Code::not_found, "there is no policy");
  if (request.version() != 0 && request.version() != policy->version) {
    return refusal(Code::not_found, fmt::format("version {} isn't kept: version {} is in force",
                                                request.version(), policy->version));
  }
  write_policy_status(*policy, request.global() ? nullptr : sandbox, response);
  return {};
}

rpc::Status SandboxApi::report_status(const openshell::v1::ReportPolicyStatusRequest& request,
                                      const Caller& caller,
                                      openshell::v1::ReportPolicyStatusResponse&) {
  if (caller.kind != Caller::Kind::sandbox) return nobody();
  if (request.sandbox_id() != caller.sandbox_id) {
    return refusal(Code::permission_denied, "a sandbox reports of itself alone");
  }
  const bool loaded = request.status() == openshell::v1::POLICY_STATUS_LOADED;
  if (!loaded && request.status() != openshell::v1::POLICY_STATUS_FAILED) {
    return refusal(Code::invalid_argument, "status is LOADED or FAILED");
  }
  const auto state = store_.current();
  const Sandbox* const sandbox = by_id(*state, request.sandbox_id());
  if (sandbox == nullptr) return no_sandbox(request.sandbox_id());
  const PolicyRecord* const policy = state->in_force(*sandbox);
  if (policy == nullptr || policy->version != request.version()) {
    return refusal(Code::aborted,
                   fmt::format("version {} of the policy isn't in force", request.version()));
  }
  PolicyReport report;
  report.version = policy->version;
  report.hash = policy->hash;
  report.loaded = loaded;
  if (!loaded) report.error = request.load_error().substr(0, kLoadErrorBytesMax);
  report.at_ms = clock_.wall_ms();
  const Answer<bool> stored = store_.report_policy(sandbox->id, std::move(report));
  return stored ? rpc::Status{} : stored.error();
}

rpc::Status SandboxApi::set_services(const v1::SetMiddlewareServicesRequest& request) {
  std::vector<Registration> registrations;
  for (const auto& service : request.services()) {
    registrations.push_back(read_registration(service));
  }
  if (const auto wrong = fault(registrations)) return refusal(Code::invalid_argument, *wrong);
  return store_.set_registrations(std::move(registrations));
}

rpc::Status SandboxApi::revisions(const v1::GetRevisionsRequest& request,
                                  v1::GetRevisionsResponse& response) const {
  const auto state = store_.current();
  const Sandbox* const sandbox = state->find_sandbox(request.sandbox_id());
  if (sandbox == nullptr) return no_sandbox(request.sandbox_id());
  const std::int64_t now_ms = clock_.wall_ms();
  if (const auto config = config_of(*state, *sandbox))
    response.set_config_revision(config->revision);
  if (const auto bundle = resolve_bundle(*state, now_ms)) {
    response.set_bundle_revision(bundle->revision);
  }
  response.set_provider_env_revision(environment_of(*state, *sandbox, now_ms).revision);
  return {};
}

}  // namespace sallyport::gateway
