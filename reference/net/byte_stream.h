// A connection's bytes, whatever carries them: TCP, TLS, a fake. Readiness-based: the try_ calls
// never wait, the awaited calls move no bytes, so an idle connection holds no buffer and fakes and
// fault loops stay small. One reader and one writer at a time; single-threaded.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <functional>
#include <span>
#include <string>

#include "reference/base/clock.h"
#include "reference/base/result.h"
#include "reference/net/executor.h"

namespace sallyport::net {

// How an awaited readiness ended.
enum class Ready {
  ready,      // a try_ call will make progress (or report the end)
  expired,    // the deadline passed; the stream can still be written a last answer or aborted
  cancelled,  // the stream was aborted or its task group is ending
};

// Ends and obstacles of try_read / try_write. Values of errno travel as system errors besides.
enum class StreamErrc {
  would_block = 1,  // nothing now: await readable() or writable()
  end_of_stream,    // a clean end: FIN, or close_notify under TLS
  truncated,        // TLS only: the transport ended without close_notify
  protocol,         // TLS only: bytes that aren't TLS, an alert, a failed verification
};

[[nodiscard]] const boost::system::error_category& stream_category();
[[nodiscard]] base::Error make_error_code(StreamErrc errc);

class ByteStream {
 public:
  virtual ~ByteStream() = default;

  // Moves at least one byte, or says why not (StreamErrc, or errno such as ECONNRESET).
  // Both spans must not be empty.
  [[nodiscard]] virtual base::Result<std::size_t> try_read(std::span<std::byte> into) = 0;
  [[nodiscard]] virtual base::Result<std::size_t> try_write(std::span<const iovec> from) = 0;

  // Return at once when the deadline has passed. Pending waits end as `cancelled` on abort().
  [[nodiscard]] virtual Task<Ready> readable() = 0;
  [[nodiscard]] virtual Task<Ready> writable() = 0;

  // The connection's one deadline: a time that is moved forward before each wait on the outside.
  // TimePoint::max() for none.
  virtual void set_deadline(base::TimePoint at) = 0;
  [[nodiscard]] virtual base::TimePoint deadline() const = 0;

  // Half-close (close_notify and FIN). Reading stays possible. Errors are not reported: a peer
  // that is gone shows at the next read.
  virtual void shutdown_write() = 0;
  // RST where the transport has one; wakes whoever waits. Idempotent.
  virtual void abort() = 0;
  // Orderly close without waiting for the peer; wakes whoever waits. Idempotent.
  virtual void close() = 0;

  // Calls `lost` from the loop, once, when the peer has broken the connection (a reset or an error;
  // not when it only ended its own direction: it may still want an answer). Takes the place of the
  // watch before it; an empty function ends that. Independent of waits and deadlines; what was done
  // to the stream here is no loss. A stream that can't tell never calls.
  virtual void watch_loss([[maybe_unused]] std::function<void()> lost) {}

  // `address:port` of the two ends, for events; empty when unknown.
  [[nodiscard]] virtual std::string local_endpoint() const = 0;
  [[nodiscard]] virtual std::string peer_endpoint() const = 0;
};

}  // namespace sallyport::net

template <>
struct boost::system::is_error_code_enum<sallyport::net::StreamErrc> : std::true_type {};
