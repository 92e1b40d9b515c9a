// Real sockets of real processes, in namespaces that the test made.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <functional>

#include "reference/base/check.h"
#include "reference/identity/identity.h"
#include "reference/linux/links.h"
#include "reference/linux/namespaces.h"
#include "reference/linux/testing/in_namespaces.h"

namespace sallyport::identity {
namespace {

using linux::testing::in_namespaces;

constexpr std::uint16_t kPort = 3128;
constexpr int kBoundMs = 5000;

net::Endpoint endpoint_of(const sockaddr_in& address) {
  return {net::IpAddress::v4(ntohl(address.sin_addr.s_addr)), ntohs(address.sin_port)};
}

base::UniqueFd listener() {
  base::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_port = htons(kPort);
  CHECK(::bind(socket.get(), reinterpret_cast<sockaddr*>(&any), sizeof any) == 0);
  CHECK(::listen(socket.get(), 16) == 0);
  return socket;
}

// As an IPv6 socket that reaches IPv4, too: many runtimes have no other.
int connect_to(const char* address, bool v6) {
  const int socket = ::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
  int result = -1;
  if (v6) {
    sockaddr_in6 there{};
    there.sin6_family = AF_INET6;
    there.sin6_port = htons(kPort);
    const std::string mapped = std::string("::ffff:") + address;
    ::inet_pton(AF_INET6, mapped.c_str(), &there.sin6_addr);
    result = ::connect(socket, reinterpret_cast<sockaddr*>(&there), sizeof there);
  } else {
    sockaddr_in there{};
    there.sin_family = AF_INET;
    there.sin_port = htons(kPort);
    ::inet_pton(AF_INET, address, &there.sin_addr);
    result = ::connect(socket, reinterpret_cast<sockaddr*>(&there), sizeof there);
  }
  if (result != 0) ::_exit(1);
  return socket;
}

// A process of the agent's; it ends when the test lets go of it.
class Process {
 public:
  explicit Process(const std::function<void()>& body) : pid_(::fork()) {
    CHECK(pid_ >= 0);
    if (pid_ != 0) return;
    body();
    for (;;) ::pause();
  }
  ~Process() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  [[nodiscard]] int pid() const { return pid_; }

