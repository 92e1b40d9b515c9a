#include "reference/net/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cerrno>

#include "reference/net/event.h"
#include "reference/net/socket_address.h"

namespace sallyport::net {
namespace {

using Descriptor = asio::posix::basic_stream_descriptor<Executor>;

constexpr int kUnknownErrorsMax = 5;  // in a row; as in the field system

base::Error closed_here() {
  return boost::system::errc::make_error_code(boost::system::errc::operation_canceled);
}

base::Error errno_error() { return {errno, boost::system::system_category()}; }

}  // namespace

AcceptError classify_accept_error(int error_number) {
  switch (error_number) {
    case ECONNABORTED:
    case ECONNRESET:
    case EINTR:
    case EPROTO:
    case EPERM:  // a firewall's word on this one connection
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
      return AcceptError::retry;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
      return AcceptError::back_off;
    case EBADF:
    case EINVAL:
    case ENOTSOCK:
      return AcceptError::fatal;
    default:
      return AcceptError::unknown;
  }
}

struct TcpListener::Core {
  Core(Executor loop, Deadlines& all, AcceptBackOff pauses)
      : executor(loop),
        deadlines(all),
        back_off(pauses),
        descriptor(loop),
        wake(loop),
        pause_end(all, [this] { wake.notify(); }) {}

  Executor executor;
  Deadlines& deadlines;
  AcceptBackOff back_off;
  Descriptor descriptor;
  Event wake;
  Deadline pause_end;
  base::Error failure;      // the loop couldn't take the descriptor
  int failures_in_row = 0;  // that asked for a pause
  int unknown_in_row = 0;
};

TcpListener::TcpListener(Executor executor, Deadlines& deadlines, base::UniqueFd listening,
                         AcceptBackOff back_off)
    : core_(std::make_shared<Core>(executor, deadlines, back_off)) {
  const int flags = ::fcntl(listening.get(), F_GETFL);
  if (flags >= 0) ::fcntl(listening.get(), F_SETFL, flags | O_NONBLOCK);
  core_->descriptor.assign(listening.get(), core_->failure);
  if (!core_->failure) listening.release();
}

TcpListener::~TcpListener() { close(); }

base::Result<base::UniqueFd> TcpListener::bind(const Endpoint& at, int backlog) {
  const int family = at.address.is_v4() ? AF_INET : AF_INET6;
  base::UniqueFd fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return errno_error();
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (family == AF_INET6) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  const SocketAddress address = to_socket_address(at);
  if (::bind(fd.get(), address.get(), address.length) != 0) return errno_error();
  if (::listen(fd.get(), backlog) != 0) return errno_error();
  return fd;
}

Task<base::Result<std::unique_ptr<TcpStream>>> TcpListener::accept() { return accept_from(core_); }

Task<base::Result<std::unique_ptr<TcpStream>>> TcpListener::accept_from(
    std::shared_ptr<Core> core) {
  for (;;) {
    if (core->failure) co_return core->failure;
    if (!core->descriptor.is_open()) co_return closed_here();
    base::UniqueFd fd(::accept4(core->descriptor.native_handle(), nullptr, nullptr,
                                SOCK_NONBLOCK | SOCK_CLOEXEC));
    const int number = errno;
    if (fd) {
      core->failures_in_row = core->unknown_in_row = 0;
      co_return std::make_unique<TcpStream>(core->executor, core->deadlines, std::move(fd));
    }
    if (number == EAGAIN || number == EWOULDBLOCK) {
      auto [error] = co_await core->descriptor.async_wait(Descriptor::wait_read, kAwait);
      if (error) co_return closed_here();
      continue;
    }
    const AcceptError kind = classify_accept_error(number);
    if (kind == AcceptError::retry) continue;
    const base::Error error(number, boost::system::system_category());
    if (kind == AcceptError::fatal) co_return error;
    if (kind == AcceptError::unknown && ++core->unknown_in_row >= kUnknownErrorsMax) {
      co_return error;
    }
    const bool over = co_await pause(core);
    if (!over) co_return closed_here();
  }
}

// False when the coroutine was cancelled.
Task<bool> TcpListener::pause(std::shared_ptr<Core> core) {
  const int doublings = std::min(core->failures_in_row++, 20);
  const base::Duration span =
      std::min(core->back_off.first * (1 << doublings), core->back_off.most);
  core->pause_end.set(core->deadlines.now() + span);
  while (core->descriptor.is_open() && !core->pause_end.passed()) {
    const bool woken = co_await core->wake.wait();
    if (!woken) co_return false;
  }
  co_return true;
}

void TcpListener::close() {
  if (!core_->descriptor.is_open()) return;
  base::Error ignored;
  core_->descriptor.close(ignored);
  core_->pause_end.set(base::TimePoint::max());
  core_->wake.notify();
}

Endpoint TcpListener::local_endpoint() const {
  if (!core_->descriptor.is_open()) return {};
  return local_endpoint_of(core_->descriptor.native_handle()).value_or(Endpoint{});
}

}  // namespace sallyport::net
