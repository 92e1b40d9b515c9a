#include "reference/http/response_parser.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "reference/http/framing.h"

namespace sallyport::http {
namespace {

TEST(AnswerParser, ReadsStatusReasonVersionAndFields) {
  const auto head =
      parse_answer_head("HTTP/1.1 429 Too Many\r\nRetry-After: 5\r\nX-A:\r\nX-A:  b \r\n\r\n");
  ASSERT_TRUE(head) << head.error().message();
  EXPECT_EQ(head->status, 429U);
  EXPECT_EQ(head->reason, "Too Many");
  EXPECT_EQ(head->version_minor, 1);
  EXPECT_EQ(head->fields.size(), 3U);
  EXPECT_EQ(head->fields.find("retry-after"), "5");
  EXPECT_EQ(head->fields.count("x-a"), 2U);
}

TEST(AnswerParser, OwnsItsText) {
  std::string text = "HTTP/1.0 200 \r\nA: b\r\n\r\n";
  auto parsed = parse_answer_head(text);
  ASSERT_TRUE(parsed);
  text.assign(text.size(), 'x');
  const AnswerHead moved = *std::move(parsed);
  EXPECT_EQ(moved.reason, "");
  EXPECT_EQ(moved.version_minor, 0);
  EXPECT_EQ(moved.fields.find("a"), "b");
}

TEST(AnswerParser, TellsInterimAnswersApart) {
  EXPECT_TRUE(parse_answer_head("HTTP/1.1 100 Continue\r\n\r\n")->is_interim());
  EXPECT_TRUE(parse_answer_head("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")->is_interim());
  EXPECT_FALSE(parse_answer_head("HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n")->is_interim());
  EXPECT_FALSE(parse_answer_head("HTTP/1.1 200 OK\r\n\r\n")->is_interim());
}

TEST(AnswerParser, LeavesLargeBodiesToTheirReader) {
  const auto head = parse_answer_head("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n");
  ASSERT_TRUE(head);
  EXPECT_EQ(answer_framing("GET", 200, 1, head->fields)->length, 99999999999U);
}

TEST(AnswerParser, RefusesMalformedHeads) {
  for (const std::string& text : {std::string(""),
                                  std::string("\r\n\r\n"),
                                  std::string("HTTP/1.1 200 OK\r\n"),
                                  std::string("HTTP/1.1 20 OK\r\n\r\n"),
                                  std::string("HTTP/1.1 2000 OK\r\n\r\n"),
                                  std::string("HTTP/1.1 abc OK\r\n\r\n"),
                                  std::string("HTTP/1.1 099 OK\r\n\r\n"),
                                  std::string("HTTP/2 200 OK\r\n\r\n"),
                                  std::string("HTTP/1.2 200 OK\r\n\r\n"),
                                  std::string("ICY 200 OK\r\n\r\n"),
                                  std::string("200 OK\r\n\r\n"),
                                  std::string("HTTP/1.1 200 OK\r\nA b\r\n\r\n"),
                                  std::string("HTTP/1.1 200 OK\r\nA : b\r\n\r\n"),
                                  std::string("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n"),
                                  std::string("HTTP/1.1 200 OK\r\nA: b\r\n\tc\r\n\r\n"),
                                  std::string("HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n"),
                                  std::string("HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n"),
                                  std::string("HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n", 28),
                                  std::string("HTTP/1.1 200 OK\r\n: b\r\n\r\n"),
                                  std::string("HTTP/1.1 200 OK\r\n\r\nmore"),
                                  std::string("HTTP/1.1 200 O\x01K\r\n\r\n")}) {
    EXPECT_FALSE(parse_answer_head(text)) << text;
  }
}

TEST(AnswerParser, NeverLetsAmbiguousFramingThrough) {
  for (const char* lines :
       {"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "Content-Length: x\r\n",
        "Content-Length: 3\r\nContent-Length: 4\r\n", "Content-Length: 3, 3\r\n",
        "Content-Length: +3\r\n", "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunkedx\r\n"}) {
    const auto head = parse_answer_head("HTTP/1.1 200 OK\r\n" + std::string(lines) + "\r\n");
    EXPECT_FALSE(head && answer_framing("GET", 200, 1, head->fields)) << lines;
  }
}

TEST(AnswerParser, BoundsTheNumberOfFields) {
  std::string text = "HTTP/1.1 200 OK\r\n";
  for (std::size_t i = 0; i <= kFieldsMax; ++i) text += "a: b\r\n";
  EXPECT_FALSE(parse_answer_head(text + "\r\n"));
}

TEST(AnswerParser, KnowsWhetherTheUpstreamKeepsTheConnection) {
  EXPECT_TRUE(parse_answer_head("HTTP/1.1 200 OK\r\n\r\n")->keeps_alive());
  EXPECT_FALSE(parse_answer_head("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")->keeps_alive());
  EXPECT_FALSE(parse_answer_head("HTTP/1.0 200 OK\r\n\r\n")->keeps_alive());
}

}  // namespace
}  // namespace sallyport::http
