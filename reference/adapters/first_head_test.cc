#include "reference/adapters/first_head.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>

#include "reference/net/testing/run.h"

namespace sallyport::adapters {
namespace {

using relay::HeadEnd;

constexpr std::string_view kHead = "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n";

net::Task<void> keep(net::Task<FirstHead> reading, FirstHead& head, bool& done) {
  head = co_await std::move(reading);
  done = true;
}

// A connected pair of real sockets: `far_` is the client's end.
class FirstHeadTest : public ::testing::Test {
 protected:
  FirstHeadTest() {
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
    far_.reset(fds[0]);
    near_ =
        std::make_unique<net::TcpStream>(loop_.executor(), loop_.deadlines, base::UniqueFd(fds[1]));
    limits_.head_read = std::chrono::milliseconds(20);
  }
  void send(std::string_view text) {
    ASSERT_EQ(::send(far_.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  }
  FirstHead read() { return loop_.run(read_first_head(*near_, limits_, loop_.clock)); }
  std::string left() {
    std::array<std::byte, 256> bytes;
    const auto got = near_->try_read(bytes);
    return got ? std::string(reinterpret_cast<const char*>(bytes.data()), *got) : std::string();
  }

  net::testing::TestLoop loop_;
  base::UniqueFd far_;
  std::unique_ptr<net::TcpStream> near_;
  base::Limits limits_;
};

TEST_F(FirstHeadTest, TakesTheHeadAndLeavesEarlyBytesInTheKernel) {
  send(std::string(kHead) + "early");
  const FirstHead head = read();
  EXPECT_EQ(head.end, HeadEnd::complete);
  EXPECT_EQ(head.text, kHead);
  EXPECT_EQ(left(), "early");
}

TEST_F(FirstHeadTest, PutsAHeadTogetherFromItsPieces) {
  send(kHead.substr(0, 20));
  auto task = read_first_head(*near_, limits_, loop_.clock);
  FirstHead head;
  bool done = false;
  loop_.spawn(keep(std::move(task), head, done));
  loop_.poll();
  send(std::string(kHead.substr(20)) + "early");
  loop_.run_until(done);
  EXPECT_EQ(head.end, HeadEnd::complete);
  EXPECT_EQ(head.text, kHead);
  EXPECT_EQ(left(), "early");
}

TEST_F(FirstHeadTest, SaysTooLongAtTheLimit) {
  limits_.proxy_head_bytes_max = 16;
  send(kHead);
  EXPECT_EQ(read().end, HeadEnd::too_long);
}

TEST_F(FirstHeadTest, AcceptsAHeadOfExactlyTheLimit) {
  limits_.proxy_head_bytes_max = kHead.size();
  send(kHead);
  EXPECT_EQ(read().end, HeadEnd::complete);
}

TEST_F(FirstHeadTest, SaysMalformedAtABareLineEnding) {
  send("GET / HTTP/1.1\n\n");
  EXPECT_EQ(read().end, HeadEnd::malformed);
}

TEST_F(FirstHeadTest, SaysLateWhenAHeadIsNeverFinished) {
  send("GET http://a/ HT");
  EXPECT_EQ(read().end, HeadEnd::late);
}

TEST_F(FirstHeadTest, SaysIdleWithoutAnOctet) { EXPECT_EQ(read().end, HeadEnd::idle); }

TEST_F(FirstHeadTest, TellsAClosedConnectionFromATruncatedHead) {
  send("GET");
  far_.reset();
  EXPECT_EQ(read().end, HeadEnd::truncated);
}

}  // namespace
}  // namespace sallyport::adapters
