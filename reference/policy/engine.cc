#include "reference/policy/engine.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::policy {
namespace {

bool matches(const Endpoint& endpoint, const std::string& host, std::uint16_t port) {
  if (!std::binary_search(endpoint.ports.begin(), endpoint.ports.end(), port)) return false;
  return !endpoint.host || endpoint.host->matches(host);
}

// Adds one more matching endpoint to what is demanded; see the header for who wins.
void take(const Endpoint& endpoint, bool first, Match& match) {
  if (first) {
    match.tls = endpoint.tls;
    match.allow_encoded_slash = endpoint.allow_encoded_slash;
  }
  if (endpoint.tls == TlsMode::automatic) match.tls = TlsMode::automatic;
  if (endpoint.protocol == Protocol::rest) match.protocol = Protocol::rest;
  if (endpoint.enforcement == Enforcement::enforce) match.enforcement = Enforcement::enforce;
  if (!endpoint.allow_encoded_slash) match.allow_encoded_slash = false;
  if (!endpoint.allowed_ips.empty()) match.allowed_ips.push_back(endpoint.allowed_ips);
  if (endpoint.host && endpoint.host->is_exact()) match.host_is_named = true;
}

}  // namespace

std::string host_port(std::string_view host, std::uint16_t port) {
  if (host.find(':') == std::string_view::npos) return fmt::format("{}:{}", host, port);
  return fmt::format("[{}]:{}", host, port);
}

Match find(const Policy& policy, std::string_view host, std::uint16_t port) {
  const std::string normalised = normalise_host(host);
  Match match;
  if (policy.network_policies.empty()) {
    match.reason = "network connections not allowed by policy";
    return match;
  }
  // Reported is the smallest name; a `name` may sort otherwise than its key.
  for (const auto& [key, rule] : policy.network_policies) {
    for (const Endpoint& endpoint : rule.endpoints) {
      if (normalised.empty() || !matches(endpoint, normalised, port)) continue;
      take(endpoint, !match.allowed, match);
      if (!match.allowed || rule.name < match.policy) match.policy = rule.name;
      match.allowed = true;
    }
  }
  if (!match.allowed) {
    match.reason =
        fmt::format("endpoint {} is not allowed by any policy", host_port(normalised, port));
  }
  return match;
}

}  // namespace sallyport::policy
