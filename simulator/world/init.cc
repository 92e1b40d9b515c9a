#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "simulator/world/child.h"
#include "simulator/world/spawn.h"

namespace sallyport::sim::world {
namespace {

// Reaps all that ended; true once `command` was among them.
bool reap(int command, int& status) {
  for (;;) {
    int ended = 0;
    const pid_t pid = ::waitpid(-1, &ended, WNOHANG);
    if (pid < 0 && errno == EINTR) continue;
    if (pid <= 0) return false;
    if (pid == command) {
      status = ended;
      return true;
    }
  }
}

}  // namespace

void be_init(int command, int report) {
  // It is a copy of the world: nothing of that may be looked at from within.
  ::prctl(PR_SET_DUMPABLE, 0);
  ::prctl(PR_SET_NAME, "init");
  sigset_t all;
  sigfillset(&all);
  Report message;
  for (;;) {
    const int signal = ::sigwaitinfo(&all, nullptr);
    if (signal < 0) continue;
    if (signal != SIGCHLD) {
      ::kill(command, signal);
      continue;
    }
    if (!reap(command, message.value)) continue;
    message.kind = Report::status;
    const ssize_t written = ::write(report, &message, sizeof message);
    ::_exit(written == static_cast<ssize_t>(sizeof message) ? 0 : 1);
  }
}

}  // namespace sallyport::sim::world
