#include "simulator/world/child.h"

#include <linux/close_range.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "reference/linux/error.h"

namespace sallyport::sim::world {

base::Result<void> close_all_but(std::vector<int> keep) {
  std::sort(keep.begin(), keep.end());
  unsigned next = 0;
  for (const int fd : keep) {
    const auto kept = static_cast<unsigned>(fd);
    if (kept > next && ::close_range(next, kept - 1, 0) != 0) {
      return linux::failure(linux::Operation::close_descriptors, errno);
    }
    next = std::max(next, kept + 1);
  }
  if (::close_range(next, ~0U, 0) != 0) {
    return linux::failure(linux::Operation::close_descriptors, errno);
  }
  return {};
}

void reset_signal_handlers() {
  struct sigaction plain {};
  plain.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &plain, nullptr);
}

void unblock_signals() {
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace sallyport::sim::world
