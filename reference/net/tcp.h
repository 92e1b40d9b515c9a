// A TCP connection (or any connected stream socket) as a ByteStream, adopted from a descriptor, so
// that whoever makes the socket chooses its namespace. Single-threaded.
//
// A wait that is pending when the stream is closed, aborted or destroyed ends as `cancelled`; what
// waited may then not touch a destroyed stream, but the wait itself is safe.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "reference/base/unique_fd.h"
#include "reference/net/address.h"
#include "reference/net/byte_stream.h"
#include "reference/net/deadlines.h"

namespace sallyport::net {

class TcpStream final : public ByteStream {
 public:
  // Makes the socket non-blocking and sets TCP_NODELAY. If the loop can't watch the descriptor,
  // every call answers that error.
  TcpStream(Executor executor, Deadlines& deadlines, base::UniqueFd socket);
  ~TcpStream() override;

  // After close() or abort(): operation_canceled.
  [[nodiscard]] base::Result<std::size_t> try_read(std::span<std::byte> into) override;
  [[nodiscard]] base::Result<std::size_t> try_write(std::span<const iovec> from) override;
  [[nodiscard]] Task<Ready> readable() override;
  [[nodiscard]] Task<Ready> writable() override;
  void set_deadline(base::TimePoint at) override;
  [[nodiscard]] base::TimePoint deadline() const override;
  void shutdown_write() override;
  void abort() override;
  void close() override;
  void watch_loss(std::function<void()> lost) override;
  [[nodiscard]] std::string local_endpoint() const override;
  [[nodiscard]] std::string peer_endpoint() const override;

  // As try_read, but the bytes stay. Always from the first unread byte on.
  [[nodiscard]] base::Result<std::size_t> try_peek(std::span<std::byte> into);
  // readable() waits until this many octets are there (or the end is); 1 unless set. For who
  // peeks: a peek leaves the bytes, so that waiting for one more octet would not wait.
  void set_receive_low_water(int octets);

  // Nothing if the socket isn't connected over IP.
  [[nodiscard]] std::optional<Endpoint> local() const;
  [[nodiscard]] std::optional<Endpoint> peer() const;
  // The socket; -1 once closed. Stays ours.
  [[nodiscard]] int native_handle() const;
  [[nodiscard]] Executor executor() const;

 private:
  struct Core;
  static Task<Ready> wait(std::shared_ptr<Core> core, bool to_write);
  std::shared_ptr<Core> core_;
  mutable std::optional<Endpoint> local_;
  mutable std::optional<Endpoint> peer_;
};

}  // namespace sallyport::net
