#include "reference/net/pump.h"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include "reference/net/both.h"
#include "reference/net/io.h"

namespace sallyport::net {
namespace {

// A direction that always finds bytes and room lets the others run after this much.
constexpr std::uint64_t kTurnBytes = 1024 * 1024;

// What the two directions share.
struct Tunnel {
  ByteStream& a;
  ByteStream& b;
  const base::Clock& clock;
  BufferPool& buffers;
  base::Duration idle;
  base::TimePoint idle_at{};
  bool over = false;
  PumpEnd end{};

  void moved() {
    idle_at = clock.now() + idle;
    a.set_deadline(idle_at);
    b.set_deadline(idle_at);
  }

  // The first cause is the one that counts; the other direction merely notices.
  void stop(PumpEnd::Cause cause) {
    if (over) return;
    over = true;
    end.cause = cause;
    if (cause == PumpEnd::Cause::idle) {
      a.close();
      b.close();
    } else {
      a.abort();
      b.abort();
    }
  }

  void broken(const base::Error& error, bool by_a) {
    if (over) return;
    end.error = error;
    end.by_a = by_a;
    stop(PumpEnd::Cause::broken);
  }

  // Whether a wait that ended so may go on.
  bool go_on(Ready ready) {
    if (over) return false;
    if (ready == Ready::ready) return true;
    if (ready == Ready::expired && clock.now() < idle_at) return true;
    stop(ready == Ready::expired ? PumpEnd::Cause::idle : PumpEnd::Cause::cancelled);
    return false;
  }
};

struct Direction {
  ByteStream& from;
  ByteStream& to;
  bool from_a;
  std::uint64_t& moved;
};

// False when the tunnel is over.
Task<bool> forward(Tunnel& tunnel, Direction& way, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const iovec piece{const_cast<std::byte*>(bytes.data()), bytes.size()};
    const auto written = way.to.try_write(std::span<const iovec>(&piece, 1));
    if (written.has_value()) {
      way.moved += *written;
      tunnel.moved();
      bytes = bytes.subspan(*written);
    } else if (written.error() == StreamErrc::would_block) {
      const Ready ready = co_await way.to.writable();
      if (!tunnel.go_on(ready)) co_return false;
    } else {
      tunnel.broken(written.error(), !way.from_a);
      co_return false;
    }
  }
  co_return true;
}

Task<void> run_direction(Tunnel& tunnel, Direction way) {
  const Executor executor = co_await asio::this_coro::executor;
  BufferPool::Lease lease;
  std::uint64_t turn_ends = way.moved + kTurnBytes;
  while (!tunnel.over) {
    if (!lease) lease = tunnel.buffers.lend();
    const auto count = way.from.try_read(lease.bytes());
    if (count.has_value()) {
      tunnel.moved();
      const bool on = co_await forward(tunnel, way, lease.bytes().first(*count));
      if (!on) co_return;
      if (*count == BufferPool::kBufferBytes && way.moved < turn_ends) continue;
      if (*count == BufferPool::kBufferBytes) {
        co_await asio::post(executor, kAwait);
        turn_ends = way.moved + kTurnBytes;
        continue;
      }
    } else if (count.error() == StreamErrc::end_of_stream) {
      if (!tunnel.over) way.to.shutdown_write();
      co_return;
    } else if (count.error() != StreamErrc::would_block) {
      tunnel.broken(count.error(), way.from_a);
      co_return;
    }
    lease.give_back();
    const Ready ready = co_await way.from.readable();
    if (!tunnel.go_on(ready)) co_return;
  }
}

Task<void> a_to_b(Tunnel& tunnel, std::string_view early) {
  Direction way{tunnel.a, tunnel.b, true, tunnel.end.a_to_b};
  const bool on = co_await forward(tunnel, way, std::as_bytes(std::span(early)));
  if (on) co_await run_direction(tunnel, way);
}

Task<void> b_to_a(Tunnel& tunnel) {
  Direction way{tunnel.b, tunnel.a, false, tunnel.end.b_to_a};
  co_await run_direction(tunnel, way);
}

}  // namespace

Task<PumpEnd> relay(ByteStream& a, ByteStream& b, RelayOptions options, const base::Clock& clock,
                    BufferPool& buffers) {
  Tunnel tunnel{a, b, clock, buffers, options.idle};
  tunnel.moved();
  // A cancellation shows as a wait that ends as `cancelled`; thrown instead, it would leave the
  // streams to be closed in good order, which the peers would take for an end.
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  Task<void> there = a_to_b(tunnel, options.early_to_b);
  Task<void> back = b_to_a(tunnel);
  co_await both(std::move(there), std::move(back));
  co_await asio::this_coro::throw_if_cancelled(throws);
  if (!tunnel.over) {
    a.close();
    b.close();
  }
  co_return tunnel.end;
}

}  // namespace sallyport::net
