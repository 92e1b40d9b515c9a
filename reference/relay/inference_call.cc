#include "reference/relay/inference_call.h"

#include <algorithm>
#include <array>

#include "reference/egress/destination.h"
#include "reference/http/framing.h"
#include "reference/net/both.h"
#include "reference/net/buffer_pool.h"
#include "reference/net/io.h"
#include "reference/relay/head_reader.h"
#include "reference/relay/inference_answer.h"
#include "reference/relay/loss_watch.h"
#include "reference/relay/upstream.h"
#include "reference/relay/upstream_pool.h"

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

UpstreamKey key_of(const inference::Route& route, const net::Endpoint& connected) {
  return {route.base.tls, route.base.authority.host, connected};
}

UpstreamTarget target_of(const inference::Route& route) {
  UpstreamTarget target;
  target.tls = route.base.tls;
  target.host = route.base.authority.host;
  return target;
}

base::Limits limits_of(const RouteRequest& request) {
  base::Limits limits = request.limits();
  limits.connect = std::min(limits.connect, bound_of(request));
  return limits;
}

// One connection for one request; lives in the call's frame.
struct Way {
  Way(const Services& given, const RouteRequest& wanted)
      : services(given),
        request(wanted),
        upstream(given, target_of(*wanted.route), limits_of(wanted)) {}

  const Services& services;
  const RouteRequest& request;
  Upstream upstream;
  bool reused = false;

  [[nodiscard]] const inference::Routes* routes() const { return request.generation->routes.get(); }
  // Takes a connection of the pool that is alive.
  bool take(const std::vector<net::Endpoint>& endpoints) {
    if (services.upstreams == nullptr) return false;
    for (const net::Endpoint& endpoint : endpoints) {
      const UpstreamKey key = key_of(*request.route, endpoint);
      while (auto kept = services.upstreams->take(key, routes())) {
        if (upstream.reuse(std::move(kept), endpoint)) return reused = true;
      }
    }
    return false;
  }
  void give_back() {
    if (services.upstreams == nullptr || !upstream.peer() || !upstream.inlet().bytes().empty()) {
      return;
    }
    const UpstreamKey key = key_of(*request.route, *upstream.peer());
    services.upstreams->give(key, routes(), upstream.release());
  }
};

bool is_known(const RouteAddresses& addresses, const RouteRequest& request) {
  return addresses.routes == request.generation->routes && addresses.route == request.route;
}

// Resolves the route's host and judges it. Empty, or why it leads nowhere.
net::Task<std::string> find_addresses(const Way& way, RouteAddresses& addresses) {
  const http::Authority& authority = way.request.route->base.authority;
  egress::RouteDestination found =
      co_await egress::route_destination(authority.host, authority.port, way.services.resolver);
  if (auto* refused = std::get_if<egress::RouteRefused>(&found)) {
    co_return std::move(refused->cause);
  }
  addresses.routes = way.request.generation->routes;
  addresses.route = way.request.route;
  addresses.endpoints = std::get<egress::Pinned>(std::move(found)).endpoints;
  co_return std::string();
}

// Connects. Empty, or why nobody can be reached.
net::Task<std::string> open_way(Way& way, const RouteAddresses& addresses) {
  way.reused = false;
  way.upstream.drop();
  way.upstream.retarget(addresses.endpoints);
  const bool stands = co_await way.upstream.ready();
  if (stands) co_return std::string();
  co_return way.upstream.cause();
}

// The request going up and the answer's head coming down; lives in call_route()'s frame.
struct Turn {
  const RouteRequest& request;
  Inlet& upstream;
  const base::Clock& clock;
  base::TimePoint until;  // by when the answer's head must be here
  bool sent = false;
  bool refused = false;  // the connection took not an octet of it
  HeadEnd end = HeadEnd::cancelled;
  bool sound = false;  // `answer` and `framing` hold a final answer
  http::AnswerHead answer{};
  http::Framing framing{};
};

// Takes what was written off the front.
std::span<iovec> without_front(std::span<iovec> parts, std::size_t octets) {
  while (!parts.empty() && octets >= parts.front().iov_len) {
    octets -= parts.front().iov_len;
    parts = parts.subspan(1);
  }
  if (!parts.empty()) {
    parts.front().iov_base = static_cast<std::byte*>(parts.front().iov_base) + octets;
    parts.front().iov_len -= octets;
  }
  return parts;
}

// An upstream that stops reading may have answered: a failure here is the reader's to find.
net::Task<void> send_request(Turn& turn) {
  std::vector<iovec> parts;
  parts.push_back(net::as_iovec(turn.request.head));
  for (const std::string_view piece : turn.request.body->pieces) {
    parts.push_back(net::as_iovec(piece));
  }
  net::ByteStream& stream = turn.upstream.stream();
  stream.set_deadline(turn.until);
  // Only here it is known that nothing has left: after a first wait some of it may have.
  const auto first = stream.try_write(parts);
  if (!first && first.error() != net::StreamErrc::would_block) {
    turn.refused = true;
    stream.set_deadline(turn.clock.now());  // wakes the one who waits for an answer
    co_return;
  }
  std::span<iovec> rest(parts);
  if (first) rest = without_front(rest, *first);
  turn.sent = rest.empty();
  if (!turn.sent) {
    const auto wrote = co_await net::write_all(stream, rest);
    turn.sent = wrote.has_value();
  }
  if (turn.sent && turn.request.sent) turn.request.sent();
}

