#include "reference/adapters/tunnel.h"

#include <fmt/format.h>

#include "reference/adapters/sniff.h"
#include "reference/middleware/chain.h"
#include "reference/relay/inference.h"
#include "reference/relay/middleware_events.h"
#include "reference/relay/raw.h"
#include "reference/tls/accept_connect.h"
#include "reference/tls/leaf_cache.h"

namespace sallyport::adapters {
namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;

// TLS with the sandbox's CA on the client's connection; null when there is none, `cause` says why.
net::Task<std::unique_ptr<net::ByteStream>> terminate(Session& session, std::string host,
                                                      std::string& cause) {
  const relay::Services& services = session.services;
  if (services.agent_tls == nullptr) {
    cause = "missing TLS state";
    co_return nullptr;
  }
  const auto leaf = services.leaves->get(host);
  if (!leaf) {
    cause = leaf.error().message();
    co_return nullptr;
  }
  tls::HandshakeFailure failure;
  const base::TimePoint until = services.clock.now() + session.generation->limits.tls_handshake;
  auto secured = co_await tls::accept_tls(std::move(session.client), *services.agent_tls, *leaf,
                                          until, failure);
  if (secured) co_return std::move(*secured);
  cause = failure.text.empty() ? secured.error().message() : failure.text;
  co_return nullptr;
}

// A tunnel that must be readable, and isn't: the answer goes into it.
net::Task<void> refuse_protocol(Session& session, const relay::Grant& grant,
                                egress::DenyReason reason, Protocol protocol) {
  egress::Deny denial =
      egress::deny(reason, grant.intent, grant.allow.policy, std::string(protocol_name(protocol)));
  co_await deny(session, grant.intent, std::move(denial));
}

// Middleware that is for this host can't see what an opaque relay carries: an entry that fails
// closed refuses it, others let it pass with a finding. The denial's reason, if it is refused.
std::optional<egress::DenyReason> judge_unseen(const Session& session, const relay::Grant& grant,
                                               Protocol protocol) {
  const bool skipped = grant.allow.plan.transport == egress::Transport::opaque;
  const auto gate = middleware::judge_uninspectable(grant.generation->policy, grant.intent.host);
  if (gate == middleware::Uninspectable::unrestricted) return std::nullopt;
  const bool bypassed = gate == middleware::Uninspectable::bypass_with_finding;
  auto reason = egress::DenyReason::middleware_required;
  std::string evidence = skipped ? "tls-skip tunnel" : "non-http tcp";
  if (!skipped) {
    reason = protocol == Protocol::h2c ? egress::DenyReason::uninspectable_h2c
                                       : egress::DenyReason::uninspectable_protocol;
    if (!bypassed) evidence = egress::deny(reason, grant.intent, {}, {}).detail;
  }
  session.services.audit.emit(relay::uninspectable_event(grant, evidence, bypassed));
  if (bypassed) return std::nullopt;
  return reason;
}

net::Task<void> serve_tls(Session& session, Opened& opened) {
  const relay::Grant& grant = opened.grant;
  std::string cause;
  const auto client = co_await terminate(session, grant.intent.host, cause);
  if (!client) {
    emit_decision(session,
                  audit::net_failed(
                      grant.flow(),
                      fmt::format("TLS relay error: {}", grant.authority().to_string()), cause));
    co_return;
  }
  opened.target.tls = true;
  relay::Upstream upstream(session.services, std::move(opened.target), grant.limits());
  upstream.adopt(std::move(opened.upstream));
  relay::Inlet inlet(*client, session.services.buffers);
  co_await relay::relay_http(session.services, grant, kHttpsPort, inlet, upstream);
}

net::Task<void> serve_plain(Session& session, Opened& opened) {
  relay::Upstream upstream(session.services, std::move(opened.target), opened.grant.limits());
  upstream.adopt(std::move(opened.upstream));
  relay::Inlet inlet(*session.client, session.services.buffers);
  co_await relay::relay_http(session.services, opened.grant, kHttpPort, inlet, upstream);
}

// Neither TLS that is taken off nor HTTP: refused by what the endpoint asks for, or by middleware;
// else relayed as it is.
net::Task<void> serve_other(Session& session, Opened& opened, Protocol protocol) {
  const relay::Grant& grant = opened.grant;
  std::optional<egress::DenyReason> refused;
  const bool inspect = grant.allow.plan.transport == egress::Transport::inspect;
  if (inspect && grant.allow.plan.must_inspect) {
    refused = protocol == Protocol::h2c ? egress::DenyReason::h2c_unsupported
                                        : egress::DenyReason::unsupported_protocol;
  } else {
    refused = judge_unseen(session, grant, protocol);
  }
  if (refused) return refuse_protocol(session, grant, *refused, protocol);
  relay::RawOptions options;
  options.allowed = [](const relay::Grant& renewed) {
    return middleware::judge_uninspectable(renewed.generation->policy, renewed.intent.host) !=
           middleware::Uninspectable::deny;
  };
  return relay::relay_raw(session.services, std::move(opened.grant), *session.client,
                          *opened.upstream, std::move(options));
}

// inference.local:443, after its 200.
net::Task<void> serve_inference(Session& session) {
  std::string cause;
  const auto client = co_await terminate(session, std::string(egress::kInferenceHost), cause);
  if (!client) {
    audit::Flow flow;
    flow.source = session.source;
    flow.destination.host = std::string(egress::kInferenceHost);
    flow.destination.port = egress::kInferencePort;
    audit::Rule rule;
    rule.engine = "inference";
    emit_decision(session,
                  audit::net_denied(
                      std::move(flow),
                      fmt::format("Inference interception denied: TLS handshake failed: {}", cause),
                      cause, std::move(rule)));
    co_return;
  }
  relay::Inlet inlet(*client, session.services.buffers);
  co_await relay::relay_inference(session.services, session.source, inlet);
}

}  // namespace

net::Task<void> serve_tunnel(Session& session, std::unique_ptr<Opened> opened) {
  if (!opened->upstream) {
    co_await serve_inference(session);
    co_return;
  }
  Sniffed sniffed;
  if (opened->grant.allow.plan.transport == egress::Transport::inspect) {
    sniffed = co_await sniff(*session.client, *opened->upstream, opened->grant.limits(),
                             session.services.clock);
    if (sniffed.closed) co_return;
  }
  if (sniffed.protocol == Protocol::tls) {
    co_await serve_tls(session, *opened);
  } else if (sniffed.protocol == Protocol::http1) {
    co_await serve_plain(session, *opened);
  } else {
    co_await serve_other(session, *opened, sniffed.protocol);
  }
}

}  // namespace sallyport::adapters
