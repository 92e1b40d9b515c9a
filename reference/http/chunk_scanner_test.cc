#include "reference/http/chunk_scanner.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace sallyport::http {
namespace {

struct Outcome {
  std::string payload;
  std::size_t consumed = 0;
  bool done = false;
  base::Error error;
};

// Feeds `bytes` in pieces of `step` octets.
Outcome scan(std::string_view bytes, std::size_t step, ChunkLimits limits = {}) {
  ChunkScanner scanner(limits);
  Outcome out;
  while (out.consumed < bytes.size() && !out.done) {
    std::string_view piece = bytes.substr(out.consumed, step);
    while (!piece.empty() && !out.done) {
      const auto taken = scanner.next(piece);
      if (!taken) {
        out.error = taken.error();
        return out;
      }
      out.payload.append(taken->payload);
      out.consumed += taken->consumed;
      out.done = taken->done;
      piece.remove_prefix(taken->consumed);
    }
  }
  EXPECT_EQ(scanner.payload_bytes(), out.payload.size());
  EXPECT_EQ(scanner.wire_bytes(), out.consumed);
  return out;
}

TEST(ChunkScanner, StopsExactlyAtTheTerminatorHoweverTheBytesArrive) {
  const std::string body = "5\r\nhello\r\n6;a=\"b\"\r\n world\r\n0\r\n\r\n";
  const std::string bytes = body + "GET /next HTTP/1.1\r\n";
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    const Outcome out = scan(bytes, step);
    EXPECT_TRUE(out.done) << step;
    EXPECT_EQ(out.consumed, body.size()) << step;
    EXPECT_EQ(out.payload, "hello world") << step;
  }
}

TEST(ChunkScanner, TakesAnEmptyBody) {
  const Outcome out = scan("0\r\n\r\n", 5);
  EXPECT_TRUE(out.done);
  EXPECT_EQ(out.payload, "");
}

TEST(ChunkScanner, TakesTrailers) {
  const std::string body = "1\r\na\r\n0\r\nX-Sum: 1\r\nX-B: \r\n\r\n";
  for (std::size_t step = 1; step <= body.size(); ++step) EXPECT_TRUE(scan(body, step).done);
}

TEST(ChunkScanner, HasNoEndWithoutTheLastLine) {
  const std::string body = "5\r\nhello\r\n0\r\n\r\n";
  for (std::size_t size = 0; size < body.size(); ++size) {
    const Outcome out = scan(std::string_view(body).substr(0, size), 3);
    EXPECT_FALSE(out.done) << size;
    EXPECT_FALSE(out.error) << size;
  }
}

TEST(ChunkScanner, RefusesEveryMalformation) {
  const std::vector<std::pair<std::string, HttpErrc>> rows = {
      {"\r\n", HttpErrc::bad_chunk_size},
      {";a\r\n", HttpErrc::bad_chunk_size},
      {"+5\r\n", HttpErrc::bad_chunk_size},
      {"-5\r\n", HttpErrc::bad_chunk_size},
      {"0x5\r\n", HttpErrc::bad_chunk_size},
      {" 5\r\n", HttpErrc::bad_chunk_size},
      {"5 \r\n", HttpErrc::bad_chunk_size},
      {"5\n", HttpErrc::bad_chunk_size},
      {"5\rx", HttpErrc::bad_chunk_size},
      {"5;a\n", HttpErrc::bad_chunk_size},
      {std::string("5;\0\r\n", 5), HttpErrc::bad_chunk_size},
      {"fffffffffffffffff\r\n", HttpErrc::bad_chunk_size},
      {"1\r\nab\r\n", HttpErrc::bad_chunk_end},
      {"1\r\na\n", HttpErrc::bad_chunk_end},
      {"1\r\na\rx", HttpErrc::bad_chunk_end},
      {"0\r\nX\r\n\r\n", HttpErrc::bad_trailer},
      {"0\r\nX : y\r\n\r\n", HttpErrc::bad_trailer},
      {"0\r\nX: y\n\r\n", HttpErrc::bad_trailer},
      {"0\r\nX: y\n", HttpErrc::bad_trailer},  // nothing more may come
      {"0\r\n\n", HttpErrc::bad_trailer},
      {"0\r\n X: y\r\n\r\n", HttpErrc::bad_trailer},
      {"0\r\nContent-Length: 5\r\n\r\n", HttpErrc::bad_trailer},
      {"0\r\ntransfer-encoding: chunked\r\n\r\n", HttpErrc::bad_trailer},
      {"0\r\nAuthorization: x\r\n\r\n", HttpErrc::bad_trailer},
      {"0\r\n\rx", HttpErrc::bad_trailer}};
  for (const auto& [bytes, want] : rows) {
    for (const std::size_t step : {std::size_t{1}, bytes.size()})
      EXPECT_EQ(scan(bytes, step).error, want) << bytes;
  }
}

TEST(ChunkScanner, BoundsTheSizeLine) {
  ChunkLimits limits;
  limits.line_bytes_max = 8;
  EXPECT_TRUE(scan("1;abcd\r\na\r\n0\r\n\r\n", 4, limits).done);
  EXPECT_EQ(scan("1;abcdefgh\r\n", 4, limits).error, HttpErrc::chunk_line_too_long);
  EXPECT_EQ(scan("0000000001\r\n", 4, limits).error, HttpErrc::chunk_line_too_long);
}

TEST(ChunkScanner, BoundsOrRefusesTrailers) {
  ChunkLimits limits;
  limits.trailer_bytes_max = 6;
  EXPECT_TRUE(scan("0\r\na: b\r\n\r\n", 4, limits).done);
  EXPECT_EQ(scan("0\r\na: b\r\nc: d\r\n\r\n", 4, limits).error, HttpErrc::trailers_too_long);
  limits.trailer_bytes_max = 0;
  EXPECT_TRUE(scan("0\r\n\r\n", 4, limits).done);
  EXPECT_EQ(scan("0\r\na: b\r\n\r\n", 4, limits).error, HttpErrc::bad_trailer);
}

TEST(ChunkScanner, BoundsTheNumberOfChunks) {
  ChunkLimits limits;
  limits.chunks_max = 2;
  EXPECT_TRUE(scan("1\r\na\r\n1\r\nb\r\n0\r\n\r\n", 64, limits).done);
  EXPECT_EQ(scan("1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n", 64, limits).error,
            HttpErrc::too_many_chunks);
}

TEST(ChunkHeader, WritesTheSizeInHexadecimal) {
  EXPECT_EQ(chunk_header(5).view(), "5\r\n");
  EXPECT_EQ(chunk_header(256).view(), "100\r\n");
  EXPECT_EQ(chunk_header(UINT64_MAX).view(), "ffffffffffffffff\r\n");
}

}  // namespace
}  // namespace sallyport::http
