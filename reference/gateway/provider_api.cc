#include "reference/gateway/provider_api.h"

#include <fmt/format.h>

#include <algorithm>

#include "openshell/v1/openshell.pb.h"
#include "reference/gateway/messages.h"
#include "sallyport/gateway/v1/admin.pb.h"

namespace sallyport::gateway {
namespace {

using rpc::Code;

constexpr std::size_t kIdOctets = 16;

rpc::Status in_workspace(const std::string& name) {
  if (is_workspace(name)) return {};
  return refusal(Code::not_found, fmt::format("workspace '{}' was not found", name));
}

rpc::Status named(const std::string& name, const std::string& workspace) {
  rpc::Status status = in_workspace(workspace);
  if (status.ok() && name.empty()) status = refusal(Code::invalid_argument, "name is required");
  return status;
}

Provider record_of(const ProviderChange& change) {
  Provider record;
  record.name = change.name;
  record.type = change.type;
  record.config = change.config;
  for (const auto& [key, value] : change.credentials) {
    if (!value.empty()) record.credentials.emplace(key, value);
  }
  for (const auto& [key, at] : change.expires_at_ms) {
    if (at != 0) record.expires_at_ms.emplace(key, at);
  }
  if (change.endpoints) record.endpoints = *change.endpoints;
  return record;
}

}  // namespace

rpc::Status ProviderApi::create(const openshell::v1::CreateProviderRequest& request,
                                openshell::v1::ProviderResponse& response) {
  if (auto status = in_workspace(request.workspace()); !status.ok()) return status;
  const Answer<ProviderChange> wanted = read_change(request.provider());
  if (!wanted) return wanted.error();
  Provider record = record_of(*wanted);
  if (record.credentials.empty()) {
    return refusal(Code::invalid_argument, "a provider needs at least one credential");
  }
  record.id = uuid(random_.hex(kIdOctets));
  if (record.name.empty()) record.name = "provider-" + record.id.substr(0, 8);
  record.created_at_ms = clock_.wall_ms();
  const Answer<Provider> created = store_.create_provider(std::move(record));
  if (!created) return created.error();
  write_provider(*created, *response.mutable_provider());
  return {};
}

rpc::Status ProviderApi::get(const openshell::v1::GetProviderRequest& request,
                             openshell::v1::ProviderResponse& response) const {
  if (auto status = named(request.name(), request.workspace()); !status.ok()) return status;
  const auto state = store_.current();
  const auto found = state->providers.find(request.name());
  if (found == state->providers.end()) {
    return refusal(Code::not_found, fmt::format("provider '{}' was not found in workspace '{}'",
                                                request.name(), kWorkspace));
  }
  write_provider(found->second, *response.mutable_provider());
  return {};
}

rpc::Status ProviderApi::list(const openshell::v1::ListProvidersRequest& request,
                              openshell::v1::ListProvidersResponse& response) const {
  if (auto status = in_workspace(request.workspace()); !status.ok()) return status;
  std::uint32_t skip = request.offset();
  for (const auto& [name, record] : store_.current()->providers) {
    if (skip > 0) {
      --skip;
      continue;
    }
    if (request.limit() > 0 &&
        response.providers_size() == static_cast<std::int64_t>(request.limit())) {
      break;
    }
    write_provider(record, *response.add_providers());
  }
  return {};
}

rpc::Status ProviderApi::update(const openshell::v1::UpdateProviderRequest& request,
                                openshell::v1::ProviderResponse& response) {
  const std::string& name = request.provider().metadata().name();
  if (auto status = named(name, request.workspace()); !status.ok()) return status;
  Answer<ProviderChange> change = read_change(request.provider());
  if (!change) return change.error();
  for (const auto& [key, at] : request.credential_expires_at_ms()) {
    change->expires_at_ms.insert_or_assign(key, at);
  }
  const Answer<Provider> updated = store_.update_provider(*change);
  if (!updated) return updated.error();
  write_provider(*updated, *response.mutable_provider());
  return {};
}

rpc::Status ProviderApi::remove(const openshell::v1::DeleteProviderRequest& request,
                                openshell::v1::DeleteProviderResponse& response) {
  if (auto status = named(request.name(), request.workspace()); !status.ok()) return status;
  const Answer<bool> deleted = store_.delete_provider(request.name(), false);
  if (!deleted) return deleted.error();
  response.set_deleted(*deleted);
  return {};
}

rpc::Status ProviderApi::force_remove(const v1::ForceDeleteProviderRequest& request,
                                      v1::ForceDeleteProviderResponse& response) {
  if (auto status = named(request.name(), request.workspace()); !status.ok()) return status;
  const Answer<bool> deleted = store_.delete_provider(request.name(), true);
  if (!deleted) return deleted.error();
  response.set_deleted(*deleted);
  return {};
}

rpc::Status ProviderApi::of_sandbox(const openshell::v1::ListSandboxProvidersRequest& request,
                                    openshell::v1::ListSandboxProvidersResponse& response) const {
  if (auto status = named(request.sandbox_name(), request.workspace()); !status.ok()) {
    return status;
  }
  const auto state = store_.current();
  const Sandbox* const sandbox = state->find_sandbox(request.sandbox_name());
  if (sandbox == nullptr) {
    return refusal(Code::not_found,
                   fmt::format("sandbox '{}' was not found", request.sandbox_name()));
  }
  for (const std::string& name : sandbox->providers) {
    const auto found = state->providers.find(name);
    if (found != state->providers.end()) write_provider(found->second, *response.add_providers());
  }
  return {};
}

rpc::Status ProviderApi::attach(const openshell::v1::AttachSandboxProviderRequest& request,
                                openshell::v1::AttachSandboxProviderResponse& response) {
  if (auto status = named(request.sandbox_name(), request.workspace()); !status.ok()) {
    return status;
  }
  const Answer<bool> attached = store_.attach(request.sandbox_name(), request.provider_name(),
                                              request.expected_resource_version());
  if (!attached) return attached.error();
  response.set_attached(*attached);
  const auto state = store_.current();
  if (const Sandbox* const sandbox = state->find_sandbox(request.sandbox_name())) {
    write_sandbox(*state, *sandbox, *response.mutable_sandbox());
  }
  return {};
}

rpc::Status ProviderApi::detach(const openshell::v1::DetachSandboxProviderRequest& request,
                                openshell::v1::DetachSandboxProviderResponse& response) {
  if (auto status = named(request.sandbox_name(), request.workspace()); !status.ok()) {
    return status;
  }
  const Answer<bool> detached = store_.detach(request.sandbox_name(), request.provider_name(),
                                              request.expected_resource_version());
  if (!detached) return detached.error();
  response.set_detached(*detached);
  const auto state = store_.current();
  if (const Sandbox* const sandbox = state->find_sandbox(request.sandbox_name())) {
    write_sandbox(*state, *sandbox, *response.mutable_sandbox());
  }
  return {};
}

}  // namespace sallyport::gateway
