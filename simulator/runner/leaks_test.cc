#include "simulator/runner/leaks.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "reference/base/unique_fd.h"
#include "simulator/runner/process_faults.h"

namespace sallyport::sim::runner {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TcpSocket socket_to(const char* remote, int state, const char* local = "10.200.0.1:3128") {
  return {*net::Endpoint::parse(local), *net::Endpoint::parse(remote), state};
}

Holdings ready() {
  Holdings holdings;
  holdings.descriptors = {"/dev/null",  "pipe:[1]",   "pipe:[2]",
                          "socket:[3]", "socket:[4]", "anon_inode:[eventpoll]"};
  holdings.sockets["socket:[3]"] = socket_to("0.0.0.0:0", TCP_LISTEN);
  holdings.threads = 1;
  return holdings;
}

void add(Holdings& holdings, const std::string& target, const TcpSocket& socket) {
  holdings.descriptors.push_back(target);
  holdings.sockets[target] = socket;
}

TEST(Leaks, NothingIsLeakedByAProcessThatHoldsWhatItHeld) {
  EXPECT_THAT(leaked(ready(), ready(), {}), IsEmpty());
}

TEST(Leaks, AConnectionThatIsStillHeldIsTold) {
  Holdings now = ready();
  add(now, "socket:[9]", socket_to("20.0.0.1:443", TCP_CLOSE_WAIT, "20.0.0.9:50000"));
  EXPECT_THAT(leaked(ready(), now, {}),
              ElementsAre("a connection 20.0.0.9:50000 -> 20.0.0.1:443 (CLOSE_WAIT)"));
}

TEST(Leaks, AConnectionToTheControlPlaneMayBeKept) {
  Holdings now = ready();
  add(now, "socket:[9]", socket_to("127.0.0.1:17670", TCP_ESTABLISHED));
  Keeping keeping;
  keeping.peers = {17670};
  EXPECT_THAT(leaked(ready(), now, keeping), IsEmpty());
}

TEST(Leaks, AConnectionThatIsBeingOpenedEndsByItsOwnBound) {
  Holdings now = ready();
  add(now, "socket:[9]", socket_to("20.0.0.1:443", TCP_SYN_SENT));
  EXPECT_THAT(leaked(ready(), now, {}), IsEmpty());
}

TEST(Leaks, ThoseWhoCallTheGatewayStayConnected) {
  Holdings now = ready();
  add(now, "socket:[9]", socket_to("127.0.0.1:50000", TCP_ESTABLISHED, "127.0.0.1:17670"));
  Keeping keeping;
  keeping.own = 17670;
  EXPECT_THAT(leaked(ready(), now, keeping), IsEmpty());
  now.sockets["socket:[9]"].state = TCP_CLOSE_WAIT;
  EXPECT_THAT(leaked(ready(), now, keeping), SizeIs(1));
}

TEST(Leaks, OneMoreListenerIsTold) {
  Holdings now = ready();
  add(now, "socket:[9]", socket_to("0.0.0.0:0", TCP_LISTEN));
  EXPECT_THAT(leaked(ready(), now, {}), ElementsAre("2 listening sockets, 1 when it was ready"));
}

TEST(Leaks, APipeMoreIsToldAndOneLessIsNot) {
  Holdings more = ready();
  more.descriptors.emplace_back("pipe:[7]");
  EXPECT_THAT(leaked(ready(), more, {}), ElementsAre("3 of pipe, 2 when it was ready"));
  EXPECT_THAT(leaked(more, ready(), {}), IsEmpty());
}

TEST(Leaks, AFileIsToldByItsPath) {
  Holdings now = ready();
  now.descriptors.emplace_back("/run/sallyport/supervisor/x");
  EXPECT_THAT(leaked(ready(), now, {}),
              ElementsAre("1 of /run/sallyport/supervisor/x, 0 when it was ready"));
}

TEST(Leaks, ThreadsAndQueuesMayBeAddedByThoseWhoCallOthersOnly) {
  Holdings now = ready();
  now.threads = 4;
  now.descriptors.emplace_back("anon_inode:[eventfd]");
  EXPECT_THAT(leaked(ready(), now, {}), SizeIs(2));
  Keeping keeping;
  keeping.threads = 8;
  keeping.unnamed = 8;
  EXPECT_THAT(leaked(ready(), now, keeping), IsEmpty());
}

TEST(Leaks, AChildProcessIsToldByItsCommandLine) {
  Holdings now = ready();
  now.children = {"sleep 1000 (pid 17)"};
  EXPECT_THAT(leaked(ready(), now, {}), ElementsAre("the process sleep 1000 (pid 17)"));
}

class OwnSockets : public testing::Test {
 protected:
  [[nodiscard]] std::optional<TcpSocket> ask(const base::UniqueFd& socket) const {
    return tcp_socket_of(self_.get(), socket.get());
  }
  static base::UniqueFd listener(sockaddr_in6& at) {
    base::UniqueFd socket(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    at.sin6_family = AF_INET6;
    at.sin6_addr = in6addr_loopback;
    socklen_t size = sizeof at;
    EXPECT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&at), size), 0);
    EXPECT_EQ(::listen(socket.get(), 1), 0);
    EXPECT_EQ(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&at), &size), 0);
    return socket;
  }

 private:
  base::UniqueFd self_{static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0))};
};

TEST_F(OwnSockets, AreToldByStateAndEnds) {
  sockaddr_in6 at{};
  const base::UniqueFd listening = listener(at);
  const base::UniqueFd client(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
  const auto passive = ask(listening);
  const auto active = ask(client);
  ASSERT_TRUE(passive && active);
  EXPECT_EQ(passive->state, TCP_LISTEN);
  EXPECT_EQ(passive->remote.port, 0);
  EXPECT_EQ(active->state, TCP_ESTABLISHED);
  EXPECT_EQ(active->remote, passive->local);
  EXPECT_EQ(active->remote.to_string(), "[::1]:" + std::to_string(ntohs(at.sin6_port)));
}

TEST_F(OwnSockets, OfOtherProtocolsAndFilesAreNone) {
  const base::UniqueFd datagrams(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const base::UniqueFd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_FALSE(ask(datagrams));
  EXPECT_FALSE(ask(file));
  EXPECT_FALSE(ask(base::UniqueFd()));
}

TEST(ProcessFaults, AClockIsShiftedBySecondsAndParts) {
  using std::chrono::milliseconds;
  EXPECT_EQ(shift_text(std::chrono::hours(1)), "+3600.000000000");
  EXPECT_EQ(shift_text(milliseconds(-1500)), "-1.500000000");
  EXPECT_EQ(shift_text(milliseconds(-500)), "-0.500000000");
  EXPECT_EQ(shift_text(base::Duration{0}), "+0.000000000");
}

TEST(ProcessFaults, OnlyThoseOfProcessesAreTheirs) {
  using scenario::FaultKind;
  EXPECT_TRUE(is_process_fault(FaultKind::shifted));
  EXPECT_TRUE(is_process_fault(FaultKind::port_taken));
  EXPECT_FALSE(is_process_fault(FaultKind::none));
  EXPECT_FALSE(is_process_fault(FaultKind::frozen));
}

}  // namespace
}  // namespace sallyport::sim::runner
