#include "reference/relay/payload.h"

#include <gtest/gtest.h>

#include <cstdint>

#include "reference/net/io.h"
#include "reference/net/testing/fake_stream.h"
#include "reference/net/testing/run.h"

namespace sallyport::relay {
namespace {

class PayloadTest : public ::testing::Test {
 protected:
  Payload read(http::Framing framing, std::string_view sent) {
    iovec piece = net::as_iovec(sent);
    const auto wrote = client_.first->try_write(std::span<const iovec>(&piece, 1));
    EXPECT_TRUE(wrote && *wrote == sent.size());
    client_.first->shutdown_write();
    http::ChunkLimits chunks;
    PayloadCursor cursor(framing, chunks);
    PayloadBounds bounds;
    bounds.bytes_max = UINT64_MAX;
    bounds.idle = std::chrono::seconds(10);
    return loop_.run(read_payload(inlet_, cursor, bounds, loop_.clock));
  }

  net::testing::TestLoop loop_;
  net::BufferPool buffers_;
  net::testing::FakePair client_ = net::testing::make_fake_pair(loop_.executor(), loop_.deadlines);
  Inlet inlet_{*client_.second, buffers_};
};

TEST_F(PayloadTest, AllocatesNothingAheadForALengthThatIsOnlyAnnounced) {
  const Payload payload = read(http::Framing{http::BodyKind::length, UINT64_MAX}, "abc");
  EXPECT_EQ(payload.what, Payload::What::broken);
  EXPECT_EQ(payload.body, "abc");
  EXPECT_LT(payload.body.capacity(), 4096U);
}

TEST_F(PayloadTest, AllocatesNothingAheadForAChunkThatIsOnlyAnnounced) {
  const http::Framing chunked{http::BodyKind::chunked, 0};
  const Payload payload = read(chunked, "7fffffff\r\nabc");
  EXPECT_EQ(payload.what, Payload::What::broken);
  EXPECT_LT(payload.body.capacity(), 4096U);
}

TEST_F(PayloadTest, EndsWithItsLengthAndLeavesWhatFollows) {
  const Payload payload = read(http::Framing{http::BodyKind::length, 3}, "abcdef");
  EXPECT_EQ(payload.what, Payload::What::whole);
  EXPECT_EQ(payload.body, "abc");
  EXPECT_EQ(inlet_.bytes(), "def");
}

}  // namespace
}  // namespace sallyport::relay
