#include "reference/sandbox/process_tree.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

namespace sallyport::sandbox {
namespace {

TEST(ProcessStatus, HasTheNumberInItsOwnNamespaceLast) {
  const ProcessEntry entry =
      parse_status("Name:\tsh\nPid:\t812\nPPid:\t800\nTracerPid:\t0\nNSpid:\t812\t40\t7\n");
  EXPECT_EQ(entry.pid, 812);
  EXPECT_EQ(entry.parent, 800);
  EXPECT_EQ(entry.own, 7);
}

TEST(ProcessStatus, OfNothingIsNobody) {
  EXPECT_EQ(parse_status("").pid, 0);
  EXPECT_EQ(parse_status("Pid:\n").pid, 0);
}

TEST(Below, FindsChildrenOfChildrenAndNobodyElse) {
  auto found = below({{10, 1, 10}, {11, 10, 21}, {12, 11, 22}, {13, 1, 23}, {14, 12, 24}}, 10);
  std::sort(found.begin(), found.end());
  EXPECT_EQ(found, (std::vector<pid_t>{21, 22, 24}));
}

TEST(Below, EndsWhereNumbersGoRound) {
  EXPECT_EQ(below({{10, 11, 10}, {11, 10, 11}}, 10).size(), 1U);
}

TEST(EndingProcesses, EndsThoseOfOtherSessionsToo) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    for (int i = 0; i < 3; ++i) {
      if (::fork() != 0) continue;
      ::setsid();
      if (::fork() != 0 && i == 0) ::_exit(0);
      for (;;) ::pause();
    }
    ::_exit(end_processes_below(10'000) && ::waitpid(-1, nullptr, WNOHANG) < 0 ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(EndingProcesses, WaitsForNoSignalThatHasBeenTakenAlready) {
  const pid_t child = ::fork();
  if (child == 0) {
    sigset_t ended;
    ::sigemptyset(&ended);
    ::sigaddset(&ended, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &ended, nullptr);
    if (::fork() == 0) ::_exit(0);
    int number = 0;
    ::sigwait(&ended, &number);
    // What ended isn't reaped yet: its number is the last.
    ::_exit(end_processes_below(50) ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace sallyport::sandbox
