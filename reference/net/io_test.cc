#include "reference/net/io.h"

#include <gtest/gtest.h>

#include <array>

#include "reference/net/testing/fake_stream.h"
#include "reference/net/testing/run.h"

namespace sallyport::net {
namespace {

using testing::Faults;
using testing::make_fake_pair;
using testing::TestLoop;

TEST(WriteAll, WritesPiecesInOrderWhateverTheTransportTakes) {
  TestLoop t;
  auto [a, b] = make_fake_pair(t.executor(), t.deadlines);
  a->set_faults({.write_max = 3, .hesitate = true});
  std::array<iovec, 4> pieces{as_iovec("hello "), as_iovec(""), as_iovec("wide "),
                              as_iovec("world")};
  EXPECT_TRUE(t.run(write_all(*a, std::span<iovec>(pieces))).has_value());
  EXPECT_EQ(b->unread(), "hello wide world");
}

TEST(WriteAll, WritesNothingAtOnce) {
  TestLoop t;
  auto [a, b] = make_fake_pair(t.executor(), t.deadlines);
  EXPECT_TRUE(t.run(write_all(*a, "")).has_value());
  EXPECT_EQ(a->steps(), 0U);
}

TEST(WriteAll, EndsAtTheDeadlineWhenNobodyReads) {
  TestLoop t;
  auto [a, b] = make_fake_pair(t.executor(), t.deadlines);
  a->set_deadline(t.in(10));
  const std::string big(testing::FakeStream::kCapacity + 1, 'x');
  EXPECT_EQ(t.run(write_all(*a, big)).error(), boost::system::errc::timed_out);
}

TEST(WriteAll, ReportsThePeerThatIsGone) {
  TestLoop t;
  auto [a, b] = make_fake_pair(t.executor(), t.deadlines);
  b->close();
  EXPECT_EQ(t.run(write_all(*a, "x")).error(), boost::system::errc::broken_pipe);
}

TEST(ReadSome, AnswersZeroOnlyAtACleanEnd) {
  TestLoop t;
  auto [a, b] = make_fake_pair(t.executor(), t.deadlines);
  ASSERT_TRUE(t.run(write_all(*a, "abc")).has_value());
  a->shutdown_write();
  std::array<std::byte, 16> buffer{};
  EXPECT_EQ(t.run(read_some(*b, buffer)).value(), 3U);
  EXPECT_EQ(t.run(read_some(*b, buffer)).value(), 0U);
}

TEST(ReadSome, EndsAtTheDeadline) {
  TestLoop t;
  auto [a, b] = make_fake_pair(t.executor(), t.deadlines);
  b->set_deadline(t.in(10));
  std::array<std::byte, 16> buffer{};
  EXPECT_EQ(t.run(read_some(*b, buffer)).error(), boost::system::errc::timed_out);
}

TEST(ReadSome, IsCancelledByAbort) {
  TestLoop t;
  auto [a, b] = make_fake_pair(t.executor(), t.deadlines);
  std::array<std::byte, 16> buffer{};
  asio::post(t.executor(), [&b = b] { b->abort(); });
  EXPECT_EQ(t.run(read_some(*b, buffer)).error(), boost::system::errc::operation_canceled);
}

Task<base::Result<void>> copy_once(ByteStream& from, ByteStream& to) {
  std::array<std::byte, 8> buffer{};
  const std::span<std::byte> space(buffer);
  const auto count = co_await read_some(from, space);
  if (count.has_error()) co_return count.error();
  const std::string_view bytes(reinterpret_cast<const char*>(buffer.data()), *count);
  co_return co_await write_all(to, bytes);
}

TEST(FaultLoop, EveryStepMayFailAndNothingHangs) {
  for (std::uint64_t k = 0;; ++k) {
    ASSERT_LT(k, 100U);
    TestLoop t;
    auto [a, b] = make_fake_pair(t.executor(), t.deadlines);
    auto [c, d] = make_fake_pair(t.executor(), t.deadlines);
    ASSERT_TRUE(t.run(write_all(*a, "abc")).has_value());
    b->set_faults({.fail_at = k, .hesitate = true});
    c->set_faults({.fail_at = k, .write_max = 2, .hesitate = true});
    if (t.run(copy_once(*b, *c)).has_value()) {
      EXPECT_EQ(d->unread(), "abc");
      EXPECT_GT(k, 2U);
      break;
    }
    EXPECT_TRUE(b->aborted() || c->aborted());
  }
}

}  // namespace
}  // namespace sallyport::net
