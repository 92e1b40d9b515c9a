#include "reference/tls/tls_stream.h"

#include <gtest/gtest.h>

#include <array>

#include "reference/net/buffer_pool.h"
#include "reference/net/io.h"
#include "reference/net/pump.h"
#include "reference/tls/tls_pair.h"

namespace sallyport::tls {
namespace {

using net::ByteStream;
using net::Ready;
using net::StreamErrc;
using net::Task;

// What was read until the stream ended, and how it ended.
struct Heard {
  std::string text;
  base::Error end;
};

Task<void> listen(ByteStream& stream, std::size_t chunk, Heard& heard) {
  std::string buffer(chunk, '\0');
  const auto space = std::as_writable_bytes(std::span(buffer));
  for (;;) {
    const auto count = co_await net::read_some(stream, space);
    if (count.has_error()) heard.end = count.error();
    if (count.has_error() || *count == 0) co_return;
    heard.text.append(buffer, 0, *count);
  }
}

Task<void> say(ByteStream& stream, std::string_view text) {
  const auto done = co_await net::write_all(stream, text);
  EXPECT_TRUE(done.has_value());
  stream.shutdown_write();
}

class TlsStreamTest : public TlsTest {
 protected:
  void SetUp() override {
    shake("api.example", "api.example");
    ASSERT_TRUE(served.has_value() && connected.has_value());
  }
};

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>((i * 31 + i / 251) & 0xff);
  return text;
}

TEST_F(TlsStreamTest, CarriesMuchBothWaysAtOnce) {
  const std::string up = pattern(3'000'000);
  const std::string down = pattern(2'000'001);
  Heard at_server;
  Heard at_client;
  t.run(net::both(net::both(say(client_end(), up), listen(client_end(), 64 * 1024, at_client)),
                  net::both(say(server_end(), down), listen(server_end(), 64 * 1024, at_server))));
  EXPECT_TRUE(at_server.text == up);
  EXPECT_TRUE(at_client.text == down);
  EXPECT_FALSE(at_client.end);
  EXPECT_FALSE(at_server.end);
}

TEST_F(TlsStreamTest, ReadsARecordInManySmallPieces) {
  const std::string text = pattern(5000);
  Heard heard;
  t.run(net::both(say(client_end(), text), listen(server_end(), 1, heard)));
  EXPECT_EQ(heard.text, text);
}

TEST_F(TlsStreamTest, PutsSmallPiecesTogetherInOrder) {
  const std::string big = pattern(40'000);
  std::array<iovec, 5> pieces{net::as_iovec("head\r\n"), net::as_iovec(""), net::as_iovec(big),
                              net::as_iovec("tail"), net::as_iovec("")};
  EXPECT_TRUE(t.run(net::write_all(client_end(), std::span<iovec>(pieces))).has_value());
  client_end().close();
  Heard heard;
  t.run(listen(server_end(), 4096, heard));
  EXPECT_TRUE(heard.text == "head\r\n" + big + "tail");
}

TEST_F(TlsStreamTest, WouldBlockLosesAndRepeatsNothing) {
  // Fills the socket until it refuses, then reads it empty while the rest is written.
  const std::string text = pattern(4'000'000);
  const iovec piece = net::as_iovec(text);
  const auto first = client_end().try_write(std::span<const iovec>(&piece, 1));
  ASSERT_TRUE(first.has_value());
  ASSERT_LT(*first, text.size());
  const std::string_view rest = std::string_view(text).substr(*first);
  Heard heard;
  t.run(net::both(say(client_end(), rest), listen(server_end(), 64 * 1024, heard)));
  EXPECT_TRUE(heard.text == text);
}

TEST_F(TlsStreamTest, ReadableEndsAtOnceWhileDecryptedBytesAreLeft) {
  ASSERT_TRUE(t.run(net::write_all(client_end(), "abc")).has_value());
  std::array<std::byte, 1> one{};
  ASSERT_TRUE(t.run(net::read_some(server_end(), one)).has_value());
  EXPECT_EQ(t.run(server_end().readable()), Ready::ready);
  EXPECT_TRUE(server_end().try_read(one).has_value());
  EXPECT_TRUE(server_end().try_read(one).has_value());
  EXPECT_EQ(server_end().try_read(one).error(), StreamErrc::would_block);
}

TEST_F(TlsStreamTest, HalfCloseLeavesTheOtherDirectionOpen) {
  client_end().shutdown_write();
  Heard at_server;
  t.run(listen(server_end(), 100, at_server));
  EXPECT_FALSE(at_server.end);
  Heard at_client;
  t.run(net::both(say(server_end(), "still here"), listen(client_end(), 100, at_client)));
  EXPECT_EQ(at_client.text, "still here");
}

TEST_F(TlsStreamTest, AnEndWithoutCloseNotifyIsTruncated) {
  ASSERT_TRUE(t.run(net::write_all(client_end(), "abc")).has_value());
  connected->reset();
  Heard heard;
  t.run(listen(server_end(), 100, heard));
  EXPECT_EQ(heard.text, "abc");
  EXPECT_EQ(heard.end, StreamErrc::truncated);
  std::array<std::byte, 1> one{};
  EXPECT_EQ(server_end().try_read(one).error(), StreamErrc::truncated);
}

TEST_F(TlsStreamTest, WritingToAPeerThatIsGoneIsAnErrorNotASignal) {
  connected->reset();
  base::Error error;
  for (int i = 0; i < 3 && !error; ++i) {
    const auto written = t.run(net::write_all(server_end(), "x"));
    if (written.has_error()) error = written.error();
  }
  EXPECT_EQ(error, boost::system::errc::broken_pipe);
}

TEST_F(TlsStreamTest, AfterCloseEverythingIsCancelled) {
  client_end().close();
  client_end().close();
  std::array<std::byte, 1> one{};
  EXPECT_EQ(client_end().try_read(one).error(), boost::system::errc::operation_canceled);
  EXPECT_EQ(t.run(client_end().readable()), Ready::cancelled);
}

TEST_F(TlsStreamTest, TheDeadlineIsTheTransports) {
  server_end().set_deadline(t.in(10));
  EXPECT_EQ(t.run(server_end().readable()), Ready::expired);
}

}  // namespace
}  // namespace sallyport::tls
