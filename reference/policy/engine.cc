#include "reference/policy/engine.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "reference/policy/binaries.h"
#include "reference/policy/index.h"

namespace sallyport::policy {
namespace {

// Adds one more matching endpoint to what is demanded; see the header for who wins.
void take(const Endpoint& endpoint, Match& match) {
  const bool first = !match.allowed;
  if (first) {
    match.tls = endpoint.tls;
    match.allow_encoded_slash = endpoint.allow_encoded_slash;
  }
  if (endpoint.tls == TlsMode::automatic) match.tls = TlsMode::automatic;
  if (judges_requests(endpoint)) {
    const bool web_socket = endpoint.protocol == Protocol::websocket;
    match.protocol =
        web_socket && match.protocol != Protocol::rest ? Protocol::websocket : Protocol::rest;
  }
  if (endpoint.enforcement == Enforcement::enforce) match.enforcement = Enforcement::enforce;
  if (!endpoint.allow_encoded_slash) match.allow_encoded_slash = false;
  if (!endpoint.allowed_ips.empty()) match.allowed_ips.push_back(endpoint.allowed_ips);
  if (endpoint.host && endpoint.host->is_exact()) match.host_is_named = true;
}

// Of one policy that names the endpoint for others.
std::string refusal(const Rule& rule, const Program& program) {
  return fmt::format("binary '{}' not allowed in policy '{}' (ancestors: [{}], cmdline: [{}])",
                     program.binary, rule.name, fmt::join(program.ancestors, " -> "),
                     fmt::join(program.cmdline, ", "));
}

std::string refusals(std::vector<const Rule*> rules, const Program& program) {
  std::stable_sort(rules.begin(), rules.end(),
                   [](const Rule* a, const Rule* b) { return a->name < b->name; });
  rules.erase(std::unique(rules.begin(), rules.end()), rules.end());
  std::string text;
  for (const Rule* const rule : rules) {
    if (!text.empty()) text += "; ";
    text += refusal(*rule, program);
  }
  return text;
}

}  // namespace

bool judges_requests(const Endpoint& endpoint) {
  return endpoint.protocol != Protocol::unset || endpoint.path || !endpoint.allow.empty() ||
         !endpoint.deny.empty();
}

std::string host_port(std::string_view host, std::uint16_t port) {
  if (host.find(':') == std::string_view::npos) return fmt::format("{}:{}", host, port);
  return fmt::format("[{}]:{}", host, port);
}

Match find(const Policy& policy, const Program* program, std::string_view host,
           std::uint16_t port) {
  Match match;
  if (policy.network_policies.empty()) {
    match.reason = "network connections not allowed by policy";
    return match;
  }
  const std::string normalised = normalise_host(host);
  std::vector<const Rule*> others;
  // Reported is the smallest name; a `name` may sort otherwise than its key.
  for (const auto& [rule, endpoint] : candidates(policy, normalised, port)) {
    match.endpoint_is_known = true;
    if (!names(*rule, program)) {
      others.push_back(rule);
      continue;
    }
    take(*endpoint, match);
    if (!match.allowed || rule->name < match.policy) match.policy = rule->name;
    match.allowed = true;
  }
  if (match.allowed) return match;
  match.reason = others.empty() ? fmt::format("endpoint {} is not allowed by any policy",
                                              host_port(normalised, port))
                                : refusals(std::move(others), *program);
  return match;
}

}  // namespace sallyport::policy
