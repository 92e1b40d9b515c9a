#include "simulator/providers/encoding.h"

#include <brotli/decode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include "simulator/providers/testing/bench.h"
#include "simulator/wire/http_reader.h"

namespace sallyport::sim::providers {
namespace {

using Encoding = Answer::Encoding;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::provider;
using testing::route;

constexpr Encoding kAll[] = {Encoding::identity, Encoding::gzip, Encoding::br, Encoding::zstd};
constexpr std::size_t kRoom = 1U << 20U;

// As far as the octets go; what they lack at the end isn't asked for.
std::string decoded(Encoding encoding, std::string octets) {
  std::string out(kRoom, '\0');
  if (encoding == Encoding::identity) return octets;
  if (encoding == Encoding::gzip) {
    z_stream stream{};
    EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
    stream.next_in = reinterpret_cast<Bytef*>(octets.data());
    stream.avail_in = static_cast<uInt>(octets.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    (void)inflate(&stream, Z_SYNC_FLUSH);
    out.resize(stream.total_out);
    inflateEnd(&stream);
  } else if (encoding == Encoding::br) {
    BrotliDecoderState* state = BrotliDecoderCreateInstance(nullptr, nullptr, nullptr);
    const auto* in = reinterpret_cast<const std::uint8_t*>(octets.data());
    auto* into = reinterpret_cast<std::uint8_t*>(out.data());
    std::size_t left = octets.size();
    std::size_t room = out.size();
    (void)BrotliDecoderDecompressStream(state, &left, &in, &room, &into, nullptr);
    out.resize(out.size() - room);
    BrotliDecoderDestroyInstance(state);
  } else {
    ZSTD_DCtx* context = ZSTD_createDCtx();
    ZSTD_inBuffer in{octets.data(), octets.size(), 0};
    ZSTD_outBuffer into{out.data(), out.size(), 0};
    (void)ZSTD_decompressStream(context, &into, &in);
    out.resize(into.pos);
    ZSTD_freeDCtx(context);
  }
  return out;
}

std::string body_of(const std::string& answer) {
  wire::HttpReader reader(wire::HttpReader::Kind::answer, "GET");
  reader.feed(answer);
  reader.finish();
  return reader.message().body;
}

TEST(Encoding, GivesBackAWholeBody) {
  const std::string body(100'000, 'x');
  for (const Encoding encoding : kAll) {
    EXPECT_EQ(decoded(encoding, encoded(encoding, body)), body) << name_of(encoding);
  }
}

TEST(Encoding, FlushesEveryPiece) {
  for (const Encoding encoding : kAll) {
    const auto encoder = Encoder::make(encoding);
    std::string octets = encoder->put("one ");
    EXPECT_EQ(decoded(encoding, octets), "one ") << name_of(encoding);
    octets += encoder->put("two");
    EXPECT_EQ(decoded(encoding, octets), "one two") << name_of(encoding);
    octets += encoder->finish();
    EXPECT_EQ(decoded(encoding, octets), "one two") << name_of(encoding);
  }
}

constexpr std::string_view kGet = "GET /a HTTP/1.1\r\nConnection: close\r\n\r\n";

TEST(EncodedAnswer, SaysItsCodingAndItsLengthOnTheWire) {
  for (const Encoding encoding : {Encoding::gzip, Encoding::br, Encoding::zstd}) {
    testing::Bench bench;
    Answer said;
    said.body = "hello hello hello";
    said.encoding = encoding;
    auto spec = provider("api");
    spec.routes.push_back(route("GET", "/a", said));
    const std::string answer = bench.dialogue(bench.add(spec).endpoint(), std::string(kGet));
    const std::string body = body_of(answer);
    EXPECT_THAT(answer, HasSubstr("\r\nContent-Encoding: " + std::string(name_of(encoding))));
    EXPECT_THAT(answer, HasSubstr("\r\nContent-Length: " + std::to_string(body.size()) + "\r\n"));
    EXPECT_THAT(answer, EndsWith(body));
    EXPECT_EQ(decoded(encoding, body), "hello hello hello");
  }
}

TEST(EncodedAnswer, StreamsEventsThatAreWholeWhereTheyAreCut) {
  for (const Encoding encoding : kAll) {
    testing::Bench bench;
    Answer said;
    said.sse.emplace();
    said.sse->texts = {"one", "two", "three"};
    said.sse->cut = SseSpec::Cut{3, 0, CutHow::clean};
    said.encoding = encoding;
    auto spec = provider("api");
    spec.routes.push_back(route("GET", "/a", said));
    const std::string answer = bench.dialogue(bench.add(spec).endpoint(), std::string(kGet));
    EXPECT_EQ(decoded(encoding, body_of(answer)), "data: one\n\ndata: two\n\n")
        << name_of(encoding);
  }
}

TEST(EncodedAnswer, PromisesTheLengthOfAnEncodedStream) {
  testing::Bench bench;
  Answer said;
  said.sse.emplace();
  said.sse->events = 3;
  said.framing = Answer::Framing::length;
  said.encoding = Encoding::gzip;
  auto spec = provider("api");
  spec.routes.push_back(route("GET", "/a", said));
  const std::string answer = bench.dialogue(bench.add(spec).endpoint(), std::string(kGet));
  const std::string body = body_of(answer);
  EXPECT_THAT(answer, HasSubstr("Content-Length: " + std::to_string(body.size()) + "\r\n"));
  EXPECT_THAT(decoded(Encoding::gzip, body), EndsWith("data: [DONE]\n\n"));
}

TEST(EncodedAnswer, IsCutByOctetsOnTheWire) {
  testing::Bench bench;
  Answer said;
  said.size = 100'000;
  said.encoding = Encoding::gzip;
  said.cut = Answer::Cut{10, CutHow::clean};
  auto spec = provider("api");
  spec.routes.push_back(route("GET", "/a", said));
  const std::string answer = bench.dialogue(bench.add(spec).endpoint(), std::string(kGet));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 10\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\n\r\n\x1f\x8b"));
}

}  // namespace
}  // namespace sallyport::sim::providers
