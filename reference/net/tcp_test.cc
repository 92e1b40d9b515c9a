#include "reference/net/tcp.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>

#include "reference/net/both.h"
#include "reference/net/dialer.h"
#include "reference/net/io.h"
#include "reference/net/listener.h"
#include "reference/net/testing/run.h"

namespace sallyport::net {
namespace {

using testing::TestLoop;

Task<void> expect_expired(TcpStream& stream, bool to_write) {
  Task<Ready> wait = to_write ? stream.writable() : stream.readable();
  const Ready ready = co_await std::move(wait);
  EXPECT_EQ(ready, Ready::expired);
}

Task<void> expect_ready(TcpStream& stream) {
  const Ready ready = co_await stream.readable();
  EXPECT_EQ(ready, Ready::ready);
}

Task<void> hold(std::shared_ptr<TcpStream> held) {
  held->set_deadline(base::TimePoint::max() - std::chrono::hours{1});
  [[maybe_unused]] const Ready ready = co_await held->readable();
}

// Two ends of one loopback connection.
class Tcp : public ::testing::Test {
 protected:
  Tcp() {
    const auto at = *Endpoint::parse("127.0.0.1:0");
    TcpListener listener(t.executor(), t.deadlines, *TcpListener::bind(at));
    const Endpoint to = listener.local_endpoint();
    a = *t.run(connect_fd(t.executor(), t.deadlines, *make_stream_socket(AF_INET), to, t.in(5000)));
    b = *t.run(listener.accept());
  }

  base::Result<std::size_t> put(TcpStream& stream, std::string_view text) {
    const iovec piece = as_iovec(text);
    return stream.try_write(std::span<const iovec>(&piece, 1));
  }
  std::string get(TcpStream& stream) {
    std::array<std::byte, 100> buffer{};
    const auto count = t.run(read_some(stream, buffer));
    EXPECT_TRUE(count.has_value()) << count.error().message();
    return {reinterpret_cast<const char*>(buffer.data()), count.has_value() ? *count : 0};
  }

