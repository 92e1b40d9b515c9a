#include "reference/adapters/session.h"

#include "reference/adapters/connect.h"
#include "reference/adapters/first_head.h"
#include "reference/adapters/forward.h"
#include "reference/adapters/identify.h"
#include "reference/adapters/tunnel.h"
#include "reference/http/framing.h"

namespace sallyport::adapters {
namespace {

std::optional<audit::Peer> peer_of(const net::TcpStream& client) {
  const auto peer = client.peer();
  if (!peer) return std::nullopt;
  return audit::Peer{peer->address.to_string(), peer->port};
}

// From the first head to what came of it: null unless a tunnel. All that was needed on the way is
// given back before the tunnel begins, which may stand for long.
net::Task<std::unique_ptr<Opened>> begin(Session& session) {
  const relay::Services& services = session.services;
  const FirstHead first =
      co_await read_first_head(*session.client, session.generation->limits, services.clock);
  // A request that came after a reload is the new generation's.
  session.generation = services.generations.current();
  if (first.end == relay::HeadEnd::too_long) {
    co_await refuse_head(session, 431, "request head too long");
    co_return nullptr;
  }
  if (first.end == relay::HeadEnd::malformed) {
    co_await refuse_head(session, 400, "malformed request head");
    co_return nullptr;
  }
  if (first.end != relay::HeadEnd::complete) co_return nullptr;
  const auto head = http::parse_request_head(first.text);
  if (!head) {
    co_await refuse_head(session, 400, head.error().message());
    co_return nullptr;
  }
  const auto framing = http::request_framing(*head);
  if (!framing) {
    co_await refuse_head(session, 400, framing.error().message());
    co_return nullptr;
  }
  session.identity = identify(services, *session.client, *head);
  if (head->method == "CONNECT") co_return co_await open_tunnel(session, *head);
  co_await serve_forward(session, *head, *framing);
  co_return nullptr;
}

}  // namespace

net::Task<void> serve_session(const relay::Services& services,
                              std::unique_ptr<net::TcpStream> client) {
  Session session{services, std::move(client), services.generations.current(), std::nullopt, {}};
  session.source = peer_of(*session.client);
  auto opened = co_await begin(session);
  if (opened) co_await serve_tunnel(session, std::move(opened));
}

}  // namespace sallyport::adapters
