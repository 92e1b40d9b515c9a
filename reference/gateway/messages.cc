#include "reference/gateway/messages.h"

#include <fmt/format.h>

#include "openshell/inference/v1/inference.pb.h"
#include "openshell/v1/openshell.pb.h"
#include "reference/gateway/live_policy.h"

namespace sallyport::gateway {
namespace {

// What a service without an `audience` is to expect in tokens.
const std::string kAudiencePrefix = "urn:openshell:extension:middleware:";

std::string joined(const std::vector<CredentialEndpoint>& endpoints) {
  std::string text;
  for (const CredentialEndpoint& endpoint : endpoints) {
    if (!text.empty()) text += ' ';
    text += to_string(endpoint);
  }
  return text;
}

Answer<std::vector<CredentialEndpoint>> split(std::string_view text) {
  std::vector<CredentialEndpoint> endpoints;
  while (!text.empty()) {
    const std::size_t blank = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, blank);
    text.remove_prefix(std::min(blank + 1, text.size()));
    if (word.empty()) continue;
    const auto endpoint = parse_credential_endpoint(word);
    if (!endpoint) {
      return refusal(rpc::Code::invalid_argument,
                     fmt::format("'{}' is not HOST:PORT or HOST:PORT/PATH", word));
    }
    endpoints.push_back(*endpoint);
  }
  return endpoints;
}

void write_meta(const std::string& id, const std::string& name, std::int64_t created_at_ms,
                std::uint64_t version, openshell::datamodel::v1::ObjectMeta& into) {
  into.set_id(id);
  into.set_name(name);
  into.set_created_at_ms(created_at_ms);
  into.set_resource_version(version);
  into.set_workspace(std::string(kWorkspace));
}

}  // namespace

bool is_workspace(const std::string& name) { return name.empty() || name == kWorkspace; }

void write_provider(const Provider& record, openshell::datamodel::v1::Provider& into) {
  auto& meta = *into.mutable_metadata();
  write_meta(record.id, record.name, record.created_at_ms, record.version, meta);
  if (!record.endpoints.empty()) {
    (*meta.mutable_annotations())[std::string(kEndpointsAnnotation)] = joined(record.endpoints);
  }
  into.set_type(record.type);
  for (const auto& [key, value] : record.credentials) {
    (*into.mutable_credentials())[key] = kRedacted;
  }
  into.mutable_config()->insert(record.config.begin(), record.config.end());
  into.mutable_credential_expires_at_ms()->insert(record.expires_at_ms.begin(),
                                                  record.expires_at_ms.end());
}

Answer<ProviderChange> read_change(const openshell::datamodel::v1::Provider& message) {
  if (message.credential_handles_size() > 0) {
    return refusal(rpc::Code::invalid_argument, "credential_handles can't be set");
  }
  ProviderChange change;
  change.name = message.metadata().name();
  change.type = message.type();
  change.expected_version = message.metadata().resource_version();
  for (const auto& [key, value] : message.credentials()) {
    change.credentials.emplace(key, base::Secret(value));
  }
  change.config.insert(message.config().begin(), message.config().end());
  change.expires_at_ms.insert(message.credential_expires_at_ms().begin(),
                              message.credential_expires_at_ms().end());
  const auto& annotations = message.metadata().annotations();
  const auto found = annotations.find(std::string(kEndpointsAnnotation));
  if (found != annotations.end()) {
    auto endpoints = split(found->second);
    if (!endpoints) return endpoints.error();
    change.endpoints = std::move(*endpoints);
  }
  return change;
}

void write_sandbox(const State& state, const Sandbox& record, openshell::v1::Sandbox& into) {
  auto& meta = *into.mutable_metadata();
  write_meta(record.id, record.name, record.created_at_ms, record.version, meta);
  auto& spec = *into.mutable_spec();
  const PolicyRecord* const in_force = state.in_force(record);
  const bool enriched =
      record.effective && in_force != nullptr && record.effective_of == in_force->hash;
  if (enriched) {
    *spec.mutable_policy() = message_of(*record.effective);
  } else if (record.policy) {
    *spec.mutable_policy() = message_of(*record.policy);
  }
  if (spec.has_policy()) {
    (*meta.mutable_annotations())[std::string(kPolicyAnnotation)] =
        enriched ? "effective" : "authored";
  }
  spec.mutable_providers()->Add(record.providers.begin(), record.providers.end());
  auto& status = *into.mutable_status();
  status.set_sandbox_name(record.name);
  status.set_phase(openshell::v1::SANDBOX_PHASE_READY);
  if (in_force != nullptr) status.set_current_policy_version(in_force->version);
}

