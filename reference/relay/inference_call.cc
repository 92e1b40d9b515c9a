#include "reference/relay/inference_call.h"

#include <algorithm>
#include <array>

#include "reference/egress/destination.h"
#include "reference/http/framing.h"
#include "reference/net/both.h"
#include "reference/net/io.h"
#include "reference/relay/head_reader.h"
#include "reference/relay/inference_answer.h"
#include "reference/relay/loss_watch.h"

namespace sallyport::relay {
namespace {

constexpr int kInterimMax = 32;

RouteResult failed(inference::ErrorKind kind, std::string cause) {
  RouteResult result;
  result.error = kind;
  result.cause = std::move(cause);
  result.client_keeps = true;
  return result;
}

std::chrono::milliseconds bound_of(const RouteRequest& request) {
  return request.route->timeout.value_or(request.limits().route_timeout);
}

// Resolves the route's host and judges it, unless the connection leads there already. Empty, or why
// it can't be reached.
net::Task<std::string> find_way(const Services& services, const RouteRequest& request,
                                RouteConnection& connection) {
  if (connection.generation == request.generation && connection.route == request.route) {
    co_return std::string();
  }
  connection.upstream.reset();
  const inference::BaseUrl& base = request.route->base;
  const egress::RouteDestination found = co_await egress::route_destination(
      base.authority.host, base.authority.port, services.resolver);
  if (const auto* refused = std::get_if<egress::RouteRefused>(&found)) co_return refused->cause;
  UpstreamTarget target;
  target.endpoints = std::get<egress::Pinned>(found).endpoints;
  target.tls = base.tls;
  target.host = base.authority.host;
  base::Limits limits = request.limits();
  limits.connect = std::min(limits.connect, bound_of(request));
  connection.upstream = std::make_unique<Upstream>(services, std::move(target), limits);
  connection.generation = request.generation;
  connection.route = request.route;
  co_return std::string();
}

// The request going up and the answer's head coming down; lives in call_route()'s frame.
struct Turn {
  const RouteRequest& request;
  Inlet& upstream;
  const base::Clock& clock;
  base::TimePoint until;  // by when the answer's head must be here
  bool sent = false;
  HeadEnd end = HeadEnd::cancelled;
  bool sound = false;  // `answer` and `framing` hold a final answer
  http::AnswerHead answer{};
  http::Framing framing{};
};

// An upstream that stops reading may have answered: a failure here is the reader's to find.
net::Task<void> send_request(Turn& turn) {
  std::vector<iovec> parts;
  parts.push_back(net::as_iovec(turn.request.head));
  for (const std::string_view piece : turn.request.body->pieces) {
    parts.push_back(net::as_iovec(piece));
  }
  turn.upstream.stream().set_deadline(turn.until);
  const std::span<iovec> all(parts);
  const auto wrote = co_await net::write_all(turn.upstream.stream(), all);
  turn.sent = wrote.has_value();
}

net::Task<void> read_answer(Turn& turn) {
  const base::Limits& limits = turn.request.limits();
  HeadBounds bounds;
  bounds.bytes_max = limits.response_head_bytes_max;
  bounds.first_byte = bounds.whole = turn.until - turn.clock.now();
  bounds.until = turn.until;
  for (int heads = 0; heads <= kInterimMax && !turn.sound; ++heads) {
    const HeadRead read = co_await read_head(turn.upstream, bounds, turn.clock);
    turn.end = read.end;
    if (read.end != HeadEnd::complete) break;
    auto parsed = http::parse_answer_head(turn.upstream.bytes().substr(0, read.size));
    turn.upstream.consume(read.size);
    if (!parsed || parsed->status == 101) break;
    if (parsed->is_interim()) continue;
    turn.answer = std::move(*parsed);
    const auto framing = http::answer_framing(turn.request.match.method, turn.answer.status,
                                              turn.answer.version_minor, turn.answer.fields);
    if (!framing) break;
    turn.framing = *framing;
    turn.sound = true;
  }
  // Wakes a writer that nobody reads any more.
  if (!turn.sent) turn.upstream.stream().set_deadline(turn.clock.now());
}

// Of a call whose client broke its connection: nobody is to be told anything.
RouteResult given_up(unsigned status) {
  RouteResult result;
  result.status = status;
  result.cause = "the client ended";
  result.truncated = true;
  result.client_gone = true;
  return result;
}

RouteResult unanswered(const Turn& turn) {
  using inference::ErrorKind;
  switch (turn.end) {
    case HeadEnd::idle:
    case HeadEnd::late:
      return failed(ErrorKind::unavailable, "no answer in time");
    case HeadEnd::closed:
      return failed(ErrorKind::upstream_broken, "closed without an answer");
    case HeadEnd::truncated:
      return failed(ErrorKind::upstream_broken, "ended in its answer's head");
    case HeadEnd::cancelled:
      return failed(ErrorKind::upstream_broken, "cancelled");
    case HeadEnd::complete:
    case HeadEnd::too_long:
    case HeadEnd::malformed:
      break;
  }
  return failed(ErrorKind::upstream_broken, "malformed answer head");
}

}  // namespace

net::Task<RouteResult> call_route(const Services& services, const RouteRequest& request,
                                  RouteConnection& connection, Inlet& client) {
  const base::TimePoint until = services.clock.now() + bound_of(request);
  std::string refused = co_await find_way(services, request, connection);
  if (!refused.empty()) co_return failed(inference::ErrorKind::unavailable, std::move(refused));
  Upstream& upstream = *connection.upstream;
  const bool stands = co_await upstream.ready();
  if (!stands) co_return failed(inference::ErrorKind::unavailable, upstream.cause());
  Turn turn{request, upstream.inlet(), services.clock, until};
  bool client_gone = false;
  const auto lost = [&client_gone, &upstream] {
    client_gone = true;
    upstream.inlet().stream().abort();
  };
  const LossWatch watch(client.stream(), lost);
  auto up = send_request(turn);
  auto down = read_answer(turn);
  co_await net::both(std::move(up), std::move(down));
  if (!turn.sound) {
    RouteResult result = client_gone ? given_up(0) : unanswered(turn);
    upstream.drop();
    co_return result;
  }
  const bool streaming = request.match.delivery == inference::Delivery::streaming;
  RouteResult result;
  if (streaming) {
    result = co_await stream_answer(request, turn.answer, turn.framing, upstream.inlet(), client,
                                    services.clock);
  } else {
    result = co_await buffer_answer(request, turn.answer, turn.framing, upstream.inlet(), client,
                                    services.clock, until);
    if (result.error) result.client_keeps = true;
  }
  if (client_gone) result = given_up(turn.answer.status);
  const bool reusable = turn.sent && turn.answer.keeps_alive() && !result.truncated &&
                        !result.error && turn.framing.kind != http::BodyKind::until_close;
  if (!reusable) upstream.drop();
  co_return result;
}

}  // namespace sallyport::relay
