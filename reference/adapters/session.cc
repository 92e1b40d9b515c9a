#include "reference/adapters/session.h"

#include "reference/adapters/connect.h"
#include "reference/adapters/first_head.h"
#include "reference/adapters/forward.h"
#include "reference/adapters/identify.h"
#include "reference/http/framing.h"

namespace sallyport::adapters {
namespace {

std::optional<audit::Peer> peer_of(const net::TcpStream& client) {
  const auto peer = client.peer();
  if (!peer) return std::nullopt;
  return audit::Peer{peer->address.to_string(), peer->port};
}

}  // namespace

net::Task<void> serve_session(const relay::Services& services,
                              std::unique_ptr<net::TcpStream> client) {
  Session session{services, std::move(client), services.generations.current(), std::nullopt, {}};
  session.source = peer_of(*session.client);
  const FirstHead first =
      co_await read_first_head(*session.client, session.generation->limits, services.clock);
  // A request that came after a reload is the new generation's.
  session.generation = services.generations.current();
  if (first.end == relay::HeadEnd::too_long) {
    co_await refuse_head(session, 431, "request head too long");
    co_return;
  }
  if (first.end == relay::HeadEnd::malformed) {
    co_await refuse_head(session, 400, "malformed request head");
    co_return;
  }
  if (first.end != relay::HeadEnd::complete) co_return;
  const auto head = http::parse_request_head(first.text);
  if (!head) {
    co_await refuse_head(session, 400, head.error().message());
    co_return;
  }
  const auto framing = http::request_framing(*head);
  if (!framing) {
    co_await refuse_head(session, 400, framing.error().message());
    co_return;
  }
  session.identity = identify(services, *session.client, *head);
  if (head->method == "CONNECT") {
    co_await serve_connect(session, *head);
  } else {
    co_await serve_forward(session, *head, *framing);
  }
}

}  // namespace sallyport::adapters
