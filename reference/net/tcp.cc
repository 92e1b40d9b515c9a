#include "reference/net/tcp.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cerrno>
#include <utility>

#include "reference/net/socket_address.h"

namespace sallyport::net {
namespace {

using Descriptor = asio::posix::basic_stream_descriptor<Executor>;

base::Error closed_here() {
  return boost::system::errc::make_error_code(boost::system::errc::operation_canceled);
}

// What -1 from a socket call means.
base::Error socket_error(int number) {
  if (number == EAGAIN || number == EWOULDBLOCK) return StreamErrc::would_block;
  return {number, boost::system::system_category()};
}

}  // namespace

// Shared with the waits, so that they may outlive the stream.
struct TcpStream::Core : std::enable_shared_from_this<Core> {
  Core(Executor executor, Deadlines& deadlines)
      : descriptor(executor), deadline(deadlines, [this] { expire(); }) {}

  void expire() {
    read_expired = write_expired = true;
    base::Error ignored;
    descriptor.cancel(ignored);
  }

  void close() {
    lost = nullptr;
    if (!descriptor.is_open()) return;
    deadline.set(base::TimePoint::max());
    base::Error ignored;
    descriptor.close(ignored);
  }

  [[nodiscard]] base::Error unusable() const {
    if (failure) return failure;
    return descriptor.is_open() ? base::Error{} : closed_here();
  }

  base::Result<std::size_t> receive(std::span<std::byte> into, int flags) {
    if (const base::Error error = unusable()) return error;
    for (;;) {
      const ssize_t count = ::recv(descriptor.native_handle(), into.data(), into.size(), flags);
      if (count > 0) return static_cast<std::size_t>(count);
      if (count == 0) return base::Error{StreamErrc::end_of_stream};
      if (errno != EINTR) return socket_error(errno);
    }
  }

  [[nodiscard]] bool broken() const {
    pollfd state{};
    state.fd = const_cast<Descriptor&>(descriptor).native_handle();
    return ::poll(&state, 1, 0) > 0 && (state.revents & (POLLERR | POLLHUP)) != 0;
  }

  void await_loss() {
    if (watching || !lost || failure || !descriptor.is_open()) return;
    watching = true;
    descriptor.async_wait(Descriptor::wait_error,
                          [core = shared_from_this()](base::Error error) { core->woken(error); });
  }

  void woken(base::Error error) {
    watching = false;
    if (!lost || !descriptor.is_open()) return;
    if (broken()) {
      std::exchange(lost, nullptr)();
    } else if (error) {
      await_loss();  // a deadline of the waits has cancelled ours with them
    }
    // Else urgent data woke us. They would again and again: this watch sees nothing any more, and
    // the next one begins anew.
  }

  Descriptor descriptor;
  Deadline deadline;
  std::function<void()> lost;  // of watch_loss()
  bool watching = false;       // a wait for an error is under way
  base::Error failure;         // the loop couldn't take the descriptor
  bool read_expired = false;   // the deadline ended the wait of that direction
  bool write_expired = false;
};

TcpStream::TcpStream(Executor executor, Deadlines& deadlines, base::UniqueFd socket)
    : core_(std::make_shared<Core>(executor, deadlines)) {
  const int fd = socket.get();
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags >= 0) ::fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  const int on = 1;  // best effort: not every stream socket is TCP
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  core_->descriptor.assign(fd, core_->failure);
  if (!core_->failure) socket.release();
}

TcpStream::~TcpStream() { core_->close(); }

base::Result<std::size_t> TcpStream::try_read(std::span<std::byte> into) {
  return core_->receive(into, 0);
}

base::Result<std::size_t> TcpStream::try_peek(std::span<std::byte> into) {
  return core_->receive(into, MSG_PEEK);
}

base::Result<std::size_t> TcpStream::try_write(std::span<const iovec> from) {
  if (const base::Error error = core_->unusable()) return error;
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(from.data());  // sendmsg doesn't write to it
  message.msg_iovlen = std::min<std::size_t>(from.size(), IOV_MAX);
  for (;;) {
    const ssize_t count = ::sendmsg(core_->descriptor.native_handle(), &message, MSG_NOSIGNAL);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) return socket_error(errno);
  }
}

Task<Ready> TcpStream::readable() { return wait(core_, false); }
Task<Ready> TcpStream::writable() { return wait(core_, true); }

Task<Ready> TcpStream::wait(std::shared_ptr<Core> core, bool to_write) {
  const auto event = to_write ? Descriptor::wait_write : Descriptor::wait_read;
  bool& expired = to_write ? core->write_expired : core->read_expired;
  for (;;) {
    if (core->failure) co_return Ready::ready;  // the next try_ call says what it is
    if (!core->descriptor.is_open()) co_return Ready::cancelled;
    if (core->deadline.passed()) co_return Ready::expired;
    expired = false;
    auto [error] = co_await core->descriptor.async_wait(event, kAwait);
    if (!core->descriptor.is_open()) co_return Ready::cancelled;
    if (!error) co_return Ready::ready;
    // Expired, though whoever serves the other direction may have moved the deadline since.
    if (!expired) co_return Ready::cancelled;
  }
}

void TcpStream::set_deadline(base::TimePoint at) {
  if (core_->descriptor.is_open()) core_->deadline.set(at);
}

base::TimePoint TcpStream::deadline() const { return core_->deadline.at(); }

void TcpStream::shutdown_write() {
  if (core_->descriptor.is_open()) ::shutdown(core_->descriptor.native_handle(), SHUT_WR);
}

void TcpStream::abort() {
  if (!core_->descriptor.is_open()) return;
  const linger reset{1, 0};
  ::setsockopt(core_->descriptor.native_handle(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  core_->close();
}

void TcpStream::close() { core_->close(); }

void TcpStream::watch_loss(std::function<void()> lost) {
  core_->lost = std::move(lost);
  core_->await_loss();
}

void TcpStream::set_receive_low_water(int octets) {
  if (!core_->descriptor.is_open()) return;
  ::setsockopt(core_->descriptor.native_handle(), SOL_SOCKET, SO_RCVLOWAT, &octets, sizeof octets);
}

std::optional<Endpoint> TcpStream::local() const {
  if (!local_ && core_->descriptor.is_open()) {
    local_ = local_endpoint_of(core_->descriptor.native_handle());
  }
  return local_;
}

std::optional<Endpoint> TcpStream::peer() const {
  if (!peer_ && core_->descriptor.is_open()) {
    peer_ = peer_endpoint_of(core_->descriptor.native_handle());
  }
  return peer_;
}

std::string TcpStream::local_endpoint() const {
  const auto at = local();
  return at ? at->to_string() : std::string{};
}

std::string TcpStream::peer_endpoint() const {
  const auto at = peer();
  return at ? at->to_string() : std::string{};
}

int TcpStream::native_handle() const {
  return core_->descriptor.is_open() ? core_->descriptor.native_handle() : -1;
}

Executor TcpStream::executor() const { return core_->descriptor.get_executor(); }

}  // namespace sallyport::net
