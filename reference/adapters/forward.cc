#include "reference/adapters/forward.h"

#include <fmt/format.h>

#include <memory>

#include "reference/adapters/policy_local.h"
#include "reference/credentials/placeholder.h"
#include "reference/egress/destination.h"
#include "reference/egress/events.h"
#include "reference/http/header_rules.h"
#include "reference/http/target.h"
#include "reference/relay/answer.h"
#include "reference/relay/credentials.h"
#include "reference/relay/drain_watch.h"
#include "reference/relay/head_reader.h"
#include "reference/relay/http.h"
#include "reference/relay/middleware.h"
#include "reference/relay/rules.h"
#include "reference/relay/websocket.h"

namespace sallyport::adapters {
namespace {

using egress::DenyReason;

// One client's connection; lives in serve_forward()'s frame.
struct Connection {
  explicit Connection(Session& of)
      : session(of), client(*of.client, of.services.buffers), drain(of.services.sessions, client) {}

  Session& session;
  relay::Inlet client;
  relay::DrainWatch drain;
  std::unique_ptr<relay::Upstream> upstream{};  // kept between requests to `where`
  http::Authority where{};
};

// A request as it stands after its checks.
struct Judged {
  http::CanonicalTarget target;
  relay::RuledRequest asked;  // as its rules allowed it
  relay::Outgoing outgoing;
  std::optional<audit::Event> ruled;  // what is to be told of that when it goes up
};

// Nothing of a target but what precedes its path is told: there may be a secret in it.
net::Task<void> refuse_target(Session& session, const http::RequestHead& head,
                              const base::Error& error) {
  audit::Flow flow;
  flow.source = session.source;
  audit::HttpRequest request;
  request.method = std::string(head.method);
  emit_decision(session, audit::http_failed(std::move(flow), std::move(request),
                                            fmt::format("FORWARD parse error for {}", head.method),
                                            error.message()));
  co_await relay::send_answer(*session.client, http::bare_answer(400), head.method,
                              session.generation->limits, session.services.clock);
}

net::Task<void> refuse(Session& session, const relay::Grant& grant, DenyReason reason,
                       std::string cause) {
  egress::Deny denial = egress::deny(reason, grant.intent, grant.allow.policy, std::move(cause));
  co_await deny(session, grant.intent, std::move(denial));
}

// What a path is before it is known to have a canonical form: for events and denials alone.
std::string shown_path(std::string_view path_and_query) {
  const std::string_view path = path_and_query.substr(0, path_and_query.find('?'));
  return path.empty() ? "/" : credentials::redact_path(path);
}

relay::Grant ask(const Session& session, const http::RequestHead& head,
                 const http::AbsoluteTarget& absolute) {
  relay::Grant grant;
  grant.generation = session.generation;
  grant.source = session.source;
  grant.identity = session.identity;
  grant.intent.adapter = egress::Adapter::forward;
  grant.intent.scheme = absolute.scheme;
  grant.intent.host = absolute.authority.host;
  grant.intent.port = absolute.authority.port;
  grant.intent.method = std::string(head.method);
  grant.intent.path = shown_path(absolute.path_and_query);
  return grant;
}

bool may_keep(const Connection& connection, const http::RequestHead& head) {
  return connection.session.generation->forward_keep_alive && head.version_minor > 0 &&
         head.keeps_alive() && !head.fields.has_token("proxy-connection", "close") &&
         !connection.drain.draining();
}

// The request as it goes up: canonical target, one Host, Via, nothing hop-by-hop.
relay::Outgoing outgoing(const Connection& connection, const http::RequestHead& head,
                         const http::CanonicalTarget& target, const http::Authority& authority,
                         const http::Framing& framing) {
  relay::Outgoing out;
  out.head = http::build_forward_head(head, target, authority, framing);
  out.framing = framing;
  out.method = std::string(head.method);
  out.client_version_minor = head.version_minor;
  out.expects_continue = head.fields.has_token("expect", "100-continue");
  out.keep_client = may_keep(connection, head);
  return out;
}

// The connection to where the request goes: the kept one if it leads there, else a new one.
relay::Upstream& upstream_of(Connection& connection, const relay::Grant& grant,
                             std::vector<net::Endpoint> judged) {
  const http::Authority where = grant.authority();
  if (connection.upstream && connection.where == where) {
    connection.upstream->retarget(std::move(judged));
    return *connection.upstream;
  }
  relay::UpstreamTarget target;
  target.endpoints = std::move(judged);
  target.host = grant.intent.host;
  connection.upstream = std::make_unique<relay::Upstream>(connection.session.services,
                                                          std::move(target), grant.limits());
  connection.where = where;
  return *connection.upstream;
}

// The generation of now, for the session and the grant, if it allows the same request.
bool follow_request(Session& session, relay::Grant& grant, const relay::RuledRequest& asked) {
  return follow(session, grant) && relay::still_allowed(grant, asked);
}

// The destination is known and allowed: middleware, credentials, the exchange, and its end. Nobody
// is dialled before the chain's verdict.
net::Task<bool> relay_request(Connection& connection, relay::Grant& grant,
                              const http::RequestHead& head, std::vector<net::Endpoint> judged,
                              Judged request) {
  Session& session = connection.session;
  const relay::Services& services = session.services;
  auto passage = relay::select_passage(services, grant, "http", head, request.target);
  const bool passed = co_await relay::pass_middleware(
      services, grant, connection.client, std::move(passage), request.asked, request.outgoing);
  if (!passed) co_return false;
  relay::Upstream& upstream = upstream_of(connection, grant, std::move(judged));
  const std::string path(request.target.path());
  const relay::Way way = co_await relay::open_way(services, grant, connection.client, upstream,
                                                  path, request.outgoing);
  if (way == relay::Way::refused) co_return false;
  if (!follow(session, grant) || !relay::still_passes(grant, request.asked)) {
    co_await refuse(session, grant, DenyReason::policy_changed, "");
    co_return false;
  }
  if (way == relay::Way::unreachable) {
    co_await refuse(session, grant, DenyReason::upstream_unreachable, upstream.cause());
    co_return false;
  }
  // Before the answer: who has it may ask what was said of it.
  if (request.ruled) services.audit.emit(*request.ruled);
  emit_decision(session, egress::allowed_event(grant.intent, grant.allow, session.source));
  const bool goes_on =
      co_await relay::relay_exchange(services, grant, connection.client, upstream,
                                     std::move(request.outgoing), std::move(request.asked));
  co_return goes_on;
}

// What the head of an allowed request came to: one of the three.
struct HeadVerdict {
  std::optional<Judged> judged;
  std::optional<egress::Deny> denial;
  std::optional<http::LocalAnswer> answer;  // what is to be told was told
};

HeadVerdict denied(const relay::Grant& grant, DenyReason reason, std::string cause) {
  HeadVerdict verdict;
  verdict.denial = egress::deny(reason, grant.intent, grant.allow.policy, std::move(cause));
  return verdict;
}

HeadVerdict refuse_upgrade(const relay::Grant& grant, http::Upgrade upgrade) {
  HeadVerdict verdict = denied(grant, DenyReason::h2c_upgrade_unsupported, "upgrade requested");
  if (upgrade != http::Upgrade::h2c)
    verdict.denial->detail = "no upgrade but WebSocket's is served";
  return verdict;
}

// The target is canonical: upgrades and rules, in the order of a tunnel's requests.
HeadVerdict judge_rules(const Connection& connection, const relay::Grant& grant,
                        const http::RequestHead& head, const http::CanonicalTarget& target,
                        const http::Framing& framing) {
  const relay::Services& services = connection.session.services;
  const http::Upgrade upgrade = http::upgrade_of(head);
  relay::UpgradeRead websocket;
  if (upgrade == http::Upgrade::websocket) websocket = relay::read_upgrade(head, framing);
  HeadVerdict verdict;
  Judged judged;
  judged.asked = relay::ruled_request(head, target, websocket.asked.has_value());
  if (upgrade == http::Upgrade::h2c) return refuse_upgrade(grant, upgrade);
  relay::Ruling ruling = relay::rule_on(grant, judged.asked, relay::RuleForm::forward);
  if (ruling.end == relay::Ruling::End::encoded_slash) {
    return denied(grant, DenyReason::invalid_target, "request-target has an encoded slash");
  }
  verdict.answer = std::move(ruling.answer);
  if (verdict.answer) {
    if (ruling.event) services.audit.emit(*ruling.event);
    return verdict;
  }
  judged.ruled = std::move(ruling.event);
  if (upgrade == http::Upgrade::other) return refuse_upgrade(grant, upgrade);
  if (upgrade == http::Upgrade::websocket && !websocket.asked) {
    verdict.answer = relay::refuse_handshake(services, grant, websocket);
    return verdict;
  }
  judged.target = target;
  judged.outgoing = outgoing(connection, head, target, grant.authority(), framing);
  // What a client sends after an upgrade that was refused may be frames, and no request.
  if (websocket.asked) judged.outgoing.keep_client = false;
  judged.outgoing.upgrade = std::move(websocket.asked);
  verdict.judged = std::move(judged);
  return verdict;
}

HeadVerdict judge_head(const Connection& connection, const relay::Grant& grant,
                       const http::RequestHead& head, std::string_view path_and_query,
                       const http::Framing& framing) {
  http::TargetOptions options;
  options.allow_encoded_slash = true;  // whether it is permitted hangs on the path: rule_on() asks
  options.bytes_max = grant.limits().target_bytes_max;
  const std::string origin = path_and_query.starts_with('/') ? std::string(path_and_query)
                                                             : fmt::format("/{}", path_and_query);
  const auto target = http::canonical_target(origin, options);
  if (!target) return denied(grant, DenyReason::invalid_target, target.error().message());
  if (credentials::holds_malformed_placeholder(target->text)) {
    return denied(grant, DenyReason::invalid_placeholder, "a placeholder without a key");
  }
  return judge_rules(connection, grant, head, *target, framing);
}

// The refusal is sent when it answers nothing.
net::Task<std::optional<Judged>> judge_request(Connection& connection, const relay::Grant& grant,
                                               const http::RequestHead& head,
                                               std::string_view path_and_query,
                                               const http::Framing& framing) {
  Session& session = connection.session;
  HeadVerdict verdict = judge_head(connection, grant, head, path_and_query, framing);
  if (verdict.denial) {
    co_await deny(session, grant.intent, std::move(*verdict.denial));
  } else if (verdict.answer) {
    verdict.answer->close = true;
    co_await relay::send_answer(*session.client, std::move(*verdict.answer), head.method,
                                grant.limits(), session.services.clock);
  }
  co_return std::move(verdict.judged);
}

// One request, decided anew whatever was decided before it. False: the connection is over.
net::Task<bool> serve_request(Connection& connection, const http::RequestHead& head,
                              http::Framing framing) {
  Session& session = connection.session;
  const auto absolute = http::parse_absolute_form(head.target);
  if (!absolute) {
    co_await refuse_target(session, head, absolute.error());
    co_return false;
  }
  if (is_policy_local(*absolute)) {
    http::LocalAnswer answer = policy_local_answer(*absolute);
    co_await relay::send_answer(*session.client, std::move(answer), head.method,
                                session.generation->limits, session.services.clock);
    co_return false;
  }
  relay::Grant grant = ask(session, head, *absolute);
  egress::Decision decision =
      egress::authorize(grant.intent, session.identity, *session.generation);
  if (auto* denial = std::get_if<egress::Deny>(&decision)) {
    co_await deny(session, grant.intent, std::move(*denial));
    co_return false;
  }
  grant.allow = std::get<egress::Allow>(decision);
  auto request = co_await judge_request(connection, grant, head, absolute->path_and_query, framing);
  if (!request) co_return false;
  egress::Destination found = co_await egress::destination(
      grant.intent, grant.allow, *session.generation, session.services.resolver);
  if (const auto* denial = std::get_if<egress::Deny>(&found)) {
    co_await deny(session, grant.intent, *denial);
    co_return false;
  }
  if (!follow_request(session, grant, request->asked)) {
    co_await refuse(session, grant, DenyReason::policy_changed, "");
    co_return false;
  }
  std::vector<net::Endpoint> judged = std::move(std::get<egress::Pinned>(found).endpoints);
  const bool goes_on =
      co_await relay_request(connection, grant, head, std::move(judged), std::move(*request));
  co_return goes_on;
}

// The head that couldn't be read, answered where there is somebody to answer.
net::Task<void> end_unread(Session& session, relay::HeadEnd end) {
  if (end == relay::HeadEnd::too_long) {
    co_await refuse_head(session, 431, "request head too long");
  } else if (end == relay::HeadEnd::malformed) {
    co_await refuse_head(session, 400, "malformed request head");
  } else if (end == relay::HeadEnd::late) {
    co_await refuse_head(session, 408, "request head did not arrive in time");
  }
  session.client->close();
}

net::Task<bool> serve_next(Connection& connection) {
  Session& session = connection.session;
  session.generation = session.services.generations.current();
  const base::Limits& limits = session.generation->limits;
  relay::HeadBounds bounds;
  bounds.bytes_max = limits.proxy_head_bytes_max;
  bounds.first_byte = limits.keep_alive_idle;
  bounds.whole = limits.head_read;
  connection.drain.set_idle(connection.client.bytes().empty());
  const relay::HeadRead read =
      co_await relay::read_head(connection.client, bounds, session.services.clock);
  connection.drain.set_idle(false);
  if (read.end != relay::HeadEnd::complete) {
    co_await end_unread(session, read.end);
    co_return false;
  }
  // A copy: the head is looked at again after its body was read.
  const std::string text(connection.client.bytes().substr(0, read.size));
  connection.client.consume(read.size);
  // A request that came after a reload is the new generation's.
  session.generation = session.services.generations.current();
  const auto head = http::parse_request_head(text);
  if (!head) {
    co_await refuse_head(session, 400, head.error().message());
    co_return false;
  }
  const auto framing = http::request_framing(*head);
  if (!framing || head->method == "CONNECT") {
    // A tunnel begins a connection or isn't one: its bytes couldn't be told from a next request's.
    std::string cause = "CONNECT after another request";
    if (!framing) cause = framing.error().message();
    co_await refuse_head(session, 400, std::move(cause));
    co_return false;
  }
  const bool goes_on = co_await serve_request(connection, *head, *framing);
  co_return goes_on;
}

}  // namespace

net::Task<void> serve_forward(Session& session, const http::RequestHead& head,
                              http::Framing framing) {
  Connection connection(session);
  bool goes_on = co_await serve_request(connection, head, framing);
  while (goes_on) goes_on = co_await serve_next(connection);
}

}  // namespace sallyport::adapters
