// SIGINT and SIGTERM as something to poll, for the scheduler.
#pragma once

#include <signal.h>
#include <sys/signalfd.h>

#include "reference/base/unique_fd.h"

namespace sallyport::sim::runner {

// While it lives they are blocked; the old mask comes back at the end.
class Signals {
 public:
  Signals() {
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &wanted, &before_);
    fd_.reset(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  ~Signals() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  [[nodiscard]] int fd() const { return fd_.get(); }
  // In a world: as if nothing had been blocked.
  void restore() const { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
  base::UniqueFd fd_;
};

}  // namespace sallyport::sim::runner
