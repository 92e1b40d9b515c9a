#include "reference/relay/http.h"

#include <fmt/format.h>

#include "reference/http/framing.h"
#include "reference/http/header_rules.h"
#include "reference/http/target.h"
#include "reference/http/text.h"
#include "reference/relay/answer.h"
#include "reference/relay/credentials.h"
#include "reference/relay/drain_watch.h"
#include "reference/relay/head_reader.h"
#include "reference/relay/http_events.h"
#include "reference/relay/middleware.h"

namespace sallyport::relay {
namespace {

constexpr std::uint16_t kHttpsPort = 443;

// One tunnel's loop; lives in relay_http()'s frame.
struct Session {
  const Services& services;
  Grant grant;
  std::uint16_t default_port;
  Inlet& client;
  Upstream& upstream;
  DrainWatch drain;
  std::uint64_t requests = 0;
};

// A request that passed every check.
struct Accepted {
  Outgoing outgoing;
  std::string path;
  std::optional<Passage> passage;  // nothing: no middleware is for it
};

// What a request's head came to.
struct Verdict {
  std::optional<Accepted> accepted;
  std::optional<http::LocalAnswer> answer;  // neither: close without a word
  std::string method;
};

Verdict refuse(http::LocalAnswer answer, std::string method = {}) {
  Verdict verdict;
  verdict.answer = std::move(answer);
  verdict.method = std::move(method);
  return verdict;
}

Verdict malformed(Session& session, const base::Error& error, std::string method = {}) {
  session.services.audit.emit(rejected_event(session.grant, error.message()));
  return refuse(http::json_error(400, "invalid_request", error.message()), std::move(method));
}

// A request without any authority (HTTP/1.0) has nothing that could name another.
bool bound_to_tunnel(const Session& session, const http::RequestHead& head) {
  const http::Authority tunnel = session.grant.authority();
  if (http::is_absolute_form(head.target)) {
    const auto absolute = http::parse_absolute_form(head.target);
    if (!absolute || absolute->authority != tunnel) return false;
  }
  const auto host = head.field("host");
  return !host || http::authority_matches(*host, session.default_port, tunnel);
}

Verdict refuse_upgrade(Session& session, const http::RequestHead& head, std::string path) {
  const bool h2c = http::upgrade_of(head) == http::Upgrade::h2c;
  const std::string_view detail =
      h2c ? "HTTP/2 cleartext upgrade (h2c) is not supported for L7-inspected endpoints"
          : "protocol upgrades are not served";
  session.services.audit.emit(request_denied_event(session.grant, std::string(head.method),
                                                   std::move(path), std::string(detail)));
  return refuse(http::json_error(403, "unsupported_l7_protocol", detail), std::string(head.method));
}

Accepted accept(Session& session, const http::RequestHead& head, const http::Framing& framing,
                const http::CanonicalTarget& target) {
  Accepted accepted;
  accepted.path = std::string(target.path());
  Outgoing& out = accepted.outgoing;
  out.head = http::build_tunnel_head(head, target, framing);
  out.framing = framing;
  out.method = std::string(head.method);
  out.client_version_minor = head.version_minor;
  out.expects_continue = head.fields.has_token("expect", "100-continue");
  out.keep_client = head.keeps_alive() && !session.drain.draining();
  // The scheme that is spoken in the tunnel: TLS is what makes a port's default 443.
  const std::string_view scheme = session.default_port == kHttpsPort ? "https" : "http";
  accepted.passage = select_passage(session.services, session.grant, scheme, head, target);
  return accepted;
}

// Every check of one head, in the field system's order.
Verdict judge(Session& session, std::string_view text) {
  const auto head = http::parse_request_head(text);
  if (!head) return malformed(session, head.error());
  const auto framing = http::request_framing(*head);
  if (!framing) return malformed(session, framing.error());
  const std::string method(head->method);
  if (!bound_to_tunnel(session, *head)) {
    emit_authority_mismatch(session.services, session.grant, *head);
    return refuse(http::authority_mismatch(), method);
  }
  if (!renew(session.grant, session.services.generations)) {
    // A kept connection may end between requests at any time: its client asks again on another.
    session.services.audit.emit(
        policy_changed_event(session.grant, session.services.generations.current()->number));
    return {};
  }
  http::TargetOptions options;
  options.allow_encoded_slash = session.grant.allow.plan.allow_encoded_slash;
  options.bytes_max = session.grant.limits().target_bytes_max;
  const auto target = http::canonical_target(head->target, options);
  if (!target) return malformed(session, target.error(), method);
  if (http::is_upgrade(*head)) return refuse_upgrade(session, *head, std::string(target->path()));
  Verdict verdict;
  verdict.method = method;
  verdict.accepted = accept(session, *head, *framing, *target);
  return verdict;
}

// The head that couldn't be read, answered where there is somebody to answer.
net::Task<void> end_unread(Session& session, HeadEnd end) {
  net::ByteStream& client = session.client.stream();
  const base::Limits& limits = session.grant.limits();
  if (end == HeadEnd::too_long || end == HeadEnd::malformed) {
    const bool long_one = end == HeadEnd::too_long;
    session.services.audit.emit(rejected_event(
        session.grant, long_one ? "request head too long" : "malformed request head"));
    const unsigned status = long_one ? 431 : 400;
    co_await send_answer(client, http::bare_answer(status), "", limits, session.services.clock);
  }
  client.close();
}

// The request waited for its chain or its way, and the policy in force doesn't allow it any more.
net::Task<bool> refuse_outdated(Session& session, std::string method) {
  const std::uint64_t now = session.services.generations.current()->number;
  session.services.audit.emit(policy_changed_event(session.grant, now));
  session.upstream.drop();
  http::LocalAnswer answer = http::json_error(
      403, "policy_denied",
      fmt::format("{} is not permitted by policy", session.grant.authority().to_string()));
  answer.close = true;
  const bool goes_on =
      co_await send_answer(session.client.stream(), std::move(answer), std::move(method),
                           session.grant.limits(), session.services.clock);
  co_return goes_on;
}

net::Task<bool> serve(Session& session, Accepted request) {
  ++session.requests;
  session.services.audit.emit(request_allowed_event(session.grant, request.outgoing.method,
                                                    request.path, session.requests));
  if (request.passage) {
    const bool passed = co_await pass_chain(session.services, session.grant, session.client,
                                            std::move(*request.passage), request.outgoing);
    if (!passed) co_return false;
  }
  const std::string method = request.outgoing.method;
  const Way way = co_await open_way(session.services, session.grant, session.client,
                                    session.upstream, request.path, request.outgoing);
  if (way == Way::refused) co_return false;
  if (way == Way::unreachable) {
    const bool goes_on = co_await refuse_upstream(session.services, session.grant, session.client,
                                                  method, session.upstream);
    co_return goes_on;
  }
  if (!renew(session.grant, session.services.generations)) {
    const bool goes_on = co_await refuse_outdated(session, method);
    co_return goes_on;
  }
  const std::shared_ptr<const egress::Generation> pinned = session.grant.generation;
  const ExchangeResult result =
      co_await exchange(session.client, session.upstream.inlet(), std::move(request.outgoing),
                        pinned->limits, session.services.clock);
  if (!result.upstream_keeps) session.upstream.drop();
  if (result.outcome == Outcome::complete && result.client_keeps) co_return true;
  const bool goes_on =
      co_await finish_exchange(session.services, session.grant, session.client, method, result);
  co_return goes_on;
}

net::Task<bool> serve_next(Session& session) {
  // judge() may move the grant on to a newer generation, and so let go of this one.
  const std::shared_ptr<const egress::Generation> pinned = session.grant.generation;
  const base::Limits& limits = pinned->limits;
  HeadBounds bounds;
  bounds.bytes_max = limits.tunnel_head_bytes_max;
  bounds.first_byte = session.requests == 0 ? limits.head_read : limits.keep_alive_idle;
  bounds.whole = limits.head_read;
  session.drain.set_idle(session.client.bytes().empty());
  const HeadRead read = co_await read_head(session.client, bounds, session.services.clock);
  session.drain.set_idle(false);
  if (read.end != HeadEnd::complete) {
    co_await end_unread(session, read.end);
    co_return false;
  }
  Verdict verdict = judge(session, session.client.bytes().substr(0, read.size));
  session.client.consume(read.size);
  if (verdict.accepted) {
    const bool goes_on = co_await serve(session, std::move(*verdict.accepted));
    co_return goes_on;
  }
  if (!verdict.answer) {
    session.client.stream().close();
    co_return false;
  }
  http::LocalAnswer answer = std::move(*verdict.answer);
  answer.close = true;
  const bool goes_on = co_await send_answer(session.client.stream(), std::move(answer),
                                            verdict.method, limits, session.services.clock);
  co_return goes_on;
}

http::LocalAnswer answer_for(const Grant& grant, Outcome outcome) {
  const std::string where = grant.authority().to_string();
  switch (outcome) {
    case Outcome::late_answer:
      return http::json_error(502, "upstream_unreachable",
                              fmt::format("{} did not answer in time", where));
    case Outcome::bad_answer:
      return http::json_error(502, "upstream_protocol_error",
                              fmt::format("{} sent a malformed answer", where));
    case Outcome::bad_body:
      return http::json_error(400, "invalid_request", "malformed chunked body");
    case Outcome::no_answer:
    case Outcome::complete:
    case Outcome::client_gone:
    case Outcome::cut:
      break;
  }
  return http::json_error(502, "upstream_unreachable",
                          fmt::format("{} closed the connection without an answer", where));
}

}  // namespace

net::Task<bool> finish_exchange(const Services& services, const Grant& grant, Inlet& client,
                                std::string method, ExchangeResult result) {
  net::ByteStream& stream = client.stream();
  switch (result.outcome) {
    case Outcome::complete: {
      const Pace last{&services.clock, grant.limits().drain};
      co_await linger(stream, last);
      stream.close();
      co_return false;
    }
    case Outcome::cut:
      services.audit.emit(relay_failed_event(grant, "the answer broke after its head"));
      stream.abort();
      co_return false;
    case Outcome::client_gone:
      stream.abort();
      co_return false;
    case Outcome::no_answer:
    case Outcome::late_answer:
    case Outcome::bad_answer:
    case Outcome::bad_body:
      break;
  }
  http::LocalAnswer answer = answer_for(grant, result.outcome);
  answer.close = true;
  services.audit.emit(relay_failed_event(grant, answer.body));
  const bool goes_on =
      co_await send_answer(stream, std::move(answer), method, grant.limits(), services.clock);
  co_return goes_on;
}

net::Task<bool> refuse_upstream(const Services& services, const Grant& grant, Inlet& client,
                                std::string method, const Upstream& upstream) {
  const std::string where = grant.authority().to_string();
  http::LocalAnswer answer;
  if (upstream.error() == OpenError::connect) {
    services.audit.emit(relay_failed_event(grant, upstream.cause()));
    answer = http::json_error(502, "upstream_unreachable",
                              fmt::format("connection to {} failed", where));
  } else {
    services.audit.emit(tls_failed_event(grant, upstream.cause()));
    const bool unverified = upstream.error() == OpenError::unverified;
    answer = http::json_error(
        502, "upstream_tls_failed",
        fmt::format("TLS to {} failed: {}", where,
                    unverified ? "its certificate is not trusted" : "no handshake"));
  }
  answer.close = true;
  const bool goes_on = co_await send_answer(client.stream(), std::move(answer), method,
                                            grant.limits(), services.clock);
  co_return goes_on;
}

net::Task<void> relay_http(const Services& services, const Grant& grant, std::uint16_t default_port,
                           Inlet& client, Upstream& upstream) {
  Session session{services, grant,    default_port,
                  client,   upstream, DrainWatch(services.sessions, client)};
  bool goes_on = true;
  while (goes_on) goes_on = co_await serve_next(session);
}

}  // namespace sallyport::relay