 private:
  pid_t pid_;
};

// A child that doesn't outlive its parent: it holds what the test waits for the end of.
pid_t fork_along() {
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The parent may have gone before it was asked for.
  if (::getppid() != parent) ::_exit(1);
  return child;
}

// Both ends of a connection that somebody made to us.
struct Accepted {
  base::UniqueFd socket;
  net::Endpoint client, proxy;
};

Accepted accept_at(const base::UniqueFd& listening) {
  pollfd waiting{listening.get(), POLLIN, 0};
  CHECK(::poll(&waiting, 1, kBoundMs) == 1);
  Accepted accepted;
  sockaddr_in address{};
  socklen_t size = sizeof address;
  accepted.socket.reset(
      ::accept4(listening.get(), reinterpret_cast<sockaddr*>(&address), &size, SOCK_CLOEXEC));
  accepted.client = endpoint_of(address);
  size = sizeof address;
  ::getsockname(accepted.socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
  accepted.proxy = endpoint_of(address);
  return accepted;
}

// Until something can be read: a word, or the end of a connection.
void await_word(int descriptor) {
  pollfd waiting{descriptor, POLLIN, 0};
  CHECK(::poll(&waiting, 1, kBoundMs) == 1);
}

std::string text_of(const Found& found) {
  if (!found.program) return found.failure;
  return found.program->binary + " by " +
         (found.program->ancestors.empty() ? "nobody" : found.program->ancestors.front());
}

std::string self() { return std::filesystem::read_symlink("/proc/self/exe").string(); }

std::unique_ptr<KernelIdentity> identities(int anchor = -1, int netns = -1) {
  KernelIdentity::Options options;
  options.netns_fd = netns;
  options.sandbox_pid = anchor;
  auto made = KernelIdentity::create(options);
  CHECK(made);
  return std::move(*made);
}

void loopback_up() {
  auto links = linux::Links::open();
  CHECK(links);
  CHECK(links->set_up("lo", true));
}

// The agent's namespace at the other end of a veth, as a sandbox has it; 10.200.0.1 is here.
base::UniqueFd agents_namespace() {
  auto made = linux::make_net_namespace();
  CHECK(made);
  auto here = linux::Links::open();
  auto there = linux::Links::open(made->get());
  CHECK(here && there);
  CHECK(here->add_veth("box", "agent", made->get()));
  CHECK(here->add_address("box", net::IpAddress::v4(0x0AC80001), 24));
  CHECK(there->add_address("agent", net::IpAddress::v4(0x0AC80002), 24));
  CHECK(there->set_up("agent", true));
  CHECK(there->await_operational("agent"));
  return std::move(*made);
}

TEST(KernelIdentity, FindsTheProcessBehindAConnection) {
  const std::string seen = in_namespaces([] {
    loopback_up();
    const base::UniqueFd listening = listener();
    const Process agent([] { connect_to("127.0.0.1", false); });
    const Accepted accepted = accept_at(listening);
    const Found found = identities(agent.pid())->identify(accepted.client, accepted.proxy);
    if (!found.program) return found.failure;
    return std::string(found.program->pid == agent.pid() ? "right pid, " : "wrong pid, ") +
           found.program->binary;
  });
  EXPECT_EQ(seen, "right pid, " + self());
}

TEST(KernelIdentity, FindsItInTheAgentsNamespaceWhereTheSocketIs) {
  const std::string seen = in_namespaces([] {
    const base::UniqueFd agents = agents_namespace();
    const base::UniqueFd listening = listener();
    const Process agent([&] {
      CHECK(linux::enter_namespace(agents.get(), linux::NamespaceKind::net));
      connect_to("10.200.0.1", false);
    });
    const Accepted accepted = accept_at(listening);
    auto inside = identities(agent.pid(), agents.get());
    auto outside = identities(agent.pid());
    return text_of(inside->identify(accepted.client, accepted.proxy)).substr(0, 1) + " " +
           text_of(outside->identify(accepted.client, accepted.proxy)).substr(0, 40);
  });
  EXPECT_EQ(seen, "/ failed to resolve peer binary: no socket");
}

TEST(KernelIdentity, FindsASocketOfIPv6ThatReachesIPv4) {
  const std::string seen = in_namespaces([] {
    loopback_up();
    const base::UniqueFd listening = listener();
    const Process agent([] { connect_to("127.0.0.1", true); });
    const Accepted accepted = accept_at(listening);
    return text_of(identities()->identify(accepted.client, accepted.proxy));
  });
  EXPECT_EQ(seen.substr(0, self().size()), self());
}

TEST(KernelIdentity, NamesWhatAProcessExecutesNow) {
  const std::string seen = in_namespaces([] {
    loopback_up();
    const base::UniqueFd listening = listener();
    std::array<int, 2> ends{};
    CHECK(::pipe(ends.data()) == 0);
    const Process agent([&] {
      const int socket = connect_to("127.0.0.1", false);
      ::dup2(ends[1], 1);
      ::dup2(socket, 7);
      ::execl("/bin/sh", "sh", "-c", "echo up; read -r _ <&7; :", "/opt/tool", nullptr);
      ::_exit(1);
    });
    const Accepted accepted = accept_at(listening);
    await_word(ends[0]);
    const Found found = identities(agent.pid())->identify(accepted.client, accepted.proxy);
    if (!found.program) return found.failure;
    return found.program->binary +
           (found.program->cmdline.empty() ? "" : " " + found.program->cmdline.front());
  });
  EXPECT_EQ(seen, std::filesystem::canonical("/bin/sh").string() + " /opt/tool");
}

TEST(KernelIdentity, TakesForkedHoldersOfOneKindForOne) {
  const std::string seen = in_namespaces([] {
    loopback_up();
    const base::UniqueFd listening = listener();
    std::array<int, 2> ends{};
    CHECK(::pipe(ends.data()) == 0);
    // Two children share the socket; their parent has none.
    const Process agent([&] {
      const int socket = connect_to("127.0.0.1", false);
      for (int child = 0; child < 2; ++child) {
        if (fork_along() == 0) {
          for (;;) ::pause();
        }
      }
      ::close(socket);
      CHECK(::write(ends[1], "x", 1) == 1);
    });
    const Accepted accepted = accept_at(listening);
    await_word(ends[0]);
    const Found found = identities(agent.pid())->identify(accepted.client, accepted.proxy);
    return text_of(found);
  });
  EXPECT_EQ(seen, self() + " by " + self());
}

TEST(KernelIdentity, RefusesASocketThatDifferentProgramsShare) {
  const std::string seen = in_namespaces([] {
    loopback_up();
    const base::UniqueFd listening = listener();
    std::array<int, 2> ends{};
    CHECK(::pipe(ends.data()) == 0);
    const Process agent([&] {
      const int socket = connect_to("127.0.0.1", false);
      if (fork_along() == 0) {
        ::dup2(ends[1], 1);
        ::dup2(socket, 7);
        ::execl("/bin/sh", "sh", "-c", "echo up; read -r _ <&7; :", nullptr);
        ::_exit(1);
      }
    });
    const Accepted accepted = accept_at(listening);
    await_word(ends[0]);
    return text_of(identities(agent.pid())->identify(accepted.client, accepted.proxy));
  });
  EXPECT_TRUE(seen.starts_with("ambiguous shared socket ownership: inode ")) << seen;
  EXPECT_TRUE(seen.ends_with("with different policy identities")) << seen;
}

TEST(KernelIdentity, FindsNobodyBehindASocketThatWasClosed) {
  const std::string seen = in_namespaces([] {
    loopback_up();
    const base::UniqueFd listening = listener();
    const Process agent([] { ::close(connect_to("127.0.0.1", false)); });
    const Accepted accepted = accept_at(listening);
    await_word(accepted.socket.get());
    return text_of(identities()->identify(accepted.client, accepted.proxy));
  });
  EXPECT_TRUE(seen.starts_with("failed to resolve peer binary: ")) << seen;
}

TEST(KernelIdentity, TakesNoListenerForAConnection) {
  const std::string seen = in_namespaces([] {
    loopback_up();
    const base::UniqueFd listening = listener();
    const net::Endpoint proxy{net::IpAddress::v4(INADDR_LOOPBACK), 9};
    const net::Endpoint client{net::IpAddress::v4(INADDR_LOOPBACK), kPort};
    return text_of(identities()->identify(client, proxy));
  });
  EXPECT_EQ(seen, "failed to resolve peer binary: no socket 127.0.0.1:3128 -> 127.0.0.1:9");
}

TEST(KernelIdentity, FindsAHolderThatIsNoneOfTheSandboxs) {
  const std::string seen = in_namespaces([] {
    loopback_up();
    const base::UniqueFd listening = listener();
    const Process sandbox([] {});
    const Process other([] { connect_to("127.0.0.1", false); });
    const Accepted accepted = accept_at(listening);
    const Found found = identities(sandbox.pid())->identify(accepted.client, accepted.proxy);
    if (!found.program) return found.failure;
    return std::string(found.program->pid == other.pid() ? "found" : "somebody else");
  });
  EXPECT_EQ(seen, "found");
}

TEST(KernelIdentity, WaitsForTheSandboxsFirstProcess) {
  const std::string seen = in_namespaces([] {
    loopback_up();
    const base::UniqueFd listening = listener();
    const Process agent([] { connect_to("127.0.0.1", false); });
    const Accepted accepted = accept_at(listening);
    auto source = identities(0);
    const std::string before = text_of(source->identify(accepted.client, accepted.proxy));
    source->set_anchor(agent.pid());
    const Found after = source->identify(accepted.client, accepted.proxy);
    return before + ", " + (after.program ? "then known" : after.failure);
  });
  EXPECT_EQ(seen, "entrypoint process not yet spawned, then known");
}

TEST(KernelIdentity, IsRefusedForWhatIsNoNamespace) {
  KernelIdentity::Options options;
  std::array<int, 2> ends{};
  CHECK(::pipe(ends.data()) == 0);
  options.netns_fd = ends[0];
  EXPECT_FALSE(KernelIdentity::create(options));
}

}  // namespace
}  // namespace sallyport::identity
