#include "simulator/runner/leaks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulator/runner/process_faults.h"

namespace sallyport::sim::runner {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr int kEstablished = 1;
constexpr int kSynSent = 2;
constexpr int kCloseWait = 8;
constexpr int kListen = 10;

TcpSocket socket_to(const char* remote, int state, const char* local = "10.200.0.1:3128") {
  return {*net::Endpoint::parse(local), *net::Endpoint::parse(remote), state};
}

Holdings ready() {
  Holdings holdings;
  holdings.descriptors = {"/dev/null",  "pipe:[1]",   "pipe:[2]",
                          "socket:[3]", "socket:[4]", "anon_inode:[eventpoll]"};
  holdings.sockets["socket:[3]"] = socket_to("0.0.0.0:0", kListen);
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
  add(now, "socket:[9]", socket_to("20.0.0.1:443", kCloseWait, "20.0.0.9:50000"));
  EXPECT_THAT(leaked(ready(), now, {}),
              ElementsAre("a connection 20.0.0.9:50000 -> 20.0.0.1:443 (CLOSE_WAIT)"));
}

TEST(Leaks, AConnectionToTheControlPlaneMayBeKept) {
  Holdings now = ready();
  add(now, "socket:[9]", socket_to("127.0.0.1:17670", kEstablished));
  Keeping keeping;
  keeping.peers = {17670};
  EXPECT_THAT(leaked(ready(), now, keeping), IsEmpty());
}

TEST(Leaks, AConnectionThatIsBeingOpenedEndsByItsOwnBound) {
  Holdings now = ready();
  add(now, "socket:[9]", socket_to("20.0.0.1:443", kSynSent));
  EXPECT_THAT(leaked(ready(), now, {}), IsEmpty());
}

TEST(Leaks, ThoseWhoCallTheGatewayStayConnected) {
  Holdings now = ready();
  add(now, "socket:[9]", socket_to("127.0.0.1:50000", kEstablished, "127.0.0.1:17670"));
  Keeping keeping;
  keeping.own = 17670;
  EXPECT_THAT(leaked(ready(), now, keeping), IsEmpty());
  now.sockets["socket:[9]"].state = kCloseWait;
  EXPECT_THAT(leaked(ready(), now, keeping), SizeIs(1));
}

TEST(Leaks, OneMoreListenerIsTold) {
  Holdings now = ready();
  add(now, "socket:[9]", socket_to("0.0.0.0:0", kListen));
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

TEST(Leaks, ReadsTheKernelsTables) {
  const auto sockets = parse_tcp_table(
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
      "inode\n"
      "   0: 0100C80A:0C38 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 "
      "4711 1 0000000000000000 100 0 0 10 0\n"
      "   1: 00000000000000000000000001000000:1F90 00000000000000000000000001000000:C350 01 "
      "00000000:00000000 00:00000000 00000000     0        0 12 1 0 20 4 30 10 -1\n"
      "   2: 0100007F:0035 0100007F:D431 06 00000000:00000000 03:00000000 00000000     0        0 "
      "0 3 0\n");
  ASSERT_THAT(sockets, SizeIs(2));
  EXPECT_EQ(sockets.at("socket:[4711]").local.to_string(), "10.200.0.1:3128");
  EXPECT_EQ(sockets.at("socket:[4711]").state, kListen);
  EXPECT_EQ(sockets.at("socket:[12]").remote.to_string(), "[::1]:50000");
}

TEST(Leaks, AHostileTableIsPassedOver) {
  EXPECT_THAT(parse_tcp_table("x\n0: : : :\n1: 0100007F 0100007F:1 01 a b c d e 5\n\xff\xfe\n"),
              IsEmpty());
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
