#include "reference/relay/http.h"

#include <fmt/format.h>

#include "reference/relay/answer.h"
#include "reference/relay/credentials.h"
#include "reference/relay/drain_watch.h"
#include "reference/relay/head_reader.h"
#include "reference/relay/http_events.h"
#include "reference/relay/http_judge.h"
#include "reference/relay/middleware.h"
#include "reference/relay/websocket.h"

namespace sallyport::relay {
namespace {

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

// The head that couldn't be read, answered where there is somebody to answer.
net::Task<void> end_unread(Session& session, HeadEnd end) {
  net::ByteStream& client = session.client.stream();
  const base::Limits& limits = session.grant.limits();
  std::string cause;
  unsigned status = 0;
  if (end == HeadEnd::too_long) {
    cause = "request head too long";
    status = 431;
  } else if (end == HeadEnd::malformed) {
    cause = "malformed request head";
    status = 400;
  } else if (end == HeadEnd::late) {
    cause = "request head did not arrive in time";
    status = 408;
  }
  if (status != 0) {
    session.services.audit.emit(rejected_event(session.grant, std::move(cause)));
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

// Takes the generation of now over if it still allows what was allowed.
bool follow(Session& session, const RuledRequest& asked) {
  const GenerationSource& generations = session.services.generations;
  if (generations.current() == session.grant.generation) return true;
  Grant renewed = session.grant;
  if (!renew(renewed, generations) || !still_passes(renewed, asked)) return false;
  session.grant = std::move(renewed);
  return true;
}

net::Task<bool> serve(Session& session, AcceptedRequest request) {
  ++session.requests;
  const bool passed =
      co_await pass_middleware(session.services, session.grant, session.client,
                               std::move(request.passage), request.asked, request.outgoing);
  if (!passed) co_return false;
  const std::string method = request.outgoing.method;
  const Way way = co_await open_way(session.services, session.grant, session.client,
                                    session.upstream, request.asked.path, request.outgoing);
  if (way == Way::refused) co_return false;
  if (way == Way::unreachable) {
    const bool goes_on = co_await refuse_upstream(session.services, session.grant, session.client,
                                                  method, session.upstream);
    co_return goes_on;
  }
  if (!follow(session, request.asked)) {
    const bool goes_on = co_await refuse_outdated(session, method);
    co_return goes_on;
  }
  // Only now is it true; and before the answer, as who has that may ask what was said of it.
  session.services.audit.emit(request.allowed);
  const bool goes_on =
      co_await relay_exchange(session.services, session.grant, session.client, session.upstream,
                              std::move(request.outgoing), std::move(request.asked));
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
  TunnelRequest next{session.services, session.grant, session.default_port,
                     session.drain.draining(), session.requests + 1};
  HeadVerdict verdict = judge_head(next, session.client.bytes().substr(0, read.size));
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

}  // namespace

net::Task<void> relay_http(const Services& services, const Grant& grant, std::uint16_t default_port,
                           Inlet& client, Upstream& upstream) {
  Session session{services, grant,    default_port,
                  client,   upstream, DrainWatch(services.sessions, client)};
  bool goes_on = true;
  while (goes_on) goes_on = co_await serve_next(session);
}

}  // namespace sallyport::relay
