#include "reference/adapters/connect.h"

#include <fmt/format.h>

#include "reference/egress/destination.h"
#include "reference/egress/events.h"
#include "reference/http/authority.h"
#include "reference/relay/answer.h"
#include "reference/relay/credentials.h"

namespace sallyport::adapters {
namespace {

using egress::DenyReason;

net::Task<void> refuse_target(Session& session, const http::RequestHead& head,
                              const base::Error& error) {
  audit::Flow flow;
  flow.source = session.source;
  emit_decision(session,
                audit::net_failed(std::move(flow), "CONNECT target rejected", error.message()));
  const http::LocalAnswer answer = http::json_error(
      400, "invalid_request_target",
      fmt::format("CONNECT needs host:port as its target, not \"{}\"", head.target));
  co_await relay::send_answer(*session.client, answer, head.method, session.generation->limits,
                              session.services.clock);
}

// Resolves, judges and dials; the denial is sent when there is no stream. A newer generation is
// taken over after each wait where it decides the same.
net::Task<std::unique_ptr<net::TcpStream>> dial(Session& session, relay::Grant& grant,
                                                relay::UpstreamTarget& target) {
  const egress::Destination found = co_await egress::destination(
      grant.intent, grant.allow, *session.generation, session.services.resolver);
  if (const auto* denial = std::get_if<egress::Deny>(&found)) {
    co_await deny(session, grant.intent, *denial);
    co_return nullptr;
  }
  target.endpoints = std::get<egress::Pinned>(found).endpoints;
  target.host = grant.intent.host;
  DenyReason reason = DenyReason::upstream_unreachable;
  std::string cause;
  if (!follow(session, grant)) {
    reason = DenyReason::policy_changed;
  } else if (relay::is_uninspected(grant)) {
    reason = DenyReason::uninspected_credentials;
  } else if (grant.allow.plan.transport == egress::Transport::inspect &&
             session.services.agent_tls == nullptr) {
    reason = DenyReason::tls_unavailable;
  } else {
    auto dialled = co_await session.services.dialer.dial_tcp(
        target.endpoints, session.services.clock.now() + grant.limits().connect);
    if (dialled && follow(session, grant)) co_return std::move(*dialled);
    if (dialled) reason = DenyReason::policy_changed;
    if (!dialled) cause = dialled.error().message();
  }
  egress::Deny denial = egress::deny(reason, grant.intent, grant.allow.policy, std::move(cause));
  co_await deny(session, grant.intent, std::move(denial));
  co_return nullptr;
}

net::Task<bool> accept(Session& session) {
  const relay::Pace pace{&session.services.clock, session.generation->limits.chunk_idle};
  const relay::Io io =
      co_await relay::write_text(*session.client, http::kConnectionEstablished, pace);
  session.client->set_deadline(base::TimePoint::max());
  co_return io == relay::Io::ok;
}

}  // namespace

void emit_decision(const Session& session, audit::Event event) {
  if (!event.actor) event.actor = relay::actor_of(session.identity);
  event.unmapped.emplace_back("generation", static_cast<std::int64_t>(session.generation->number));
  session.services.audit.emit(event);
}

bool follow(Session& session, relay::Grant& grant) {
  if (!relay::renew(grant, session.services.generations)) return false;
  session.generation = grant.generation;
  return true;
}

net::Task<void> refuse_head(Session& session, unsigned status, std::string cause) {
  audit::Flow flow;
  flow.source = session.source;
  emit_decision(session,
                audit::net_failed(std::move(flow), "Proxy request rejected", std::move(cause)));
  co_await relay::send_answer(*session.client, http::bare_answer(status), "",
                              session.generation->limits, session.services.clock);
}

net::Task<void> deny(Session& session, const egress::Intent& intent, egress::Deny denial) {
  emit_decision(session, egress::denied_event(intent, denial, session.source));
  http::LocalAnswer answer = relay::answer_of(denial);
  answer.close = true;
  co_await relay::send_answer(*session.client, std::move(answer), intent.method,
                              session.generation->limits, session.services.clock);
}

net::Task<std::unique_ptr<Opened>> open_tunnel(Session& session, const http::RequestHead& head) {
  const auto authority = http::parse_authority(head.target);
  if (!authority) {
    co_await refuse_target(session, head, authority.error());
    co_return nullptr;
  }
  auto opened = std::make_unique<Opened>();
  relay::Grant& grant = opened->grant;
  grant.generation = session.generation;
  grant.source = session.source;
  grant.identity = session.identity;
  grant.intent.adapter = egress::Adapter::connect;
  grant.intent.host = authority->host;
  grant.intent.port = authority->port;
  grant.intent.method = "CONNECT";
  egress::Decision decision =
      egress::authorize(grant.intent, session.identity, *session.generation);
  if (auto* denial = std::get_if<egress::Deny>(&decision)) {
    co_await deny(session, grant.intent, std::move(*denial));
    co_return nullptr;
  }
  grant.allow = std::get<egress::Allow>(decision);
  const bool inference = grant.allow.plan.transport == egress::Transport::inference;
  if (!inference) {
    opened->upstream = co_await dial(session, grant, opened->target);
    if (!opened->upstream) co_return nullptr;
  }
  const bool open = co_await accept(session);
  if (!open) co_return nullptr;
  if (!inference) {
    emit_decision(session, egress::allowed_event(grant.intent, grant.allow, session.source));
  }
  co_return opened;
}

}  // namespace sallyport::adapters
