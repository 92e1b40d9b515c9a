#include "reference/net/dialer.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>

#include "reference/net/io.h"
#include "reference/net/socket_address.h"

namespace sallyport::net {
namespace {

base::Error system_error(int number) { return {number, boost::system::system_category()}; }

}  // namespace

base::Result<base::UniqueFd> make_stream_socket(int family) {
  base::UniqueFd fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return system_error(errno);
  return fd;
}

Task<base::Result<std::unique_ptr<TcpStream>>> connect_fd(Executor executor, Deadlines& deadlines,
                                                          base::UniqueFd socket, Endpoint to,
                                                          base::TimePoint deadline) {
  const int fd = socket.get();
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) co_return system_error(errno);
  const SocketAddress address = to_socket_address(to);
  const bool done = ::connect(fd, address.get(), address.length) == 0;
  if (!done && errno != EINPROGRESS && errno != EINTR) co_return system_error(errno);

  auto stream = std::make_unique<TcpStream>(executor, deadlines, std::move(socket));
  stream->set_deadline(deadline);
  while (!stream->peer()) {
    const Ready ready = co_await stream->writable();
    if (ready == Ready::expired) co_return system_error(ETIMEDOUT);
    if (ready == Ready::cancelled) co_return wait_error(ready);
    int error = 0;
    socklen_t length = sizeof error;
    if (::getsockopt(stream->native_handle(), SOL_SOCKET, SO_ERROR, &error, &length) != 0) {
      co_return system_error(errno);
    }
    if (error != 0) co_return system_error(error);
  }
  stream->set_deadline(base::TimePoint::max());
  co_return stream;
}

TcpDialer::TcpDialer(Executor executor, Deadlines& deadlines, SocketFactory sockets)
    : executor_(executor), deadlines_(deadlines), sockets_(std::move(sockets)) {}

Task<base::Result<std::unique_ptr<TcpStream>>> TcpDialer::dial_tcp(std::vector<Endpoint> endpoints,
                                                                   base::TimePoint deadline) {
  base::Error last = system_error(EADDRNOTAVAIL);
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    const Endpoint& to = endpoints[i];
    const base::TimePoint now = deadlines_.now();
    if (now >= deadline) co_return system_error(ETIMEDOUT);
    const auto left = static_cast<std::int64_t>(endpoints.size() - i);
    const base::TimePoint until = left == 1 ? deadline : now + (deadline - now) / left;
    auto socket = sockets_(to.address.is_v4() ? AF_INET : AF_INET6);
    if (socket.has_error()) {
      last = socket.error();
      continue;
    }
    auto stream = co_await connect_fd(executor_, deadlines_, std::move(*socket), to, until);
    if (stream.has_value()) co_return stream;
    last = stream.error();
    if (last == boost::system::errc::operation_canceled) break;
  }
  co_return last;
}

Task<base::Result<std::unique_ptr<ByteStream>>> TcpDialer::dial(std::vector<Endpoint> endpoints,
                                                                base::TimePoint deadline) {
  auto stream = co_await dial_tcp(std::move(endpoints), deadline);
  if (stream.has_error()) co_return stream.error();
  co_return std::unique_ptr<ByteStream>(std::move(*stream));
}

}  // namespace sallyport::net
