#include "reference/relay/head_reader.h"

#include <gtest/gtest.h>

#include "reference/net/io.h"
#include "reference/net/testing/fake_stream.h"
#include "reference/net/testing/run.h"

namespace sallyport::relay {
namespace {

using net::testing::FakePair;
using net::testing::TestLoop;

constexpr std::string_view kHead = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

class HeadReaderTest : public ::testing::Test {
 protected:
  void send(std::string_view text) {
    iovec piece = net::as_iovec(text);
    ASSERT_TRUE(pair_.first->try_write(std::span<const iovec>(&piece, 1)));
  }
  HeadRead read() { return loop_.run(read_head(inlet_, bounds_, loop_.clock)); }

  TestLoop loop_;
  FakePair pair_ = net::testing::make_fake_pair(loop_.executor(), loop_.deadlines);
  net::BufferPool buffers_;
  Inlet inlet_{*pair_.second, buffers_};
  HeadBounds bounds_{8192, std::chrono::seconds(5), std::chrono::seconds(5)};
};

TEST_F(HeadReaderTest, FindsTheHeadAndLeavesWhatFollows) {
  send(std::string(kHead) + "body");
  const HeadRead read_now = read();
  EXPECT_EQ(read_now.end, HeadEnd::complete);
  EXPECT_EQ(read_now.size, kHead.size());
  inlet_.consume(read_now.size);
  EXPECT_EQ(inlet_.bytes(), "body");
}

TEST_F(HeadReaderTest, FindsTheHeadThatComesOctetByOctet) {
  net::testing::Faults faults;
  faults.read_max = 1;
  faults.hesitate = true;
  pair_.second->set_faults(faults);
  send(kHead);
  EXPECT_EQ(read().end, HeadEnd::complete);
}

TEST_F(HeadReaderTest, SaysClosedWhenThePeerEndsBeforeTheFirstOctet) {
  pair_.first->shutdown_write();
  EXPECT_EQ(read().end, HeadEnd::closed);
}

TEST_F(HeadReaderTest, SaysTruncatedWhenThePeerEndsInTheMiddle) {
  send(kHead.substr(0, 9));
  pair_.first->shutdown_write();
  EXPECT_EQ(read().end, HeadEnd::truncated);
}

TEST_F(HeadReaderTest, SaysIdleWithoutAnOctetAndLateWithSome) {
  bounds_.first_byte = bounds_.whole = std::chrono::milliseconds(5);
  EXPECT_EQ(read().end, HeadEnd::idle);
  send("GET");
  EXPECT_EQ(read().end, HeadEnd::late);
}

TEST_F(HeadReaderTest, HoldsNoBufferWhileNothingComes) {
  bounds_.first_byte = std::chrono::milliseconds(5);
  EXPECT_EQ(read().end, HeadEnd::idle);
  EXPECT_EQ(buffers_.lent(), 0U);
}

TEST_F(HeadReaderTest, SaysTooLongAtTheLimit) {
  bounds_.bytes_max = 16;
  send(kHead);
  EXPECT_EQ(read().end, HeadEnd::too_long);
}

TEST_F(HeadReaderTest, SaysTooLongInsteadOfOverflowingTheBuffer) {
  bounds_.bytes_max = UINT64_MAX;
  send("GET / HTTP/1.1\r\nA: " + std::string(net::BufferPool::kBufferBytes, 'a'));
  EXPECT_EQ(read().end, HeadEnd::too_long);
}

TEST_F(HeadReaderTest, SaysMalformedAtABareLineEnding) {
  send("GET / HTTP/1.1\nHost: a\n\n");
  EXPECT_EQ(read().end, HeadEnd::malformed);
}

TEST(HeadReader, EndsAndClaimsNoWholeHeadWhicheverStepFails) {
  bool whole = false;
  for (std::uint64_t k = 0; !whole; ++k) {
    ASSERT_LT(k, 200U);
    TestLoop loop;
    auto [far, near] = net::testing::make_fake_pair(loop.executor(), loop.deadlines);
    near->set_faults({.fail_at = k, .read_max = 3, .hesitate = true});
    ASSERT_TRUE(loop.run(net::write_all(*far, kHead)).has_value());
    net::BufferPool buffers;
    Inlet inlet(*near, buffers);
    const HeadBounds bounds{8192, std::chrono::seconds(5), std::chrono::seconds(5)};
    const HeadRead read = loop.run(read_head(inlet, bounds, loop.clock));
    whole = near->steps() <= k;
    EXPECT_EQ(read.end == HeadEnd::complete, whole) << k;
    if (whole) {
      EXPECT_EQ(inlet.bytes().substr(0, read.size), kHead);
    }
  }
}

}  // namespace
}  // namespace sallyport::relay
