// What one sandbox's supervisor is told: its policy with the services that it names, and the
// credentials of its providers. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reference/gateway/records.h"

namespace sallyport::gateway {

struct DeliveredConfig {
  PolicyRecord policy;
  bool global = false;                 // it is the global policy
  std::vector<Registration> services;  // those that the policy names
  std::uint64_t revision = 0;          // over both
};

struct DeliveredCredential {
  std::string key;
  base::Secret value;
  std::string identity;  // `<provider id>:<key>`
  std::vector<CredentialEndpoint> endpoints;
  std::int64_t expires_at_ms = 0;  // 0: never
};

struct DeliveredEnvironment {
  std::vector<DeliveredCredential> credentials;  // by key
  std::uint64_t revision = 0;
};

// FAILED_PRECONDITION: neither the sandbox nor the gateway has a policy, or the policy names a
// middleware that is neither built in nor registered.
[[nodiscard]] Answer<DeliveredConfig> config_of(const State& state, const Sandbox& sandbox);

// They may go where the provider's record states, or else where the policy in force binds them.
// Withheld are those with neither, those whose key isn't fit for a placeholder, expired ones, and
// service account keys of Google's. Of several providers with one key the first attached is heard.
[[nodiscard]] DeliveredEnvironment environment_of(const State& state, const Sandbox& sandbox,
                                                  std::int64_t now_ms);

// The registrations among `all` that the policy names.
[[nodiscard]] std::vector<Registration> named_by(const PolicyRecord& policy,
                                                 const std::vector<Registration>& all);
// The first implementation of the policy that is neither built in nor among `all`; else empty.
[[nodiscard]] std::string unregistered(const PolicyRecord& policy,
                                       const std::vector<Registration>& all);

}  // namespace sallyport::gateway
