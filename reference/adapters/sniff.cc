#include "reference/adapters/sniff.h"

#include <array>
#include <optional>

#include "reference/net/both.h"

namespace sallyport::adapters {
namespace {

// Who spoke first; lives in sniff()'s frame.
struct First {
  net::TcpStream& client;
  net::TcpStream& upstream;
  const base::Clock& clock;
  bool client_ready = false;
  bool upstream_ready = false;
};

net::Task<void> watch_client(First& first) {
  const net::Ready ready = co_await first.client.readable();
  first.client_ready = ready == net::Ready::ready;
  first.upstream.set_deadline(first.clock.now());
}

net::Task<void> watch_upstream(First& first) {
  const net::Ready ready = co_await first.upstream.readable();
  first.upstream_ready = ready == net::Ready::ready;
  if (first.upstream_ready) first.client.set_deadline(first.clock.now());
}

// Whether the upstream has said something, rather than ended.
bool has_spoken(net::TcpStream& upstream) {
  std::array<std::byte, 1> byte;
  const auto seen = upstream.try_peek(byte);
  return seen && *seen > 0;
}

// From the client's first byte on: peeks until the bytes decide, the bound passes, or no more come.
net::Task<Protocol> decide(net::TcpStream& client, base::TimePoint until) {
  std::array<std::byte, kSniffBytesMax> bytes;
  std::size_t seen = 0;
  Protocol protocol = Protocol::undecided;
  client.set_deadline(until);
  while (protocol == Protocol::undecided) {
    const auto peeked = client.try_peek(bytes);
    // No more than last time, though told that more is there: the client has ended its side.
    if (!peeked || *peeked <= seen) break;
    seen = *peeked;
    protocol = classify(std::span<const std::byte>(bytes.data(), seen));
    if (protocol != Protocol::undecided) break;
    client.set_receive_low_water(static_cast<int>(seen) + 1);
    const net::Ready ready = co_await client.readable();
    if (ready != net::Ready::ready) break;
  }
  client.set_receive_low_water(1);
  co_return protocol == Protocol::undecided ? Protocol::opaque : protocol;
}

}  // namespace

net::Task<Sniffed> sniff(net::TcpStream& client, net::TcpStream& upstream,
                         const base::Limits& limits, const base::Clock& clock) {
  Sniffed result;
  First first{client, upstream, clock};
  const base::TimePoint idle = clock.now() + limits.tunnel_idle;
  client.set_deadline(idle);
  upstream.set_deadline(idle);
  auto ours = watch_client(first);
  auto theirs = watch_upstream(first);
  co_await net::both(std::move(ours), std::move(theirs));
  upstream.set_deadline(base::TimePoint::max());
  if (!first.client_ready && first.upstream_ready) {
    if (has_spoken(upstream)) co_return result;
    // It ended without a word; the client may still begin, and learn it then.
    client.set_deadline(idle);
    const net::Ready ready = co_await client.readable();
    first.client_ready = ready == net::Ready::ready;
  }
  std::array<std::byte, 1> byte;
  result.closed = !first.client_ready;
  if (!result.closed) {
    const auto peeked = client.try_peek(byte);
    result.closed = !peeked || *peeked == 0;
  }
  if (!result.closed) result.protocol = co_await decide(client, clock.now() + limits.sniff);
  client.set_deadline(base::TimePoint::max());
  co_return result;
}

}  // namespace sallyport::adapters
