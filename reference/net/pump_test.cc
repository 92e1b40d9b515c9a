#include "reference/net/pump.h"

#include <gtest/gtest.h>

#include "reference/net/both.h"
#include "reference/net/io.h"
#include "reference/net/task_group.h"
#include "reference/net/testing/fake_stream.h"
#include "reference/net/testing/run.h"

namespace sallyport::net {
namespace {

using testing::FakePair;
using testing::FakeStream;
using testing::make_fake_pair;
using testing::TestLoop;
using Cause = PumpEnd::Cause;

class QuietLog final : public base::Log {
 public:
  void write(base::LogLevel, std::string_view, std::string_view) override {}
};

// client <-> a ... relay ... b <-> server
class Relay : public ::testing::Test {
 protected:
  static Task<void> pump(Relay& self, RelayOptions options) {
    self.end = co_await relay(*self.a.second, *self.b.first, options, self.t.clock, self.buffers);
    self.done = true;
  }
  void start(RelayOptions options = {.idle = std::chrono::seconds{20}}) {
    t.spawn(pump(*this, options));
    t.poll();
  }
  void put(FakeStream& stream, std::string_view text) {
    EXPECT_TRUE(t.run(write_all(stream, text)).has_value());
    t.poll();
  }
  FakeStream& client() { return *a.first; }
  FakeStream& server() { return *b.second; }

