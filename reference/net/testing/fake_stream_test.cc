#include "reference/net/testing/fake_stream.h"

#include <gtest/gtest.h>

#include <array>

#include "reference/net/io.h"
#include "reference/net/testing/run.h"

namespace sallyport::net::testing {
namespace {

base::Result<std::size_t> put(FakeStream& stream, std::string_view text) {
  const iovec piece = as_iovec(text);
  return stream.try_write(std::span<const iovec>(&piece, 1));
}

TEST(FakeStream, RemembersWhatWasWritten) {
  TestLoop t;
  auto [a, b] = make_fake_pair(t.executor(), t.deadlines);
  EXPECT_EQ(put(*a, "abc").value(), 3U);
  std::array<std::byte, 2> buffer{};
  EXPECT_EQ(b->try_read(buffer).value(), 2U);
  EXPECT_EQ(b->unread(), "c");
  EXPECT_EQ(a->written(), "abc");
}

TEST(FakeStream, EndsBlocksAndResetsAsASocketDoes) {
  TestLoop t;
  auto [a, b] = make_fake_pair(t.executor(), t.deadlines);
  std::array<std::byte, 2> buffer{};
  EXPECT_EQ(b->try_read(buffer).error(), StreamErrc::would_block);
  a->shutdown_write();
  EXPECT_EQ(b->try_read(buffer).error(), StreamErrc::end_of_stream);
  EXPECT_EQ(put(*b, "x").value(), 1U);
  a->abort();
  EXPECT_EQ(b->try_read(buffer).error(), boost::system::errc::connection_reset);
  EXPECT_EQ(put(*b, "x").error(), boost::system::errc::broken_pipe);
}

TEST(FakeStream, FailsAtTheChosenStep) {
  TestLoop t;
  auto [a, b] = make_fake_pair(t.executor(), t.deadlines);
  a->set_faults({.fail_at = 1});
  EXPECT_TRUE(put(*a, "x").has_value());
  EXPECT_EQ(put(*a, "x").error(), boost::system::errc::connection_reset);
  EXPECT_TRUE(a->aborted());
}

TEST(FakeStream, AWaitSurvivesTheStream) {
  TestLoop t;
  auto pair = make_fake_pair(t.executor(), t.deadlines);
  auto doomed = std::move(pair.first);
  auto waiting = doomed->readable();
  asio::post(t.executor(), [&doomed] { doomed.reset(); });
  EXPECT_EQ(t.run(std::move(waiting)), Ready::cancelled);
}

}  // namespace
}  // namespace sallyport::net::testing
