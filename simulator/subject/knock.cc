#include "simulator/subject/knock.h"

#include <sys/socket.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "reference/base/unique_fd.h"
#include "reference/linux/namespaces.h"
#include "reference/net/dialer.h"
#include "reference/net/event.h"

namespace sallyport::sim::subject {
namespace {

constexpr base::Duration kGap = std::chrono::milliseconds(2);

base::UniqueFd socket_in(int host, const net::Endpoint& at) {
  std::optional<linux::NetNamespaceGuard> guard;
  if (host >= 0) {
    auto entered = linux::NetNamespaceGuard::enter(host);
    if (!entered) return base::UniqueFd();
    guard.emplace(std::move(*entered));
  }
  const int family = at.address.is_v4() ? AF_INET : AF_INET6;
  return base::UniqueFd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

}  // namespace

net::Task<bool> knock(net::Executor executor, net::Deadlines& deadlines, int host, net::Endpoint at,
                      base::TimePoint deadline, std::shared_ptr<const bool> wanted) {
  if (at.address.is_unspecified()) at.address = net::IpAddress::v4(0x7f000001);
  net::Event wake(executor);
  net::Deadline pause(deadlines, [&wake] { wake.notify(); });
  while (*wanted && deadlines.now() < deadline) {
    base::UniqueFd socket = socket_in(host, at);
    if (!socket) co_return false;
    auto connected = co_await net::connect_fd(executor, deadlines, std::move(socket), at, deadline);
    if (connected) co_return true;
    const base::TimePoint next = deadlines.now() + kGap;
    pause.set(std::min(next, deadline));
    if (!co_await wake.wait()) co_return false;
  }
  co_return false;
}

}  // namespace sallyport::sim::subject