  TestLoop t;
  BufferPool buffers;
  FakePair a = make_fake_pair(t.executor(), t.deadlines);
  FakePair b = make_fake_pair(t.executor(), t.deadlines);
  PumpEnd end;
  bool done = false;
};

TEST_F(Relay, CarriesBytesBothWaysAndCountsThem) {
  start();
  put(client(), "ping");
  put(server(), "pong!");
  EXPECT_EQ(server().unread(), "ping");
  EXPECT_EQ(client().unread(), "pong!");
  client().shutdown_write();
  server().shutdown_write();
  t.run_until(done);
  EXPECT_EQ(end.cause, Cause::finished);
  EXPECT_EQ(end.a_to_b, 4U);
  EXPECT_EQ(end.b_to_a, 5U);
  EXPECT_TRUE(a.second->closed() && b.first->closed());
  EXPECT_FALSE(a.second->aborted() || b.first->aborted());
}

TEST_F(Relay, PassesAHalfCloseOnAndLeavesTheOtherDirection) {
  start();
  put(client(), "request");
  client().shutdown_write();
  t.poll();
  EXPECT_TRUE(b.first->ended_writing());
  EXPECT_FALSE(done);
  put(server(), "answer");
  EXPECT_EQ(client().unread(), "answer");
  server().shutdown_write();
  t.run_until(done);
  EXPECT_EQ(end.cause, Cause::finished);
}

TEST_F(Relay, SendsEarlyBytesFirst) {
  start({.idle = std::chrono::seconds{20}, .early_to_b = "early "});
  put(client(), "late");
  EXPECT_EQ(server().unread(), "early late");
}

TEST_F(Relay, AResetOfOneSideResetsTheOther) {
  start();
  server().abort();
  t.run_until(done);
  EXPECT_EQ(end.cause, Cause::broken);
  EXPECT_FALSE(end.by_a);
  EXPECT_EQ(end.error, boost::system::errc::connection_reset);
  EXPECT_TRUE(a.second->aborted());
}

TEST_F(Relay, EndsAfterSilenceInBothDirections) {
  start({.idle = std::chrono::milliseconds{15}});
  t.run_until(done);
  EXPECT_EQ(end.cause, Cause::idle);
  EXPECT_TRUE(a.second->closed() && b.first->closed());
  EXPECT_FALSE(a.second->aborted());
}

TEST_F(Relay, TrafficInOneDirectionKeepsTheOtherAlive) {
  start({.idle = std::chrono::milliseconds{40}});
  int sent = 0;
  Deadline* again = nullptr;
  Deadline ticker(t.deadlines, [&] {
    const iovec piece = as_iovec("x");
    EXPECT_TRUE(client().try_write(std::span<const iovec>(&piece, 1)).has_value());
    if (++sent < 10) again->set(t.in(10));
  });
  again = &ticker;
  ticker.set(t.in(10));
  t.run_until(done);
  EXPECT_EQ(end.cause, Cause::idle);
  EXPECT_EQ(end.a_to_b, 10U);
}

TEST_F(Relay, AReaderWhoStopsStopsTheWriterAndHoldsOneBuffer) {
  start();
  std::uint64_t accepted = 0;
  const std::string block(50'000, 'x');
  const iovec piece = as_iovec(block);
  for (;;) {
    const auto count = client().try_write(std::span<const iovec>(&piece, 1));
    if (count.has_error()) break;
    accepted += *count;
    t.poll();
  }
  EXPECT_LE(accepted, 2 * FakeStream::kCapacity + BufferPool::kBufferBytes);
  EXPECT_EQ(buffers.lent(), 1U);
}

TEST_F(Relay, HoldsNoBufferWhileIdle) {
  start();
  put(client(), "x");
  EXPECT_EQ(buffers.lent(), 0U);
}

TEST_F(Relay, ForceAbortsBothSides) {
  QuietLog log;
  TaskGroup group(t.executor(), log);
  group.spawn(pump(*this, {.idle = std::chrono::seconds{20}}));
  t.poll();
  group.force();
  EXPECT_TRUE(t.run(group.drain(t.in(5000))));
  EXPECT_EQ(end.cause, Cause::cancelled);
  EXPECT_TRUE(a.second->aborted() && b.first->aborted());
  EXPECT_EQ(group.bugs(), 0U);
}

TEST_F(Relay, ClosingAStreamFromOutsideEndsIt) {
  start();
  a.second->close();
  t.run_until(done);
  EXPECT_EQ(end.cause, Cause::cancelled);
  EXPECT_TRUE(b.first->aborted());
}

TEST_F(Relay, MovesMuchThroughStreamsThatHesitate) {
  a.second->set_faults({.read_max = 700, .write_max = 900, .hesitate = true});
  b.first->set_faults({.read_max = 1100, .write_max = 500, .hesitate = true});
  start();
  const std::string text(100'000, 'y');
  put(client(), text);
  put(server(), text);
  client().shutdown_write();
  server().shutdown_write();
  t.run_until(done);
  EXPECT_EQ(end.cause, Cause::finished);
  EXPECT_TRUE(server().unread() == text);
  EXPECT_TRUE(client().unread() == text);
}

TEST(RelayFaults, EveryStepMayFailOnEitherSide) {
  for (const bool on_a : {true, false}) {
    bool finished = false;
    for (std::uint64_t k = 0; !finished; ++k) {
      ASSERT_LT(k, 200U);
      TestLoop t;
      BufferPool buffers;
      auto [client, a] = make_fake_pair(t.executor(), t.deadlines);
      auto [b, server] = make_fake_pair(t.executor(), t.deadlines);
      (on_a ? a : b)->set_faults({.fail_at = k, .read_max = 2, .write_max = 3, .hesitate = true});
      ASSERT_TRUE(t.run(write_all(*client, "hello")).has_value());
      ASSERT_TRUE(t.run(write_all(*server, "world")).has_value());
      client->shutdown_write();
      server->shutdown_write();
      const RelayOptions options{.idle = std::chrono::seconds{20}};
      const PumpEnd end = t.run(relay(*a, *b, options, t.clock, buffers));
      finished = end.cause == Cause::finished;
      EXPECT_EQ(buffers.lent(), 0U);
      EXPECT_TRUE(a->closed() && b->closed());
      if (finished) {
        EXPECT_EQ(server->unread(), "hello");
        EXPECT_EQ(client->unread(), "world");
      } else {
        EXPECT_TRUE(a->aborted() && b->aborted());
      }
    }
  }
}

}  // namespace
}  // namespace sallyport::net
