#include "reference/relay/io.h"

#include <gtest/gtest.h>

#include <array>

#include "reference/net/io.h"
#include "reference/net/testing/fake_stream.h"
#include "reference/net/testing/run.h"
#include "reference/relay/copy.h"

namespace sallyport::relay {
namespace {

using net::testing::FakePair;
using net::testing::TestLoop;

class IoTest : public ::testing::Test {
 protected:
  void send(std::string_view text) {
    iovec piece = net::as_iovec(text);
    ASSERT_TRUE(pair_.first->try_write(std::span<const iovec>(&piece, 1)));
  }

  TestLoop loop_;
  FakePair pair_ = net::testing::make_fake_pair(loop_.executor(), loop_.deadlines);
  FakePair out_ = net::testing::make_fake_pair(loop_.executor(), loop_.deadlines);
  net::BufferPool buffers_;
  Inlet inlet_{*pair_.second, buffers_};
  Pace pace_{&loop_.clock, std::chrono::milliseconds(20)};
};

TEST_F(IoTest, FillKeepsWhatWasNotConsumed) {
  send("ab");
  EXPECT_EQ(loop_.run(inlet_.fill()), Io::ok);
  send("cd");
  EXPECT_EQ(loop_.run(inlet_.fill()), Io::ok);
  EXPECT_EQ(inlet_.bytes(), "abcd");
  inlet_.consume(3);
  EXPECT_EQ(inlet_.bytes(), "d");
}

TEST_F(IoTest, FillTellsTheEndTheDeadlineAndAResetApart) {
  pace_.move(*pair_.second);
  EXPECT_EQ(loop_.run(inlet_.fill()), Io::expired);
  pair_.second->set_deadline(base::TimePoint::max());
  pair_.first->shutdown_write();
  EXPECT_EQ(loop_.run(inlet_.fill()), Io::end);
  pair_.first->abort();
  EXPECT_EQ(loop_.run(inlet_.fill()), Io::broken);
}

TEST_F(IoTest, WriteAllWritesEveryPieceInOrderHoweverLittleFits) {
  net::testing::Faults faults;
  faults.write_max = 2;
  faults.hesitate = true;
  pair_.second->set_faults(faults);
  const std::array<std::string_view, 4> pieces = {"one", "", "two", "three"};
  EXPECT_EQ(loop_.run(write_all(*pair_.second, pieces, pace_)), Io::ok);
  EXPECT_EQ(pair_.second->written(), "onetwothree");
}

TEST_F(IoTest, WriteAllGivesUpOnAPeerThatDoesNotRead) {
  const std::string much(2 * net::testing::FakeStream::kCapacity, 'x');
  EXPECT_EQ(loop_.run(write_text(*pair_.second, much, pace_)), Io::expired);
}

TEST_F(IoTest, LingerEndsWithThePeer) {
  send("left over");
  pair_.first->shutdown_write();
  loop_.run(linger(*pair_.second, pace_));
  EXPECT_TRUE(pair_.second->ended_writing());
  EXPECT_EQ(pair_.second->unread(), "");
}

TEST_F(IoTest, LingerIsBoundedWhenThePeerStays) {
  loop_.run(linger(*pair_.second, pace_));
  EXPECT_TRUE(pair_.second->ended_writing());
}

TEST_F(IoTest, CopyWritesTheHeadWithTheFirstOctetsOfTheBody) {
  send("bodynext");
  EXPECT_EQ(loop_.run(inlet_.fill()), Io::ok);
  http::Framing framing;
  framing.kind = http::BodyKind::length;
  framing.length = 4;
  BodyCursor cursor(framing, {});
  const CopyEnd end = loop_.run(copy_body(inlet_, *out_.first, cursor, "head|", pace_));
  EXPECT_EQ(end.what, CopyEnd::What::done);
  EXPECT_EQ(end.bytes, 4U);
  EXPECT_EQ(out_.first->written(), "head|body");
  EXPECT_EQ(out_.first->steps(), 1U);
  EXPECT_EQ(inlet_.bytes(), "next");
}

TEST_F(IoTest, CopySaysWhichSideFailed) {
  http::Framing framing;
  framing.kind = http::BodyKind::length;
  framing.length = 4;
  BodyCursor cut(framing, {});
  pair_.first->shutdown_write();
  EXPECT_EQ(loop_.run(copy_body(inlet_, *out_.first, cut, "head", pace_)).what,
            CopyEnd::What::source);
  BodyCursor gone(framing, {});
  out_.second->abort();
  EXPECT_EQ(loop_.run(copy_body(inlet_, *out_.first, gone, "head", pace_)).what,
            CopyEnd::What::sink);
}

}  // namespace
}  // namespace sallyport::relay