net::Task<void> read_answer(Turn& turn) {
  const base::Limits& limits = turn.request.limits();
  HeadBounds bounds;
  bounds.bytes_max = limits.response_head_bytes_max;
  bounds.first_byte = bounds.whole = turn.until - turn.clock.now();
  bounds.until = turn.until;
  for (int heads = 0; heads <= kInterimMax && !turn.sound && !turn.refused; ++heads) {
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
  if (turn.refused) return failed(ErrorKind::upstream_broken, "closed before the request");
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

// The client while its call is under way; lives in the call's frame.
struct Client {
  Inlet& inlet;
  Upstream& upstream;
  const base::Clock& clock;
  bool gone = false;
  bool answered = false;  // the call is over

  void lose() {
    gone = true;
    upstream.abort();
  }
};

// A client that ends while it waits wants no answer any more: nobody ends half a connection to a
// virtual host. One that has sent further requests is believed to wait. What it sends meanwhile is
// kept, as far as there is room.
net::Task<void> watch_client(Client& client) {
  while (!client.answered && client.inlet.bytes().size() < net::BufferPool::kBufferBytes) {
    client.inlet.rest();
    const net::Ready ready = co_await client.inlet.stream().readable();
    if (client.answered || ready != net::Ready::ready) break;
    const Io io = client.inlet.fill_now();
    if (io == Io::ok || io == Io::expired) continue;
    if (client.inlet.bytes().empty()) client.lose();
    break;
  }
}

net::Task<void> exchange(Way& way, Client& client, base::TimePoint until, RouteResult& result) {
  const RouteRequest& request = way.request;
  const base::Clock& clock = way.services.clock;
  Turn turn{request, way.upstream.inlet(), clock, until};
  auto up = send_request(turn);
  auto down = read_answer(turn);
  co_await net::both(std::move(up), std::move(down));
  if (turn.refused && way.reused && !client.gone) co_return;  // call_route() opens another
  if (!turn.sound) {
    result = unanswered(turn);
  } else if (request.match.delivery == inference::Delivery::streaming) {
    result = co_await stream_answer(request, turn.answer, turn.framing, way.upstream.inlet(),
                                    client.inlet, clock);
  } else {
    result = co_await buffer_answer(request, turn.answer, turn.framing, way.upstream.inlet(),
                                    client.inlet, clock, until);
    if (result.error) result.client_keeps = true;
  }
  if (client.gone) result = given_up(turn.sound ? turn.answer.status : 0);
  const bool reusable = turn.sound && turn.sent && turn.answer.keeps_alive() && !result.truncated &&
                        !result.error && turn.framing.kind != http::BodyKind::until_close;
  if (reusable) way.give_back();
  way.upstream.drop();
  way.reused = false;
}

net::Task<void> exchange_watched(Way& way, Client& client, base::TimePoint until,
                                 RouteResult& result) {
  co_await exchange(way, client, until, result);
  client.answered = true;
  // Wakes the one who watches the client.
  client.inlet.stream().set_deadline(client.clock.now());
}

// One request over the way that stands.
net::Task<void> serve_over(Way& way, Inlet& inlet, base::TimePoint until, RouteResult& result) {
  Client client{inlet, way.upstream, way.services.clock};
  const auto lost = [&client] { client.lose(); };
  const LossWatch watch(inlet.stream(), lost);
  inlet.stream().set_deadline(base::TimePoint::max());  // the upstream's bounds this wait
  auto call = exchange_watched(way, client, until, result);
  auto watching = watch_client(client);
  co_await net::both(std::move(call), std::move(watching));
}

}  // namespace

net::Task<RouteResult> call_route(const Services& services, const RouteRequest& request,
                                  RouteAddresses& addresses, Inlet& client) {
  const base::TimePoint until = services.clock.now() + bound_of(request);
  Way way(services, request);
  RouteResult result;
  std::string refused;
  const bool known = is_known(addresses, request);
  if (!known) refused = co_await find_addresses(way, addresses);
  if (!refused.empty()) co_return failed(inference::ErrorKind::unavailable, std::move(refused));
  if (way.take(addresses.endpoints)) {
    co_await serve_over(way, client, until, result);
    if (!way.reused) co_return result;
  }
  if (known) refused = co_await find_addresses(way, addresses);
  if (refused.empty()) refused = co_await open_way(way, addresses);
  if (!refused.empty()) co_return failed(inference::ErrorKind::unavailable, std::move(refused));
  co_await serve_over(way, client, until, result);
  co_return result;
}

}  // namespace sallyport::relay
