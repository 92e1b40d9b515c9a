#include "reference/gateway/delivery.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "reference/gateway/fingerprint.h"
#include "reference/gateway/provider_rules.h"
#include "reference/middleware/registry.h"

namespace sallyport::gateway {
namespace {

bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// `v7_KEY` and `s<64 hex>_KEY` are how placeholders of KEY are written.
bool reads_as_placeholder(std::string_view key) {
  const std::size_t end = key.find('_');
  if (end == std::string_view::npos || end < 2 || end + 1 == key.size()) return false;
  const std::string_view digits = key.substr(1, end - 1);
  const auto all = [&digits](std::string_view of) {
    return digits.find_first_not_of(of) == std::string_view::npos;
  };
  if (key[0] == 'v') return all("0123456789");
  return key[0] == 's' && digits.size() == 64 && all("0123456789abcdef");
}

// What the provider's record states, else what the policy binds to it.
std::vector<CredentialEndpoint> endpoints_of(const Provider& provider, const PolicyRecord* policy) {
  std::vector<CredentialEndpoint> endpoints = provider.endpoints;
  if (!endpoints.empty() || policy == nullptr) return endpoints;
  for (const PolicyBinding& binding : policy->bindings) {
    if (binding.provider == provider.name) endpoints.push_back(binding.endpoint);
  }
  return endpoints;
}

// A whole account's key, from which tokens are made: never for a sandbox (OpenShell
// crates/openshell-server/src/grpc/provider.rs).
bool is_account_key(const Provider& provider, std::string_view key) {
  return key == "GOOGLE_SERVICE_ACCOUNT_KEY" && normal_type(provider.type) == "google-vertex-ai";
}

bool is_deliverable(const Provider& provider, const std::string& key, std::int64_t now_ms) {
  if (!is_word(key) || reads_as_placeholder(key) || is_account_key(provider, key)) return false;
  const auto expiry = provider.expires_at_ms.find(key);
  return expiry == provider.expires_at_ms.end() || expiry->second > now_ms;
}

DeliveredCredential credential(const Provider& provider, const std::string& key,
                               const base::Secret& value,
                               const std::vector<CredentialEndpoint>& endpoints) {
  DeliveredCredential one;
  one.key = key;
  one.value = value;
  one.identity = fmt::format("{}:{}", provider.id, key);
  one.endpoints = endpoints;
  const auto expiry = provider.expires_at_ms.find(key);
  if (expiry != provider.expires_at_ms.end()) one.expires_at_ms = expiry->second;
  return one;
}

// Values are no part of it: the version changes with them.
void add_to(Fingerprint& all, const Provider& provider,
            const std::vector<CredentialEndpoint>& endpoints) {
  all.add(provider.id).add(provider.version).add(provider.type);
  all.add(provider.credentials.size());
  for (const auto& [key, value] : provider.credentials) all.add(key);
  all.add(endpoints.size());
  for (const CredentialEndpoint& endpoint : endpoints) {
    all.add(endpoint.host).add(endpoint.port).add(endpoint.path);
  }
}

void add_to(Fingerprint& all, const Registration& service) {
  all.add(service.name).add(service.endpoint).add(service.payload_bytes_max);
  all.add(service.timeout).add(service.ca_pem).add(service.audience);
  all.add(service.allow_insecure_transport ? 1 : 0);
}

const Registration* find(const std::vector<Registration>& all, std::string_view name) {
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const Registration& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

std::vector<Registration> named_by(const PolicyRecord& policy,
                                   const std::vector<Registration>& all) {
  std::vector<Registration> named;
  for (const std::string& name : policy.implementations) {
    if (const Registration* const found = find(all, name)) named.push_back(*found);
  }
  return named;
}

std::string unregistered(const PolicyRecord& policy, const std::vector<Registration>& all) {
  const auto built_in = middleware::built_in_registry();
  for (const std::string& name : policy.implementations) {
    if (built_in->find(name) == nullptr && find(all, name) == nullptr) return name;
  }
  return {};
}

Answer<DeliveredConfig> config_of(const State& state, const Sandbox& sandbox) {
  DeliveredConfig config;
  config.global = !sandbox.policy;
  if (config.global && !state.policy) {
    return refusal(
        rpc::Code::failed_precondition,
        fmt::format("sandbox '{}' has no policy, and there is no global one", sandbox.name));
  }
  config.policy = config.global ? *state.policy : *sandbox.policy;
  if (const std::string name = unregistered(config.policy, state.registrations); !name.empty()) {
    return refusal(rpc::Code::failed_precondition,
                   fmt::format("the policy of sandbox '{}' names middleware '{}', which is not "
                               "registered",
                               sandbox.name, name));
  }
  config.services = named_by(config.policy, state.registrations);
  Fingerprint all;
  all.add(config.policy.hash).add(config.services.size());
  for (const Registration& service : config.services) add_to(all, service);
  config.revision = all.number();
  return config;
}

DeliveredEnvironment environment_of(const State& state, const Sandbox& sandbox,
                                    std::int64_t now_ms) {
  std::map<std::string, DeliveredCredential> by_key;
  Fingerprint all;
  for (const std::string& name : sandbox.providers) {
    const auto found = state.providers.find(name);
    if (found == state.providers.end()) continue;
    const Provider& provider = found->second;
    const auto endpoints = endpoints_of(provider, state.in_force(sandbox));
    add_to(all, provider, endpoints);
    if (endpoints.empty()) continue;
    for (const auto& [key, value] : provider.credentials) {
      if (!is_deliverable(provider, key, now_ms)) continue;
      by_key.emplace(key, credential(provider, key, value, endpoints));
    }
  }
  DeliveredEnvironment environment;
  for (auto& [key, one] : by_key) {
    all.add(one.identity);  // one that expires changes the environment and no record
    environment.credentials.push_back(std::move(one));
  }
  environment.revision = all.add(state.start).number();
  return environment;
}

}  // namespace sallyport::gateway
