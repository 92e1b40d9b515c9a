#include "reference/relay/inference.h"

#include <fmt/format.h>

#include "reference/http/framing.h"
#include "reference/http/head.h"
#include "reference/inference/errors.h"
#include "reference/inference/request.h"
#include "reference/inference/routes.h"
#include "reference/relay/answer.h"
#include "reference/relay/drain_watch.h"
#include "reference/relay/head_reader.h"
#include "reference/relay/inference_call.h"
#include "reference/relay/inference_chain.h"
#include "reference/relay/inference_events.h"
#include "reference/relay/payload.h"

namespace sallyport::relay {
namespace {

using inference::ErrorKind;

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

struct Session {
  const Services& services;
  std::optional<audit::Peer> source;
  InferenceEvents events;
  Inlet& client;
  DrainWatch drain;
  bool first = true;
  RouteAddresses addresses{};

  [[nodiscard]] const base::Clock& clock() const { return services.clock; }
};

// Sends the answer of an error. True if the connection goes on.
net::Task<bool> send_error(Session& session, const base::Limits& limits, ErrorKind kind,
                           bool keep) {
  http::LocalAnswer answer = inference::inference_error(kind);
  if (!keep) answer.close = true;
  const bool goes_on =
      co_await send_answer(session.client.stream(), std::move(answer), "", limits, session.clock());
  co_return goes_on;
}

net::Task<bool> reject(Session& session, const base::Limits& limits, ErrorKind kind,
                       std::string cause) {
  session.events.malformed(std::move(cause));
  const bool goes_on = co_await send_error(session, limits, kind, false);
  co_return goes_on;
}

net::Task<void> time_out(Session& session, const base::Limits& limits, std::string cause) {
  session.events.malformed(std::move(cause));
  http::LocalAnswer answer = http::bare_answer(408);
  co_await send_answer(session.client.stream(), std::move(answer), "", limits, session.clock());
}

// The next head; false when the connection is over.
net::Task<bool> read_request_head(Session& session, InferenceRequest& request) {
  const base::Limits limits = request.limits();
  HeadBounds bounds;
  bounds.bytes_max = std::min(limits.tunnel_head_bytes_max, limits.inference_request_bytes_max);
  bounds.first_byte = session.first ? limits.head_read : limits.keep_alive_idle;
  bounds.whole = limits.head_read;
  session.drain.set_idle(session.client.bytes().empty());
  const HeadRead read = co_await read_head(session.client, bounds, session.clock());
  session.drain.set_idle(false);
  if (read.end == HeadEnd::too_long) {
    co_await reject(session, limits, ErrorKind::too_large, "request head too long");
  } else if (read.end == HeadEnd::malformed) {
    co_await reject(session, limits, ErrorKind::malformed, "malformed request head");
  } else if (read.end == HeadEnd::late) {
    co_await time_out(session, limits, "request head did not arrive in time");
  } else if (read.end == HeadEnd::closed && session.first) {
    session.events.denied("client closed connection");
  }
  if (read.end != HeadEnd::complete) co_return false;
  request.text = session.client.bytes().substr(0, read.size);
  session.client.consume(read.size);
  const auto head = http::parse_request_head(request.text);
  base::Error error;
  if (head) {
    request.head = *head;
    const auto framing = http::request_framing(request.head);
    if (framing) request.framing = *framing;
    if (!framing) error = framing.error();
  } else {
    error = head.error();
  }
  if (!error) co_return true;
  co_await reject(session, limits, ErrorKind::malformed, error.message());
  co_return false;
}

// A length that is over what the head leaves of the limit is refused before anybody sees the rest.
// False when the connection is over.
net::Task<bool> accept_length(Session& session, const InferenceRequest& request) {
  const bool too_large = request.framing.kind == http::BodyKind::length &&
                         request.framing.length > request.body_bytes_max();
  if (!too_large) co_return true;
  co_await reject(session, request.limits(), ErrorKind::too_large, "payload too large");
  co_return false;
}

// The body that is still to come, if any; false when the connection is over.
net::Task<bool> read_request_body(Session& session, InferenceRequest& request) {
  if (request.framing.kind == http::BodyKind::none) co_return true;
  const base::Limits limits = request.limits();
  http::ChunkLimits chunks;
  chunks.line_bytes_max = limits.chunk_line_bytes_max;
  chunks.chunks_max = limits.inference_chunks_max;
  PayloadCursor cursor(request.framing, chunks);
  const bool expects = request.head.fields.has_token("expect", "100-continue");
  if (expects && request.head.version_minor > 0 && session.client.bytes().empty() &&
      !cursor.done()) {
    const Pace pace{&session.clock(), limits.chunk_idle};
    const Io io = co_await write_text(session.client.stream(), kContinue, pace);
    if (io != Io::ok) co_return false;
  }
  PayloadBounds bounds;
  bounds.bytes_max = request.body_bytes_max();
  bounds.idle = limits.chunk_idle;
  // Of the whole too: who sends octet by octet holds memory of ours.
  bounds.until = session.clock().now() + limits.chunk_idle;
  Payload payload = co_await read_payload(session.client, cursor, bounds, session.clock());
  if (payload.what == Payload::What::too_large) {
    co_await reject(session, limits, ErrorKind::too_large, "payload too large");
  } else if (payload.what == Payload::What::malformed) {
    co_await reject(session, limits, ErrorKind::malformed, payload.error.message());
  } else if (payload.what == Payload::What::late) {
    co_await time_out(session, limits, "request body did not arrive in time");
  } else if (payload.what != Payload::What::whole) {
    session.events.denied("I/O error: the request's body didn't arrive");
  }
  request.body = std::move(payload.body);
  co_return payload.what == Payload::What::whole;
}

// Of a call whose request is whole. True if the connection goes on.
net::Task<bool> route(Session& session, InferenceRequest& request, const inference::Call& call,
                      bool keep) {
  const std::shared_ptr<const inference::Routes>& routes = request.generation->routes;
  const bool any = routes && !routes->empty();
  const inference::Route* chosen = any ? routes->select(call.match.protocol) : nullptr;
  if (chosen == nullptr) {
    session.events.failed(any ? "no route for the protocol" : "no route is configured",
                          *request.generation);
    const ErrorKind kind = any ? ErrorKind::no_route : ErrorKind::not_configured;
    const bool goes_on = co_await send_error(session, request.limits(), kind, keep);
    co_return goes_on;
  }
  const auto body = inference::prepare_body(*chosen, call, request.head, request.body);
  if (!body) {
    session.events.malformed(body.error().message());
    const bool goes_on =
        co_await send_error(session, request.limits(), inference::kind_of(body.error()), keep);
    co_return goes_on;
  }
  RouteRequest outgoing;
  outgoing.generation = request.generation;
  outgoing.route = chosen;
  outgoing.match = call.match;
  outgoing.head = inference::build_upstream_head(*chosen, call, request.head, body->bytes);
  outgoing.body = &*body;
  // An answer may stream for long: what was asked needn't lie here meanwhile.
  outgoing.sent = [&request] { request.drop_body(); };
  outgoing.keep_client = keep;
  outgoing.client_version_minor = request.head.version_minor;
  session.events.routed(call, *request.generation);
  const base::TimePoint begun = session.clock().now();
  RouteResult result =
      co_await call_route(session.services, outgoing, session.addresses, session.client);
  session.events.called(*chosen, call, result, session.clock().now() - begun, *request.generation);
  if (!result.error) co_return result.client_keeps;
  const bool goes_on = co_await send_error(session, request.limits(), *result.error, keep);
  co_return goes_on;
}

net::Task<bool> serve_next(Session& session) {
  InferenceRequest request;
  request.generation = session.services.generations.current();
  const bool has_head = co_await read_request_head(session, request);
  if (!has_head) co_return false;
  // A request that came after a reload is the new generation's, however long we waited for it.
  request.generation = session.services.generations.current();
  session.first = false;
  const auto call = inference::read_call(request.head, request.limits().target_bytes_max);
  if (!call) {
    session.events.denied(call.error().message());
    const bool goes_on =
        co_await send_error(session, request.limits(), inference::kind_of(call.error()), false);
    co_return goes_on;
  }
  const bool fits = co_await accept_length(session, request);
  if (!fits) co_return false;
  const bool passed = co_await pass_inference_chain(session.services, session.source,
                                                    session.client, *call, request);
  if (!passed) co_return false;
  const bool has_body = co_await read_request_body(session, request);
  if (!has_body) co_return false;
  const bool keep = request.head.keeps_alive() && !session.drain.draining();
  const bool goes_on = co_await route(session, request, *call, keep);
  co_return goes_on;
}

}  // namespace

net::Task<void> relay_inference(const Services& services, std::optional<audit::Peer> source,
                                Inlet& client) {
  Session session{services, source, InferenceEvents(services, source), client,
                  DrainWatch(services.sessions, client)};
  bool goes_on = true;
  while (goes_on) goes_on = co_await serve_next(session);
  client.stream().close();
}

}  // namespace sallyport::relay
