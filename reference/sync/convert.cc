#include "reference/sync/convert.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "openshell/inference/v1/inference.pb.h"
#include "openshell/sandbox/v1/sandbox.pb.h"
#include "openshell/v1/openshell.pb.h"
#include "reference/http/local_response.h"
#include "reference/http/text.h"
#include "reference/policy/ambiguity.h"
#include "reference/policy/host_pattern.h"
#include "reference/policy/loader.h"
#include "reference/policy/wire.h"

namespace sallyport::sync {
namespace {

namespace inference_wire = openshell::inference::v1;
namespace sandbox_wire = openshell::sandbox::v1;
namespace wire = openshell::v1;

constexpr std::string_view kSystemRoute = "sandbox-system";
// Over it a timeout of a route is nonsense, and would overflow.
constexpr std::uint64_t kTimeoutSecondsMax = 24ULL * 3600;

// What provider profiles add to a policy (OpenShell crates/openshell-policy/src/compose.rs).
constexpr std::string_view kProfileRule = "_provider_";

template <class Served>
bool same_paths(const Served& served, const std::vector<std::string>& in_force) {
  return std::set<std::string>(served.begin(), served.end()) ==
         std::set<std::string>(in_force.begin(), in_force.end());
}

// What is wrong with the route; empty when it is taken.
std::string read_route(const inference_wire::ResolvedRoute& answer, inference::Route& route) {
  std::string reason;
  auto base = inference::parse_base_url(answer.base_url(), reason);
  if (!base) return reason;
  route.name = answer.name();
  route.base = *std::move(base);
  route.model = answer.model_id();
  if (http::trim(route.model).empty() || !http::is_utf8(route.model)) return "no model";
  route.model_json = http::json_string(route.model);
  route.provider_type = http::lower(http::trim(answer.provider_type()));
  const inference::Profile* profile = inference::find_profile(route.provider_type);
  if (profile == nullptr) return "the provider type isn't served";
  route.auth = profile->auth;
  route.default_headers.assign(profile->default_headers.begin(), profile->default_headers.end());
  route.passthrough_headers.assign(profile->passthrough_headers.begin(),
                                   profile->passthrough_headers.end());
  if (answer.model_in_path() || answer.has_request_path_override()) {
    return "the model or the path is rewritten in a way that isn't served";
  }
  const auto served = inference::served_protocols();
  for (const std::string& protocol : answer.protocols()) {
    if (std::find(served.begin(), served.end(), protocol) != served.end()) {
      route.protocols.push_back(protocol);
    }
  }
  if (route.protocols.empty()) return "none of its protocols is served";
  const std::string& key = answer.api_key();
  if (!http::is_field_value(key) || http::trim(key) != key) return "the key can't be sent";
  route.api_key = base::Secret(key);
  if (answer.timeout_secs() > kTimeoutSecondsMax) return "the timeout is over a day";
  if (answer.timeout_secs() != 0) route.timeout = std::chrono::seconds(answer.timeout_secs());
  return {};
}

const inference::Route* find_route(const inference::Routes* routes, std::string_view name) {
  if (routes == nullptr) return nullptr;
  for (const inference::Route& route : routes->all()) {
    if (route.name == name) return &route;
  }
  return nullptr;
}

// What is wrong with the credential; empty when it is taken.
std::string read_bindings(const wire::StaticCredentialBinding& answer,
                          credentials::Credential& credential) {
  if (answer.credential_identity().empty()) return "has no identity";
  if (answer.endpoints().empty()) return "is bound to no endpoint";
  credential.identity = answer.credential_identity();
  for (const wire::StaticCredentialEndpointBinding& endpoint : answer.endpoints()) {
    if (endpoint.port() == 0 || endpoint.port() > std::numeric_limits<std::uint16_t>::max()) {
      return "is bound to a port that is none";
    }
    if (policy::HostPattern::fault(endpoint.host())) return "is bound to a host that is none";
    credentials::Binding binding;
    binding.host = endpoint.host();
    binding.port = static_cast<std::uint16_t>(endpoint.port());
    binding.path = endpoint.path();
    credential.bindings.push_back(std::move(binding));
  }
  return {};
}

}  // namespace

std::optional<policy::Policy> policy_of(const sandbox_wire::GetSandboxConfigResponse& answer,
                                        std::string& wrong) {
  policy::Policy policy;
  if (answer.has_policy()) {
    base::Diagnostics complaints;
    auto loaded =
        policy::load_policy_text(policy::policy_document(answer.policy()),
                                 fmt::format("policy version {}", answer.version()), complaints);
    if (!loaded) {
      wrong = complaints.to_string();
      return std::nullopt;
    }
    if (const auto unclear = policy::ambiguities(*loaded); !unclear.empty()) {
      wrong = unclear.front();
      return std::nullopt;
    }
    policy = std::move(*loaded);
  }
  if (!answer.policy_hash().empty()) policy.revision = answer.policy_hash();
  return policy;
}

std::unique_ptr<sandbox_wire::SandboxPolicy> effective_of(
    const sandbox_wire::GetSandboxConfigResponse& answer, const policy::StaticSections& in_force) {
  if (!answer.has_policy() || !in_force.filesystem) return nullptr;
  const policy::Filesystem& files = *in_force.filesystem;
  const auto& served = answer.policy().filesystem();
  if (answer.policy().has_filesystem() && served.include_workdir() == files.include_workdir &&
      same_paths(served.read_only(), files.read_only) &&
      same_paths(served.read_write(), files.read_write)) {
    return nullptr;
  }
  auto effective = std::make_unique<sandbox_wire::SandboxPolicy>(answer.policy());
  auto& stated = *effective->mutable_filesystem();
  stated.set_include_workdir(files.include_workdir);
  stated.mutable_read_only()->Assign(files.read_only.begin(), files.read_only.end());
  stated.mutable_read_write()->Assign(files.read_write.begin(), files.read_write.end());
  auto& rules = *effective->mutable_network_policies();
  for (auto rule = rules.begin(); rule != rules.end();) {
    rule = rule->first.starts_with(kProfileRule) ? rules.erase(rule) : std::next(rule);
  }
  return effective;
}

std::string policy_seen(const sandbox_wire::GetSandboxConfigResponse& answer) {
  return fmt::format("{} {}", answer.config_revision(), answer.policy_hash());
}

std::vector<middleware::Registration> registrations_of(
    const sandbox_wire::GetSandboxConfigResponse& answer) {
  std::vector<middleware::Registration> all;
  for (const sandbox_wire::SupervisorMiddlewareService& service :
       answer.supervisor_middleware_services()) {
    middleware::Registration registration;
    registration.name = service.name();
    registration.endpoint = service.grpc_endpoint();
    registration.payload_bytes_max = service.max_payload_bytes();
    registration.timeout = service.timeout();
    registration.ca_pem = service.tls_ca_cert_pem();
    registration.audience = service.audience().empty()
                                ? middleware::default_audience(service.name())
                                : service.audience();
    registration.allow_insecure_transport = service.allow_insecure_transport();
    all.push_back(std::move(registration));
  }
  return all;
}

inference::Routes routes_of(const inference_wire::GetInferenceBundleResponse& answer,
                            const inference::Routes* before, std::vector<std::string>& wrong) {
  std::vector<inference::Route> routes;
  for (const inference_wire::ResolvedRoute& resolved : answer.routes()) {
    if (resolved.name() == kSystemRoute) continue;
    inference::Route route;
    const std::string reason = read_route(resolved, route);
    if (reason.empty()) {
      routes.push_back(std::move(route));
      continue;
    }
    wrong.push_back(fmt::format("route {}: {}", http::json_string(resolved.name()), reason));
    const inference::Route* last_good = find_route(before, resolved.name());
    if (last_good != nullptr) routes.push_back(*last_good);
  }
  return inference::Routes(std::move(routes));
}

std::optional<credentials::Store> store_of(
    const wire::GetSandboxProviderEnvironmentResponse& answer, std::string& wrong) {
  const std::set<std::string> plain(answer.non_secret_environment_keys().begin(),
                                    answer.non_secret_environment_keys().end());
  const auto& bindings = answer.static_credential_bindings();
  std::vector<credentials::Credential> all;
  for (const auto& [key, value] : answer.environment()) {
    const auto bound = bindings.find(key);
    const bool secret = bound != bindings.end();
    if (secret == plain.contains(key)) {
      wrong = secret ? "a key is secret and isn't" : "a key is neither secret nor plain";
      return std::nullopt;
    }
    if (!secret) continue;
    credentials::Credential credential;
    const std::string reason = read_bindings(bound->second, credential);
    if (!reason.empty()) {
      wrong = "a credential " + reason;
      return std::nullopt;
    }
    credential.key = key;
    credential.value = base::Secret(value);
    const auto expiry = answer.credential_expires_at_ms().find(key);
    if (expiry != answer.credential_expires_at_ms().end()) {
      credential.expires_at_ms = expiry->second;
    }
    all.push_back(std::move(credential));
  }
  const auto missing = std::any_of(bindings.begin(), bindings.end(), [&](const auto& entry) {
    return !answer.environment().contains(entry.first);
  });
  if (missing) {
    wrong = "a binding is for a credential that isn't there";
    return std::nullopt;
  }
  return credentials::Store(answer.provider_env_revision(), std::move(all));
}

}  // namespace sallyport::sync
