#include "reference/relay/body_cursor.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::relay {
namespace {

http::Framing framing(http::BodyKind kind, std::uint64_t length = 0) {
  http::Framing out;
  out.kind = kind;
  out.length = length;
  return out;
}

TEST(BodyCursor, IsDoneAtOnceWithoutABody) {
  EXPECT_TRUE(BodyCursor(framing(http::BodyKind::none), {}).done());
  EXPECT_TRUE(BodyCursor(framing(http::BodyKind::length, 0), {}).done());
}

TEST(BodyCursor, TakesExactlyTheLengthAndLeavesTheNextMessage) {
  BodyCursor cursor(framing(http::BodyKind::length, 5), {});
  EXPECT_EQ(*cursor.take("hel"), 3U);
  EXPECT_FALSE(cursor.done());
  EXPECT_EQ(*cursor.take("loGET / HTTP/1.1"), 2U);
  EXPECT_TRUE(cursor.done());
}

TEST(BodyCursor, TakesChunksToTheirExactEndHoweverTheyAreSplit) {
  const std::string body = "5;x=y\r\nhello\r\n0\r\nA: b\r\n\r\n";
  const std::string input = body + "GET / HTTP/1.1\r\n\r\n";
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    BodyCursor cursor(framing(http::BodyKind::chunked), {});
    std::size_t taken = 0;
    if (cut > 0) taken += *cursor.take(std::string_view(input).substr(0, cut));
    if (!cursor.done()) taken += *cursor.take(std::string_view(input).substr(taken));
    EXPECT_TRUE(cursor.done()) << cut;
    EXPECT_EQ(taken, body.size()) << cut;
  }
}

TEST(BodyCursor, RefusesChunksThatAreNone) {
  BodyCursor cursor(framing(http::BodyKind::chunked), {});
  EXPECT_FALSE(cursor.take("+5\r\nhello\r\n"));
}

TEST(BodyCursor, IsNeverDoneUntilTheConnectionEnds) {
  BodyCursor cursor(framing(http::BodyKind::until_close), {});
  EXPECT_EQ(*cursor.take("anything"), 8U);
  EXPECT_FALSE(cursor.done());
  EXPECT_TRUE(cursor.until_close());
}

TEST(PayloadCursor, HandsOutChunksWithoutTheirFraming) {
  PayloadCursor cursor(framing(http::BodyKind::chunked), {});
  std::string_view input = "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\nrest";
  std::string payload;
  while (!cursor.done()) {
    const auto piece = cursor.next(input);
    ASSERT_TRUE(piece);
    payload += piece->payload;
    input.remove_prefix(piece->consumed);
  }
  EXPECT_EQ(payload, "hello world");
  EXPECT_EQ(input, "rest");
}

TEST(PayloadCursor, HandsOutExactlyTheLength) {
  PayloadCursor cursor(framing(http::BodyKind::length, 3), {});
  const auto piece = cursor.next("abcdef");
  ASSERT_TRUE(piece);
  EXPECT_EQ(piece->payload, "abc");
  EXPECT_TRUE(cursor.done());
}

}  // namespace
}  // namespace sallyport::relay
