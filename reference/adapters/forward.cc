#include "reference/adapters/forward.h"

#include <fmt/format.h>

#include "reference/egress/destination.h"
#include "reference/egress/events.h"
#include "reference/http/header_rules.h"
#include "reference/http/target.h"
#include "reference/relay/answer.h"
#include "reference/relay/credentials.h"
#include "reference/relay/http.h"
#include "reference/relay/middleware.h"

namespace sallyport::adapters {
namespace {

using egress::DenyReason;

net::Task<void> refuse_target(Session& session, const http::RequestHead& head,
                              const base::Error& error) {
  audit::Flow flow;
  flow.source = session.source;
  audit::HttpRequest request;
  request.method = std::string(head.method);
  emit_decision(session, audit::http_failed(std::move(flow), std::move(request),
                                            "FORWARD parse error", error.message()));
  co_await relay::send_answer(*session.client, http::bare_answer(400), head.method,
                              session.generation->limits, session.services.clock);
}

// What a path is before it is known to have a canonical form: for events and denials alone.
std::string raw_path(std::string_view path_and_query) {
  const std::string_view path = path_and_query.substr(0, path_and_query.find('?'));
  return path.empty() ? "/" : std::string(path);
}

// The request as it goes up: canonical target, one Host, Via, nothing hop-by-hop.
relay::Outgoing outgoing(const http::RequestHead& head, const http::CanonicalTarget& target,
                         const http::Authority& authority, const http::Framing& framing) {
  relay::Outgoing out;
  out.head = http::build_forward_head(head, target, authority, framing);
  out.framing = framing;
  out.method = std::string(head.method);
  out.client_version_minor = head.version_minor;
  out.expects_continue = head.fields.has_token("expect", "100-continue");
  out.keep_client = false;
  return out;
}

// A request that was judged.
struct Judged {
  http::CanonicalTarget target;
  relay::Outgoing outgoing;
};

net::Task<void> refuse(Session& session, const relay::Grant& grant, DenyReason reason,
                       std::string cause) {
  egress::Deny denial = egress::deny(reason, grant.intent, grant.allow.policy, std::move(cause));
  co_await deny(session, grant.intent, std::move(denial));
}

// The destination is known and allowed: middleware, credentials, the exchange, and its end. Nobody
// is dialled before the chain's verdict.
net::Task<void> relay_request(Session& session, relay::Grant& grant, const http::RequestHead& head,
                              relay::UpstreamTarget destination, Judged request) {
  const relay::Services& services = session.services;
  relay::Inlet client(*session.client, services.buffers);
  auto passage = relay::select_passage(services, grant, "http", head, request.target);
  if (passage) {
    const bool passed =
        co_await relay::pass_chain(services, grant, client, std::move(*passage), request.outgoing);
    if (!passed) co_return;
  }
  relay::Upstream upstream(services, std::move(destination), grant.limits());
  const std::string method = request.outgoing.method;
  const std::string path(request.target.path());
  const relay::Way way =
      co_await relay::open_way(services, grant, client, upstream, path, request.outgoing);
  if (way == relay::Way::refused) co_return;
  if (!follow(session, grant)) {
    co_await refuse(session, grant, DenyReason::policy_changed, "");
    co_return;
  }
  if (way == relay::Way::unreachable) {
    co_await refuse(session, grant, DenyReason::upstream_unreachable, upstream.cause());
    co_return;
  }
  // Before the answer: who has it may ask what was said of it.
  emit_decision(session, egress::allowed_event(grant.intent, grant.allow, session.source));
  const relay::ExchangeResult result = co_await relay::exchange(
      client, upstream.inlet(), std::move(request.outgoing), grant.limits(), services.clock);
  co_await relay::finish_exchange(services, grant, client, method, result);
}

// What is to be said of the request's head. The denial is sent when it answers nothing.
net::Task<std::optional<Judged>> judge_request(Session& session, const relay::Grant& grant,
                                               const http::RequestHead& head,
                                               std::string_view path_and_query,
                                               const http::Framing& framing) {
  const egress::RelayPlan& plan = grant.allow.plan;
  http::TargetOptions options;
  options.allow_encoded_slash = plan.allow_encoded_slash;
  options.bytes_max = grant.limits().target_bytes_max;
  const std::string origin = path_and_query.starts_with('/') ? std::string(path_and_query)
                                                             : fmt::format("/{}", path_and_query);
  const auto target = http::canonical_target(origin, options);
  std::optional<egress::Deny> denial;
  if (!target) {
    denial = egress::deny(DenyReason::invalid_target, grant.intent, grant.allow.policy,
                          target.error().message());
  } else if (http::is_upgrade(head)) {
    denial = egress::deny(DenyReason::h2c_upgrade_unsupported, grant.intent, grant.allow.policy,
                          "upgrade requested");
    if (http::upgrade_of(head) != http::Upgrade::h2c) {
      denial->detail = "protocol upgrades are not served";
    }
  }
  if (!denial) {
    const http::Authority authority = grant.authority();
    Judged judged;
    judged.target = *target;
    judged.outgoing = outgoing(head, *target, authority, framing);
    co_return judged;
  }
  co_await deny(session, grant.intent, std::move(*denial));
  co_return std::nullopt;
}

}  // namespace

net::Task<void> serve_forward(Session& session, const http::RequestHead& head,
                              http::Framing framing) {
  const auto absolute = http::parse_absolute_form(head.target);
  if (!absolute) {
    co_await refuse_target(session, head, absolute.error());
    co_return;
  }
  relay::Grant grant;
  grant.generation = session.generation;
  grant.source = session.source;
  grant.intent.adapter = egress::Adapter::forward;
  grant.intent.scheme = absolute->scheme;
  grant.intent.host = absolute->authority.host;
  grant.intent.port = absolute->authority.port;
  grant.intent.method = std::string(head.method);
  grant.intent.path = raw_path(absolute->path_and_query);
  const egress::Identity nobody;
  egress::Decision decision = egress::authorize(grant.intent, nobody, *session.generation);
  if (auto* denial = std::get_if<egress::Deny>(&decision)) {
    co_await deny(session, grant.intent, std::move(*denial));
    co_return;
  }
  grant.allow = std::get<egress::Allow>(decision);
  auto request = co_await judge_request(session, grant, head, absolute->path_and_query, framing);
  if (!request) co_return;
  const egress::Destination found = co_await egress::destination(
      grant.intent, grant.allow, *session.generation, session.services.resolver);
  if (const auto* denial = std::get_if<egress::Deny>(&found)) {
    co_await deny(session, grant.intent, *denial);
    co_return;
  }
  if (!follow(session, grant)) {
    co_await refuse(session, grant, DenyReason::policy_changed, "");
    co_return;
  }
  relay::UpstreamTarget target;
  target.endpoints = std::get<egress::Pinned>(found).endpoints;
  target.host = grant.intent.host;
  co_await relay_request(session, grant, head, std::move(target), std::move(*request));
}

}  // namespace sallyport::adapters
