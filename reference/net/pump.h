// The opaque relay: bytes both ways between two streams, nothing read into them. Half-closes are
// passed on, a reset of one side resets the other, a slow reader stops its writer, and a buffer is
// held only while bytes are on their way.
#pragma once

#include <cstdint>
#include <string_view>

#include "reference/base/clock.h"
#include "reference/net/buffer_pool.h"
#include "reference/net/byte_stream.h"

namespace sallyport::net {

struct RelayOptions {
  // Silence in both directions after which the relay ends. Limits::tunnel_idle.
  base::Duration idle{};
  // Sent to b before anything else: what was read from a beyond the request. Must stay valid.
  std::string_view early_to_b{};
};

struct PumpEnd {
  enum class Cause {
    finished,   // both sides ended their direction; both streams are closed
    idle,       // silence; both streams are closed
    broken,     // one side failed (`error`, `by_a`); both streams are aborted
    cancelled,  // the task was cancelled, or a stream closed from outside; both are aborted
  };
  Cause cause = Cause::finished;
  base::Error error;         // of `broken`
  bool by_a = false;         // of `broken`: it was a that failed
  std::uint64_t a_to_b = 0;  // octets that were handed to b's transport
  std::uint64_t b_to_a = 0;
};

// Both streams are ended when this ends. Uses, and moves, the deadlines of both. All references
// must outlive the task.
[[nodiscard]] Task<PumpEnd> relay(ByteStream& a, ByteStream& b, RelayOptions options,
                                  const base::Clock& clock, BufferPool& buffers);

}  // namespace sallyport::net
