#include "reference/gateway/call_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

#include "reference/gateway/server.h"

namespace sallyport::gateway {
namespace {

TEST(CallLog, WritesOneLineACallIntoAPipe) {
  int fds[2];
  ASSERT_EQ(::pipe2(fds, O_CLOEXEC), 0);
  const base::UniqueFd reading(fds[0]);
  CallLog calls{base::UniqueFd(fds[1])};
  calls.write("GetInferenceBundle", rpc::Code::failed_precondition);
  std::array<char, 256> octets{};
  const ssize_t got = ::read(reading.get(), octets.data(), octets.size());
  EXPECT_EQ(std::string(octets.data(), static_cast<std::size_t>(got)),
            "{\"rpc\":\"GetInferenceBundle\",\"code\":\"FAILED_PRECONDITION\"}\n");
}

TEST(CallLog, WritesOnePacketACallIntoASocket) {
  int fds[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
  const base::UniqueFd reading(fds[0]);
  CallLog calls{base::UniqueFd(fds[1])};
  calls.write("Health", rpc::Code::ok);
  calls.write("Health", rpc::Code::ok);
  std::array<char, 256> octets{};
  EXPECT_EQ(::read(reading.get(), octets.data(), octets.size()), 29);
}

TEST(CallLog, LosesLinesRatherThanWait) {
  int fds[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
  const base::UniqueFd reading(fds[0]);
  CallLog calls{base::UniqueFd(fds[1])};
  constexpr int kMore = 100'000;
  for (int i = 0; i < kMore && calls.lost() == 0; ++i) calls.write("Health", rpc::Code::ok);
  EXPECT_GT(calls.lost(), 0U);
}

TEST(CallLog, SaysNothingWithoutADescriptor) {
  CallLog calls{base::UniqueFd()};
  calls.write("Health", rpc::Code::ok);
  EXPECT_EQ(calls.lost(), 0U);
}

TEST(Peer, IsOnLoopbackOnlyIfItsAddressIs) {
  for (const char* peer : {"ipv4:127.0.0.1:5", "ipv4:127.9.9.9:5", "ipv6:[::1]:5",
                           "ipv6:%5B::1%5D:5", "ipv6:%5B::ffff:127.0.0.1%5D:5"}) {
    EXPECT_TRUE(is_loopback_peer(peer)) << peer;
  }
  for (const char* peer : {"", "ipv4:10.0.0.1:5", "ipv6:%5Bfe80::1%5D:5", "unix:/run/x",
                           "127.0.0.1", "ipv4:localhost:5"}) {
    EXPECT_FALSE(is_loopback_peer(peer)) << peer;
  }
}

TEST(Message, IsCutBetweenCharactersToFitTrailers) {
  EXPECT_EQ(bounded_message("short"), "short");
  std::string text(2047, 'a');
  text += "\xC3\xA9 and more";
  const std::string cut = bounded_message(text);
  EXPECT_EQ(cut.substr(0, 2052), std::string(2047, 'a') + " ... ");
}

}  // namespace
}  // namespace sallyport::gateway