  TestLoop t;
  std::unique_ptr<TcpStream> a;
  std::unique_ptr<TcpStream> b;
  std::array<std::byte, 100> scratch{};
};

TEST_F(Tcp, CarriesBytes) {
  EXPECT_EQ(put(*a, "hello").value(), 5U);
  EXPECT_EQ(get(*b), "hello");
  EXPECT_EQ(b->try_read(scratch).error(), StreamErrc::would_block);
}

TEST_F(Tcp, KnowsItsEndpointsEvenAfterItsEnd) {
  EXPECT_EQ(a->local_endpoint(), b->peer_endpoint());
  EXPECT_EQ(a->peer_endpoint(), b->local_endpoint());
  const std::string peer = a->peer_endpoint();
  a->abort();
  EXPECT_EQ(a->peer_endpoint(), peer);
  EXPECT_EQ(a->native_handle(), -1);
}

TEST_F(Tcp, HalfCloseIsACleanEndAndLeavesTheOtherDirection) {
  a->shutdown_write();
  EXPECT_EQ(t.run(b->readable()), Ready::ready);
  EXPECT_EQ(b->try_read(scratch).error(), StreamErrc::end_of_stream);
  EXPECT_TRUE(put(*b, "x").has_value());
  EXPECT_EQ(get(*a), "x");
}

TEST_F(Tcp, AbortIsAResetForThePeer) {
  a->abort();
  a->abort();
  EXPECT_EQ(t.run(b->readable()), Ready::ready);
  EXPECT_EQ(b->try_read(scratch).error(), boost::system::errc::connection_reset);
  EXPECT_EQ(put(*b, "x").error(), boost::system::errc::broken_pipe);
}

TEST_F(Tcp, CloseIsACleanEndForThePeer) {
  a->close();
  EXPECT_EQ(t.run(b->readable()), Ready::ready);
  EXPECT_EQ(b->try_read(scratch).error(), StreamErrc::end_of_stream);
  EXPECT_EQ(a->try_read(scratch).error(), boost::system::errc::operation_canceled);
  EXPECT_EQ(put(*a, "x").error(), boost::system::errc::operation_canceled);
  EXPECT_EQ(t.run(a->readable()), Ready::cancelled);
}

TEST_F(Tcp, AWaitEndsAtTheDeadlineAndTheStreamStaysUsable) {
  a->set_deadline(t.in(10));
  EXPECT_EQ(t.run(a->readable()), Ready::expired);
  EXPECT_EQ(t.run(a->readable()), Ready::expired);
  EXPECT_EQ(put(*a, "late").value(), 4U);
  a->set_deadline(base::TimePoint::max());
  ASSERT_TRUE(put(*b, "x").has_value());
  EXPECT_EQ(t.run(a->readable()), Ready::ready);
}

TEST_F(Tcp, ADeadlineThatMovesForwardDuringAWaitLetsItGoOn) {
  a->set_deadline(t.in(20));
  Deadline mover(t.deadlines, [&] { a->set_deadline(t.in(60'000)); });
  Deadline sender(t.deadlines, [&] { EXPECT_TRUE(put(*b, "x").has_value()); });
  mover.set(t.in(10));
  sender.set(t.in(40));
  EXPECT_EQ(t.run(a->readable()), Ready::ready);
}

TEST_F(Tcp, CloseDuringAWaitCancelsIt) {
  asio::post(t.executor(), [&] { a->close(); });
  EXPECT_EQ(t.run(a->readable()), Ready::cancelled);
}

TEST_F(Tcp, AbortDuringAWaitCancelsIt) {
  asio::post(t.executor(), [&] { a->abort(); });
  EXPECT_EQ(t.run(a->readable()), Ready::cancelled);
}

TEST_F(Tcp, DestructionDuringAWaitCancelsItSafely) {
  asio::post(t.executor(), [&] { a.reset(); });
  EXPECT_EQ(t.run(a->readable()), Ready::cancelled);
}

TEST_F(Tcp, BothDirectionsMayBeWaitedForAtOnce) {
  while (put(*a, std::string(100'000, 'x')).has_value()) {
  }
  a->set_deadline(t.in(10));
  t.run(both(expect_expired(*a, false), expect_expired(*a, true)));
}

TEST_F(Tcp, WritableWakesWhenThePeerReads) {
  const std::string block(100'000, 'x');
  while (put(*a, block).has_value()) {
  }
  EXPECT_EQ(put(*a, "x").error(), StreamErrc::would_block);
  asio::post(t.executor(), [&] {
    std::string sink(1'000'000, '\0');
    while (b->try_read(std::as_writable_bytes(std::span(sink))).has_value()) {
    }
  });
  EXPECT_EQ(t.run(a->writable()), Ready::ready);
}

TEST_F(Tcp, PeekLeavesTheBytes) {
  ASSERT_TRUE(put(*a, "abc").has_value());
  EXPECT_EQ(t.run(b->readable()), Ready::ready);
  EXPECT_EQ(b->try_peek(scratch).value(), 3U);
  EXPECT_EQ(b->try_peek(scratch).value(), 3U);
  EXPECT_EQ(get(*b), "abc");
  EXPECT_EQ(b->try_peek(scratch).error(), StreamErrc::would_block);
}

TEST_F(Tcp, TheLowWaterMarkKeepsAPeekerAsleep) {
  ASSERT_TRUE(put(*a, "abc").has_value());
  EXPECT_EQ(t.run(b->readable()), Ready::ready);
  b->set_receive_low_water(4);
  b->set_deadline(t.in(15));
  EXPECT_EQ(t.run(b->readable()), Ready::expired);
  b->set_deadline(t.in(5000));
  asio::post(t.executor(), [&] { EXPECT_TRUE(put(*a, "d").has_value()); });
  EXPECT_EQ(t.run(b->readable()), Ready::ready);
  EXPECT_EQ(b->try_peek(scratch).value(), 4U);
  b->set_receive_low_water(100);
  a->shutdown_write();
  EXPECT_EQ(t.run(b->readable()), Ready::ready);
}

TEST_F(Tcp, ADescriptorThatCannotBeWatchedIsAnErrorAtTheFirstUse) {
  TcpStream broken(t.executor(), t.deadlines, base::UniqueFd(-1));
  EXPECT_EQ(t.run(broken.readable()), Ready::ready);
  EXPECT_TRUE(broken.try_read(scratch).has_error());
}

TEST_F(Tcp, ADestroyedLoopTakesPendingWaitsAlong) {
  auto inner = std::make_unique<TestLoop>();
  int fds[2] = {-1, -1};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  const base::UniqueFd other(fds[1]);
  auto stream =
      std::make_shared<TcpStream>(inner->executor(), inner->deadlines, base::UniqueFd(fds[0]));
  inner->spawn(hold(std::move(stream)));
  inner->poll();
  inner.reset();
}

TEST_F(Tcp, TellsWhoWatchesThatThePeerHasReset) {
  bool lost = false;
  b->watch_loss([&lost] { lost = true; });
  a->abort();
  t.run_until(lost);
}

TEST_F(Tcp, TellsAtOnceWhoBeginsToWatchAfterTheReset) {
  a->abort();
  t.run(expect_ready(*b));
  bool lost = false;
  b->watch_loss([&lost] { lost = true; });
  t.run_until(lost);
}

TEST_F(Tcp, TellsOfNoLossWhenThePeerOnlyEndsItsDirection) {
  bool lost = false;
  b->watch_loss([&lost] { lost = true; });
  ASSERT_TRUE(put(*a, "last").has_value());
  a->shutdown_write();
  EXPECT_EQ(get(*b), "last");
  EXPECT_EQ(get(*b), "");
  ASSERT_TRUE(put(*b, "answer").has_value());
  EXPECT_EQ(get(*a), "answer");
  EXPECT_FALSE(lost);
}

TEST_F(Tcp, WatchesOnWhenADeadlineHasEndedAWait) {
  bool lost = false;
  b->watch_loss([&lost] { lost = true; });
  b->set_deadline(t.in(1));
  t.run(expect_expired(*b, false));
  EXPECT_FALSE(lost);
  a->abort();
  t.run_until(lost);
}

TEST_F(Tcp, TellsNothingOnceTheWatchHasEndedOrTheStreamIsClosedHere) {
  bool lost = false;
  b->watch_loss([&lost] { lost = true; });
  b->watch_loss(nullptr);
  a->abort();
  t.run(expect_ready(*b));
  b->watch_loss([&lost] { lost = true; });
  b->close();
  t.poll();
  EXPECT_FALSE(lost);
}

}  // namespace
}  // namespace sallyport::net
