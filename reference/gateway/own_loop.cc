#include "reference/gateway/own_loop.h"

#include <boost/asio/co_spawn.hpp>
#include <exception>

#include "reference/base/check.h"

namespace sallyport::gateway {

void OwnLoop::run(net::Task<void> task) {
  bool done = false;
  net::asio::co_spawn(loop_.executor(), std::move(task), [&done](std::exception_ptr failure) {
    CHECK(failure == nullptr);
    done = true;
  });
  while (!done) loop_.context().run_one();
}

}  // namespace sallyport::gateway
