// Preloaded before libfaketime (simulator/runner/process_faults.cc), which shifts the absolute
// times of every timerfd, also of those on the monotonic clock, which it leaves as it is otherwise:
// an event loop's timer that is due at once would then be due when the shift has passed. These go
// to the kernel as they are.
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

extern "C" int timerfd_settime(int fd, int flags, const itimerspec* fresh,
                               itimerspec* before) noexcept {
  return static_cast<int>(::syscall(SYS_timerfd_settime, fd, flags, fresh, before));
}

extern "C" int timerfd_gettime(int fd, itimerspec* now) noexcept {
  return static_cast<int>(::syscall(SYS_timerfd_gettime, fd, now));
}
