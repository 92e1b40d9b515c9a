#include "reference/relay/credentials.h"

#include <fmt/format.h>

#include <algorithm>

#include "reference/credentials/placeholder.h"
#include "reference/relay/answer.h"
#include "reference/relay/middleware_answer.h"

namespace sallyport::relay {
namespace {

using credentials::Refusal;

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kNameEnd = ": ";

const credentials::Store& store_of(const egress::Generation& generation) {
  static const credentials::Store kNone;
  return generation.credentials ? *generation.credentials : kNone;
}

// The head anew while it is read: nothing is copied before the first placeholder.
class Rewriter {
 public:
  explicit Rewriter(std::string_view head) : head_(head) {}

  // `value` is a part of the head.
  void replace(std::string_view value, std::string_view with) {
    const auto at = static_cast<std::size_t>(value.data() - head_.data());
    out_.append(head_.substr(taken_, at - taken_)).append(with);
    taken_ = at + value.size();
    changed_ = true;
  }
  [[nodiscard]] std::optional<std::string> finish() {
    if (!changed_) return std::nullopt;
    out_.append(head_.substr(taken_));
    return std::move(out_);
  }

 private:
  std::string_view head_;
  std::string out_;
  std::size_t taken_ = 0;
  bool changed_ = false;
};

// With the generation whose credentials were asked for, which may be newer than the grant's.
audit::Event stamped(const egress::Generation& generation, audit::Event event) {
  event.unmapped.emplace_back("generation", static_cast<std::int64_t>(generation.number));
  return event;
}

// No key but its variable's name, and nothing of the request but its path, is told.
void tell(const Services& services, const Grant& grant, const egress::Generation& generation,
          const std::string& method, const std::string& path, const Placement& placement) {
  const bool mismatch = placement.refusal == Refusal::endpoint_mismatch;
  const std::string where = grant.authority().to_string();
  const std::string detail =
      mismatch ? fmt::format("credential {} is not bound to {}", placement.key, where)
               : "credential placeholder could not be resolved";
  // The scheme is always http, as the field writes it; the port is shown therefore.
  audit::HttpRequest request{method, "http", grant.intent.host, grant.intent.port, path};
  audit::Rule rule{grant.allow.policy, "provider-credential"};
  const audit::Severity severity = mismatch ? audit::Severity::high : audit::Severity::medium;
  services.audit.emit(stamped(
      generation, audit::http_denied(grant.flow(), std::move(request),
                                     fmt::format("CREDENTIAL deny {} {}{}", method, where, path),
                                     detail, std::move(rule), severity)));
  if (!mismatch) return;
  audit::Finding finding;
  finding.uid = "openshell.provider_credential.endpoint_mismatch";
  finding.title = "Provider credential used for another endpoint";
  finding.description = detail;
  finding.evidence.emplace_back("policy", grant.allow.policy);
  finding.evidence.emplace_back("host", grant.intent.host);
  finding.evidence.emplace_back("credential", placement.key);
  services.audit.emit(stamped(generation, audit::finding(std::move(finding), audit::Severity::high,
                                                         audit::Disposition::blocked)));
}

// The event and the answer; the connection is over then.
net::Task<void> refuse(const Services& services, const Grant& grant, Inlet& client,
                       const egress::Generation& generation, const std::string& path,
                       const std::string& method, const Placement& placement) {
  tell(services, grant, generation, method, path, placement);
  const bool forwarded = grant.intent.adapter == egress::Adapter::forward;
  http::LocalAnswer answer = placement.refusal == Refusal::endpoint_mismatch
                                 ? credential_mismatch()
                                 : credential_unavailable(forwarded);
  co_await send_answer(client.stream(), std::move(answer), method, grant.limits(), services.clock);
}

// What the policy says of this host and port, in whatever rule.
template <typename Visit>
void for_each_endpoint(const policy::Policy& policy, std::string_view host, std::uint16_t port,
                       const Visit& visit) {
  const std::string name = policy::normalise_host(host);
  for (const auto& [key, rule] : policy.network_policies) {
    for (const policy::Endpoint& endpoint : rule.endpoints) {
      const bool here = !endpoint.host || endpoint.host->matches(name);
      const auto& ports = endpoint.ports;
      if (here && std::find(ports.begin(), ports.end(), port) != ports.end()) visit(endpoint);
    }
  }
}

// Whose credentials without endpoints the policy binds here; to a path where one is given.
std::vector<std::string_view> bound_providers(const policy::Policy& policy, std::string_view host,
                                              std::uint16_t port, const std::string_view* path) {
  std::vector<std::string_view> providers;
  for_each_endpoint(policy, host, port, [&](const policy::Endpoint& endpoint) {
    const bool named = endpoint.host && !endpoint.credential_provider.empty();
    const bool here = path == nullptr || !endpoint.path || endpoint.path->matches(*path);
    if (named && here) providers.emplace_back(endpoint.credential_provider);
  });
  return providers;
}

Placement refused(credentials::Refusal refusal, std::string key = {}) {
  Placement placement;
  placement.refusal = refusal;
  placement.key = std::move(key);
  return placement;
}

// The request line: its target may hold placeholders, its method never.
std::optional<credentials::Resolved> resolve_line(const credentials::Store& store,
                                                  std::string_view line,
                                                  const credentials::Endpoint& endpoint,
                                                  std::int64_t now_ms, std::string_view& target) {
  const std::size_t method = line.find(' ');
  const std::size_t version = line.rfind(' ');
  if (!credentials::holds_placeholder(line)) return std::nullopt;
  if (method == std::string_view::npos || version <= method ||
      credentials::holds_placeholder(line.substr(0, method))) {
    credentials::Resolved none;
    none.refusal = Refusal::unavailable;
    return none;
  }
  target = line.substr(method + 1, version - method - 1);
  return store.resolve_target(target, endpoint, now_ms);
}

}  // namespace

Placement place_credentials(const egress::Generation& generation, credentials::Endpoint endpoint,
                            std::string_view head, std::int64_t now_ms) {
  const credentials::Store& store = store_of(generation);
  const auto providers =
      bound_providers(generation.policy, endpoint.host, endpoint.port, &endpoint.path);
  endpoint.providers = providers;
  Rewriter rewriter(head);
  std::size_t at = 0;
  for (bool first = true; at < head.size(); first = false) {
    const std::size_t end = std::min(head.find(kLineEnd, at), head.size());
    const std::string_view line = head.substr(at, end - at);
    at = end + kLineEnd.size();
    std::string_view part;
    std::optional<credentials::Resolved> resolved;
    if (first) {
      resolved = resolve_line(store, line, endpoint, now_ms, part);
    } else {
      const std::size_t colon = line.find(kNameEnd);
      if (credentials::holds_placeholder(line.substr(0, colon))) {
        return refused(Refusal::unavailable);
      }
      if (colon == std::string_view::npos) continue;
      part = line.substr(colon + kNameEnd.size());
      resolved = store.resolve_field(part, endpoint, now_ms);
    }
    if (!resolved) continue;
    if (resolved->refusal != Refusal::none) return refused(resolved->refusal, resolved->key);
    rewriter.replace(part, resolved->value);
  }
  Placement placement;
  placement.head = rewriter.finish();
  return placement;
}

bool is_uninspected(const Grant& grant) {
  const egress::Generation& generation = *grant.generation;
  if (grant.allow.plan.transport != egress::Transport::opaque || !generation.credentials) {
    return false;
  }
  const auto providers =
      bound_providers(generation.policy, grant.intent.host, grant.intent.port, nullptr);
  credentials::Endpoint endpoint{grant.intent.host, grant.intent.port, {}};
  endpoint.providers = providers;
  if (!generation.credentials->binds(endpoint)) return false;
  bool all_permit = true;
  for_each_endpoint(generation.policy, grant.intent.host, grant.intent.port,
                    [&](const policy::Endpoint& one) {
                      if (!one.allow_uninspected_credentials) all_permit = false;
                    });
  return !all_permit;
}

net::Task<Way> open_way(const Services& services, const Grant& grant, Inlet& client,
                        Upstream& upstream, const std::string& path, Outgoing& request) {
  // What a binding is held against, and what is told: never a placeholder.
  const std::string shown = credentials::redact_path(path);
  credentials::Endpoint endpoint{grant.intent.host, grant.intent.port, shown};
  endpoint.clear = !upstream.secured();
  auto generation = services.generations.current();
  Placement placement =
      place_credentials(*generation, endpoint, request.head, services.clock.wall_ms());
  bool stands = false;
  if (placement.refusal == Refusal::none) {
    stands = co_await upstream.ready();
    if (!stands) co_return Way::unreachable;
    auto now = services.generations.current();
    if (placement.head && now != generation) {
      // Rotated or revoked while it was dialled.
      generation = std::move(now);
      placement = place_credentials(*generation, endpoint, request.head, services.clock.wall_ms());
    }
  }
  if (placement.refusal != Refusal::none) {
    co_await refuse(services, grant, client, *generation, shown, request.method, placement);
    co_return Way::refused;
  }
  if (placement.head) request.head = std::move(*placement.head);
  co_return Way::open;
}

}  // namespace sallyport::relay
