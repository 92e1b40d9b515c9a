// Opens TCP connections to addresses that were judged before: no names here, nothing is resolved.
#pragma once

#include <functional>
#include <memory>

#include "reference/base/unique_fd.h"
#include "reference/net/ports.h"
#include "reference/net/tcp.h"

namespace sallyport::net {

// Makes a stream socket of the family (AF_INET, AF_INET6), in whatever namespace it likes.
using SocketFactory = std::function<base::Result<base::UniqueFd>(int family)>;

// A non-blocking, close-on-exec stream socket in the process's own namespace.
[[nodiscard]] base::Result<base::UniqueFd> make_stream_socket(int family);

// Connects one socket. The error is connect's errno, ETIMEDOUT at the deadline, or
// operation_canceled when the waiting coroutine is cancelled. The stream has no deadline.
[[nodiscard]] Task<base::Result<std::unique_ptr<TcpStream>>> connect_fd(Executor executor,
                                                                        Deadlines& deadlines,
                                                                        base::UniqueFd socket,
                                                                        Endpoint to,
                                                                        base::TimePoint deadline);

class TcpDialer final : public Dialer {
 public:
  TcpDialer(Executor executor, Deadlines& deadlines, SocketFactory sockets = make_stream_socket);

  // One after the other; each attempt gets an equal share of the time that is left, so that one
  // silent address doesn't take the turn of those after it. The last gets all that is left.
  // No endpoints: address_not_available.
  [[nodiscard]] Task<base::Result<std::unique_ptr<ByteStream>>> dial(
      std::vector<Endpoint> endpoints, base::TimePoint deadline) override;
  // As dial(), without forgetting that it is TCP: for who puts TLS onto it.
  [[nodiscard]] Task<base::Result<std::unique_ptr<TcpStream>>> dial_tcp(
      std::vector<Endpoint> endpoints, base::TimePoint deadline);

 private:
  Executor executor_;
  Deadlines& deadlines_;
  SocketFactory sockets_;
};

}  // namespace sallyport::net
