#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <functional>
#include <string>

#include "reference/base/unique_fd.h"
#include "reference/linux/call_filter.h"
#include "reference/linux/landlock.h"

namespace sallyport::linux {
namespace {

// What `body` returns, told by a child's exit code: it is restricted for good.
int in_child(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    ::_exit(body());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

constexpr int kNotRestricted = 250;

// The errno of a socket, 0 when there is one.
int filtered_socket(int family, int type) {
  return in_child([=] {
    if (!refuse_dangerous_calls()) return kNotRestricted;
    const base::UniqueFd socket(::socket(family, type, 0));
    return socket ? 0 : errno;
  });
}

class Folder {
 public:
  Folder() { EXPECT_NE(::mkdtemp(path.data()), nullptr); }
  ~Folder() { ::rmdir(path.c_str()); }
  std::string path = "/tmp/restrictions-XXXXXX";
};

int errno_of_opening(const std::string& path) {
  const base::UniqueFd file(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  const int error = file ? 0 : errno;
  if (file) ::unlink(path.c_str());
  return error;
}

TEST(CallFilter, LeavesOrdinarySocketsAlone) {
  EXPECT_EQ(filtered_socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC), 0);
  EXPECT_EQ(filtered_socket(AF_INET, SOCK_DGRAM), 0);
  EXPECT_EQ(filtered_socket(AF_UNIX, SOCK_STREAM), 0);
}

TEST(CallFilter, RefusesNetlinkAndPacketSockets) {
  EXPECT_EQ(filtered_socket(AF_NETLINK, SOCK_RAW), EPERM);
  EXPECT_EQ(filtered_socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC), EPERM);
  EXPECT_EQ(filtered_socket(AF_PACKET, SOCK_DGRAM), EPERM);
}

TEST(CallFilter, RefusesRawSocketsWhateverTheirFlags) {
  EXPECT_EQ(filtered_socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK), EPERM);
  EXPECT_EQ(filtered_socket(AF_INET6, SOCK_RAW), EPERM);
}

TEST(CallFilter, RefusesToTraceOthers) {
  EXPECT_EQ(in_child([] {
              if (!refuse_dangerous_calls()) return kNotRestricted;
              return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0 ? 0 : errno;
            }),
            EPERM);
}

TEST(CallFilter, StillLetsAProgramFork) {
  EXPECT_EQ(in_child([] {
              if (!refuse_dangerous_calls()) return kNotRestricted;
              const pid_t child = ::fork();
              if (child == 0) ::_exit(7);
              int status = 0;
              ::waitpid(child, &status, 0);
              return WEXITSTATUS(status);
            }),
            7);
}

TEST(CallFilter, RefusesANewUserNamespace) {
  EXPECT_EQ(in_child([] {
              if (!refuse_dangerous_calls()) return kNotRestricted;
              return ::unshare(CLONE_NEWUSER) == 0 ? 0 : errno;
            }),
            EPERM);
}

// The errno of `call` under the filter of agents, 0 when it works.
int agent_call(const std::function<int()>& call) {
  return in_child([&call] {
    if (!refuse_agent_calls()) return kNotRestricted;
    return call() >= 0 ? 0 : errno;
  });
}
int agent_socket(int family, int type, int protocol) {
  return agent_call([=] { return ::socket(family, type, protocol); });
}

TEST(AgentCallFilter, AllowsNetlinkForRoutesAlone) {
  EXPECT_EQ(agent_socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), 0);
  EXPECT_EQ(agent_socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG), EPERM);
  EXPECT_EQ(agent_socket(AF_NETLINK, SOCK_DGRAM, NETLINK_NETFILTER), EPERM);
}

TEST(AgentCallFilter, RefusesSocketsBelowIp) {
  EXPECT_EQ(agent_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), EPERM);
  EXPECT_EQ(agent_socket(AF_PACKET, SOCK_DGRAM, 0), EPERM);
  EXPECT_EQ(agent_socket(AF_VSOCK, SOCK_STREAM, 0), EPERM);
  EXPECT_EQ(agent_socket(AF_INET, SOCK_STREAM, 0), 0);
  EXPECT_EQ(agent_socket(AF_UNIX, SOCK_STREAM, 0), 0);
}

TEST(AgentCallFilter, RefusesProgramsWithoutAFile) {
  EXPECT_EQ(agent_call([] { return ::memfd_create("x", 0); }), EPERM);
  EXPECT_EQ(agent_call([] {
              char* const none[] = {nullptr};
              return static_cast<int>(::syscall(SYS_execveat, 0, "", none, none, AT_EMPTY_PATH));
            }),
            EPERM);
}

TEST(AgentCallFilter, RefusesFurtherFilters) {
  EXPECT_EQ(agent_call([] { return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, nullptr); }),
            EPERM);
  EXPECT_EQ(agent_call([] {
              return static_cast<int>(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, nullptr));
            }),
            EPERM);
}

TEST(AgentCallFilter, RefusesToPutWordsIntoATerminal) {
  EXPECT_EQ(agent_call([] {
              char letter = 'x';
              return ::ioctl(0, TIOCSTI, &letter);
            }),
            EPERM);
}

TEST(AgentCallFilter, RefusesOtherNamespaces) {
  EXPECT_EQ(agent_call([] { return ::setns(0, 0); }), EPERM);
  EXPECT_EQ(agent_call([] { return ::unshare(CLONE_NEWUSER | CLONE_NEWNET); }), EPERM);
  EXPECT_EQ(agent_call([] { return static_cast<int>(::syscall(SYS_clone3, nullptr, 0)); }), ENOSYS);
}

TEST(Landlock, WritesGoWhereTheyAreAllowedOnly) {
  const Folder allowed;
  const Folder other;
  const bool there = landlock_version() > 0;
  const auto writing = [&](const std::string& where) {
    return in_child([&] {
      if (!restrict_writes({allowed.path, "/does/not/exist"})) return kNotRestricted;
      return errno_of_opening(where + "/file");
    });
  };
  EXPECT_EQ(writing(allowed.path), 0);
  EXPECT_EQ(writing(other.path), there ? EACCES : 0);
}

TEST(Landlock, ReadingStaysAsItIs) {
  const Folder allowed;
  EXPECT_EQ(in_child([&] {
              if (!restrict_writes({allowed.path})) return kNotRestricted;
              return ::access("/etc/passwd", R_OK) == 0 ? 0 : errno;
            }),
            0);
}

}  // namespace
}  // namespace sallyport::linux
