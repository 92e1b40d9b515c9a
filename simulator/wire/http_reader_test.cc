#include "simulator/wire/http_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::sim::wire {
namespace {

using Kind = HttpReader::Kind;
using State = HttpReader::State;
using ::testing::ElementsAre;
using ::testing::Pair;

HttpReader read(Kind kind, std::string_view bytes, const std::string& method = {}) {
  HttpReader reader(kind, method);
  reader.feed(bytes);
  return reader;
}

TEST(HttpReader, KeepsHeaderLinesAsTheyCame) {
  const auto reader = read(Kind::request,
                           "POST /a?b=1 HTTP/1.1\r\nhOst: x\r\nX-Two:1\r\nx-two:  2 \r\n"
                           "nocolon\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_EQ(reader.state(), State::complete);
  EXPECT_EQ(reader.message().start_line, "POST /a?b=1 HTTP/1.1");
  EXPECT_EQ(reader.message().path(), "/a");
  EXPECT_EQ(reader.message().query(), "b=1");
  EXPECT_THAT(reader.message().headers,
              ElementsAre(Pair("hOst", "x"), Pair("X-Two", "1"), Pair("x-two", "2"),
                          Pair("", "nocolon"), Pair("Content-Length", "3")));
  EXPECT_EQ(reader.message().body, "abc");
  EXPECT_EQ(reader.message().framing, HttpMessage::Framing::length);
}

TEST(HttpReader, GivesThePathOfAnAbsoluteTarget) {
  const auto reader = read(Kind::request, "GET http://h:1/p?q HTTP/1.1\r\n\r\n");
  EXPECT_EQ(reader.message().target, "http://h:1/p?q");
  EXPECT_EQ(reader.message().path(), "/p");
  EXPECT_EQ(reader.message().query(), "q");
}

TEST(HttpReader, ReadsTheSameWhereverTheOctetsAreCut) {
  const std::string bytes =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n1;x=y\r\n!\r\n0\r\nT: v\r\n\r\nmore";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    HttpReader reader(Kind::answer, "GET");
    reader.feed(std::string_view(bytes).substr(0, cut));
    reader.feed(std::string_view(bytes).substr(cut));
    ASSERT_EQ(reader.state(), State::complete) << cut;
    EXPECT_EQ(reader.message().body, "hello!");
    EXPECT_EQ(reader.leftover(), "more");
    EXPECT_EQ(reader.interim().size(), 1U);
    EXPECT_THAT(reader.message().trailers, ElementsAre(Pair("T", "v")));
  }
}

TEST(HttpReader, ToleratesBareLineFeeds) {
  const auto reader = read(Kind::answer, "HTTP/1.1 200 OK\nContent-Length: 1\n\nx");
  EXPECT_EQ(reader.state(), State::complete);
  EXPECT_EQ(reader.message().reason, "OK");
}

TEST(HttpReader, TakesABodyWithoutFramingToLastUntilTheEnd) {
  auto reader = read(Kind::answer, "HTTP/1.0 200 OK\r\n\r\nabc");
  EXPECT_EQ(reader.state(), State::body);
  EXPECT_FALSE(reader.keeps_alive());
  reader.finish();
  EXPECT_EQ(reader.state(), State::complete);
  EXPECT_EQ(reader.message().body, "abc");
}

TEST(HttpReader, CallsAnEndInsideTheFramingIncomplete) {
  for (const std::string_view bytes :
       {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "HTTP/1.1 200", ""}) {
    auto reader = read(Kind::answer, bytes);
    reader.finish();
    EXPECT_EQ(reader.state(), State::incomplete) << bytes;
  }
}

TEST(HttpReader, KnowsWhichAnswersHaveNoBody) {
  EXPECT_TRUE(read(Kind::answer, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "HEAD").done());
  EXPECT_TRUE(read(Kind::answer, "HTTP/1.1 200 OK\r\n\r\n", "CONNECT").done());
  EXPECT_TRUE(read(Kind::answer, "HTTP/1.1 204 No\r\n\r\n", "GET").done());
  EXPECT_FALSE(read(Kind::answer, "HTTP/1.1 403 No\r\n\r\n", "CONNECT").done());
}

TEST(HttpReader, CallsMalformedWhatCantBeRead) {
  for (const std::string_view bytes :
       {"SSH-2.0-x\r\n", "\x16\x03\x01", "HTTP/1.1 2x0 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n"}) {
    EXPECT_EQ(read(Kind::answer, bytes).state(), State::malformed) << bytes;
  }
  EXPECT_EQ(read(Kind::request, "\x16\x03\x01").state(), State::malformed);
  EXPECT_EQ(read(Kind::request, "GET /\r\n\r\n").state(), State::malformed);
}

TEST(HttpReader, BoundsTheHead) {
  HttpReader reader(Kind::answer);
  reader.feed("HTTP/1.1 200 OK\r\nX: ");
  reader.feed(std::string(kHeadMax + 1, 'a'));
  EXPECT_EQ(reader.state(), State::malformed);
}

TEST(HttpReader, ChunkedWinsOverALength) {
  const auto reader = read(Kind::request,
                           "POST / HTTP/1.1\r\nContent-Length: 99\r\n"
                           "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n");
  EXPECT_EQ(reader.state(), State::complete);
  EXPECT_EQ(reader.message().framing, HttpMessage::Framing::chunked);
}

TEST(HttpReader, TellsWhetherTheConnectionIsKept) {
  EXPECT_TRUE(read(Kind::request, "GET / HTTP/1.1\r\n\r\n").keeps_alive());
  EXPECT_FALSE(read(Kind::request, "GET / HTTP/1.1\r\nConnection: x, Close\r\n\r\n").keeps_alive());
  EXPECT_FALSE(read(Kind::request, "GET / HTTP/1.0\r\n\r\n").keeps_alive());
}

}  // namespace
}  // namespace sallyport::sim::wire
