#include "reference/adapters/sniff.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>

#include "reference/net/testing/run.h"

namespace sallyport::adapters {
namespace {

struct Pair {
  base::UniqueFd far;
  std::unique_ptr<net::TcpStream> near;

  explicit Pair(net::testing::TestLoop& loop) {
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
    far.reset(fds[0]);
    near =
        std::make_unique<net::TcpStream>(loop.executor(), loop.deadlines, base::UniqueFd(fds[1]));
  }
  void send(std::string_view text) const {
    ASSERT_EQ(::send(far.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  }
};

class SniffTest : public ::testing::Test {
 protected:
  SniffTest() {
    limits_.sniff = std::chrono::milliseconds(20);
    limits_.tunnel_idle = std::chrono::milliseconds(200);
  }
  Sniffed run() { return loop_.run(sniff(*client_.near, *upstream_.near, limits_, loop_.clock)); }

  net::testing::TestLoop loop_;
  Pair client_{loop_};
  Pair upstream_{loop_};
  base::Limits limits_;
};

TEST_F(SniffTest, TellsHttpAndLeavesItsBytes) {
  client_.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(run().protocol, Protocol::http1);
  std::array<std::byte, 64> bytes;
  EXPECT_EQ(*client_.near->try_read(bytes), 18U);
}

TEST_F(SniffTest, TellsTls) {
  client_.send(std::string_view("\x16\x03\x01\x02\x00", 5));
  EXPECT_EQ(run().protocol, Protocol::tls);
}

TEST_F(SniffTest, TakesAPrefixThatStaysOneForOpaqueAtTheBound) {
  client_.send("GE");
  const Sniffed sniffed = run();
  EXPECT_FALSE(sniffed.closed);
  EXPECT_EQ(sniffed.protocol, Protocol::opaque);
}

TEST_F(SniffTest, TakesAPrefixThatEndsForOpaque) {
  client_.send("GE");
  client_.far.reset();
  const Sniffed sniffed = run();
  EXPECT_FALSE(sniffed.closed);
  EXPECT_EQ(sniffed.protocol, Protocol::opaque);
}

TEST_F(SniffTest, SaysClosedWhenTheClientEnds) {
  client_.far.reset();
  EXPECT_TRUE(run().closed);
}

TEST_F(SniffTest, SaysClosedWhenNobodySaysAnything) {
  limits_.tunnel_idle = std::chrono::milliseconds(10);
  EXPECT_TRUE(run().closed);
}

TEST_F(SniffTest, DoesNotWaitForTheClientOfAServerThatSpeaksFirst) {
  limits_.tunnel_idle = std::chrono::seconds(25);
  upstream_.send("220 mail ESMTP\r\n");
  const Sniffed sniffed = run();
  EXPECT_FALSE(sniffed.closed);
  EXPECT_EQ(sniffed.protocol, Protocol::opaque);
}

TEST_F(SniffTest, StillReadsTheClientWhenTheUpstreamEndedFirst) {
  upstream_.far.reset();
  client_.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(run().protocol, Protocol::http1);
}

}  // namespace
}  // namespace sallyport::adapters