void write_policy_status(const PolicyRecord& policy, const Sandbox* sandbox,
                         openshell::v1::GetSandboxPolicyStatusResponse& into) {
  auto& revision = *into.mutable_revision();
  revision.set_version(policy.version);
  revision.set_policy_hash(policy.hash);
  revision.set_created_at_ms(policy.created_at_ms);
  *revision.mutable_policy() = message_of(policy);
  if (sandbox == nullptr) return;
  into.set_active_version(sandbox->loaded_version);
  revision.set_status(openshell::v1::POLICY_STATUS_PENDING);
  const auto& report = sandbox->report;
  if (!report || report->version != policy.version || report->hash != policy.hash) return;
  revision.set_load_error(report->error);
  if (report->loaded) revision.set_loaded_at_ms(report->at_ms);
  revision.set_status(report->loaded ? openshell::v1::POLICY_STATUS_LOADED
                                     : openshell::v1::POLICY_STATUS_FAILED);
}

void write_bundle(const Bundle& bundle, std::int64_t now_ms,
                  openshell::inference::v1::GetInferenceBundleResponse& into) {
  for (const ResolvedRoute& route : bundle.routes) {
    auto& one = *into.add_routes();
    one.set_name(route.name);
    one.set_base_url(route.base_url);
    one.mutable_protocols()->Add(route.protocols.begin(), route.protocols.end());
    one.set_api_key(std::string(route.api_key.reveal()));
    one.set_model_id(route.model);
    one.set_provider_type(route.provider_type);
    one.set_timeout_secs(route.timeout_s);
  }
  into.set_revision(bundle.revision);
  into.set_generated_at_ms(now_ms);
}

void write_config(const DeliveredConfig& config,
                  openshell::sandbox::v1::GetSandboxConfigResponse& into) {
  *into.mutable_policy() = message_of(config.policy);
  into.set_version(config.policy.version);
  into.set_policy_hash(config.policy.hash);
  into.set_config_revision(config.revision);
  into.set_policy_source(config.global ? openshell::sandbox::v1::POLICY_SOURCE_GLOBAL
                                       : openshell::sandbox::v1::POLICY_SOURCE_SANDBOX);
  if (config.global) into.set_global_policy_version(config.policy.version);
  into.set_workspace(std::string(kWorkspace));
  for (const Registration& service : config.services) {
    write_registration(service, *into.add_supervisor_middleware_services());
  }
}

void write_environment(const DeliveredEnvironment& environment, bool bindings_supported,
                       openshell::v1::GetSandboxProviderEnvironmentResponse& into) {
  into.set_provider_env_revision(environment.revision);
  if (!bindings_supported) return;
  for (const DeliveredCredential& credential : environment.credentials) {
    (*into.mutable_environment())[credential.key] = std::string(credential.value.reveal());
    if (credential.expires_at_ms > 0) {
      (*into.mutable_credential_expires_at_ms())[credential.key] = credential.expires_at_ms;
    }
    auto& binding = (*into.mutable_static_credential_bindings())[credential.key];
    binding.set_credential_identity(credential.identity);
    for (const CredentialEndpoint& endpoint : credential.endpoints) {
      auto& one = *binding.add_endpoints();
      one.set_host(endpoint.host);
      one.set_port(endpoint.port);
      one.set_path(endpoint.path);
    }
  }
}

Registration read_registration(const openshell::sandbox::v1::SupervisorMiddlewareService& message) {
  Registration record;
  record.name = message.name();
  record.endpoint = message.grpc_endpoint();
  record.payload_bytes_max = message.max_payload_bytes();
  record.timeout = message.timeout();
  record.ca_pem = message.tls_ca_cert_pem();
  record.audience = message.audience();
  record.allow_insecure_transport = message.allow_insecure_transport();
  return record;
}

void write_registration(const Registration& record,
                        openshell::sandbox::v1::SupervisorMiddlewareService& into) {
  into.set_name(record.name);
  into.set_grpc_endpoint(record.endpoint);
  into.set_max_payload_bytes(record.payload_bytes_max);
  into.set_timeout(record.timeout);
  into.set_tls_ca_cert_pem(record.ca_pem);
  into.set_audience(record.audience.empty() ? kAudiencePrefix + record.name : record.audience);
  into.set_allow_insecure_transport(record.allow_insecure_transport);
}

}  // namespace sallyport::gateway
