// The reading and the writing that every relay shares: an inlet holds what was read from a stream
// and not taken yet, write_all() finishes what it began. Both wait only until the stream's
// deadline, which is theirs to move. One coroutine reads an inlet at a time; on the loop's thread.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>

#include "reference/base/clock.h"
#include "reference/net/buffer_pool.h"
#include "reference/net/byte_stream.h"
#include "reference/net/executor.h"

namespace sallyport::relay {

enum class Io {
  ok,
  end,        // the peer finished, cleanly
  expired,    // the deadline passed
  cancelled,  // the stream was aborted, or the process is ending
  broken,     // reset, truncated TLS, any other failure
};

// Reads from a stream into a buffer that the pool lends. The stream must outlive it.
class Inlet {
 public:
  Inlet(net::ByteStream& stream, net::BufferPool& pool) : stream_(&stream), pool_(&pool) {}

  [[nodiscard]] net::ByteStream& stream() { return *stream_; }
  // Read, and not consumed. Valid until the next fill(), consume() or rest().
  [[nodiscard]] std::string_view bytes() const;
  void consume(std::size_t count);

  // Waits for at least one more octet. There must be room: at most kBufferBytes stay unconsumed.
  [[nodiscard]] net::Task<Io> fill();
  // As fill(), but giving the buffer back while nothing comes: for waits that may be long.
  [[nodiscard]] net::Task<Io> fill_after_idle();
  // What can be read without waiting. `expired` when nothing can now.
  [[nodiscard]] Io fill_now();
  // Gives the buffer back, if there is nothing unread in it: the next fill() lends another.
  void rest();

 private:
  void make_room();

  net::ByteStream* stream_;
  net::BufferPool* pool_;
  net::BufferPool::Lease buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

// How long a stream may be silent; moves its deadline forward.
struct Pace {
  const base::Clock* clock = nullptr;
  base::Duration idle{};
  void move(net::ByteStream& stream) const { stream.set_deadline(clock->now() + idle); }
};

inline constexpr std::size_t kPiecesMax = 16;

// Writes all the pieces in order, in as few calls as the stream allows. The deadline is moved
// before each wait. At most kPiecesMax pieces; empty ones are fine.
[[nodiscard]] net::Task<Io> write_all(net::ByteStream& stream,
                                      std::span<const std::string_view> pieces, Pace pace);
[[nodiscard]] net::Task<Io> write_text(net::ByteStream& stream, std::string_view text, Pace pace);

// After a last answer: says that nothing follows, then reads and drops what the client still sends,
// so that a reset doesn't overtake the answer. Bounded by `pace.idle` in all, and by a size.
[[nodiscard]] net::Task<void> linger(net::ByteStream& stream, Pace pace);

}  // namespace sallyport::relay
