#include "simulator/world/lifeline.h"

#include <poll.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <cerrno>

#include "reference/base/check.h"

namespace sallyport::sim::world {
namespace {

using Descriptor = net::asio::posix::basic_stream_descriptor<net::Executor>;

// The exit code of an error of ours: nobody is left who could read it.
constexpr int kExitError = 4;

net::Task<void> watch(net::Executor executor, int lifeline) {
  Descriptor descriptor(executor, ::dup(lifeline));
  for (;;) {
    auto [error] = co_await descriptor.async_wait(Descriptor::wait_read, net::kAwait);
    if (error) co_return;
    if (lifeline_cut(lifeline)) ::_exit(kExitError);
  }
}

}  // namespace

bool lifeline_cut(int lifeline) {
  pollfd poll{lifeline, POLLIN, 0};
  int ready = 0;
  do {
    ready = ::poll(&poll, 1, 0);
  } while (ready < 0 && errno == EINTR);
  CHECK(ready >= 0);
  return (poll.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

void watch_lifeline(net::Executor executor, int lifeline) {
  net::asio::co_spawn(executor, watch(executor, lifeline), net::asio::detached);
}

}  // namespace sallyport::sim::world
