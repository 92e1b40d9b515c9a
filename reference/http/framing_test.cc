#include "reference/http/framing.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace sallyport::http {
namespace {

base::Result<Framing> framing_of(std::string_view lines, std::string_view version = "HTTP/1.1") {
  const std::string text =
      "POST /a " + std::string(version) + "\r\nHost: a.test\r\n" + std::string(lines) + "\r\n";
  const auto head = parse_request_head(text);
  if (!head) return head.error();
  return request_framing(*head);
}

TEST(RequestFraming, IsNoneWithoutFields) { EXPECT_EQ(framing_of("")->kind, BodyKind::none); }

TEST(RequestFraming, ReadsLengthAndChunked) {
  EXPECT_EQ(*framing_of("Content-Length: 42\r\n"), (Framing{BodyKind::length, 42}));
  EXPECT_EQ(*framing_of("Content-Length: 0\r\n"), (Framing{BodyKind::length, 0}));
  EXPECT_EQ(framing_of("Transfer-Encoding: CHUNKED\r\n")->kind, BodyKind::chunked);
}

TEST(RequestFraming, AcceptsIdenticalLengths) {
  EXPECT_EQ(framing_of("Content-Length: 5\r\ncontent-length: 5\r\n")->length, 5U);
}

TEST(RequestFraming, RefusesWhateverTwoReadersCouldReadDifferently) {
  const std::vector<std::pair<std::string, HttpErrc>> rows = {
      {"Content-Length: 3\r\nContent-Length: 4\r\n", HttpErrc::differing_lengths},
      {"Content-Length: 3\r\nContent-Length: x\r\n", HttpErrc::bad_length},
      {"Content-Length: 3, 3\r\n", HttpErrc::bad_length},
      {"Content-Length: +3\r\n", HttpErrc::bad_length},
      {"Content-Length: -3\r\n", HttpErrc::bad_length},
      {"Content-Length: 0x3\r\n", HttpErrc::bad_length},
      {"Content-Length: 3 3\r\n", HttpErrc::bad_length},
      {"Content-Length:\r\n", HttpErrc::bad_length},
      {"Content-Length: 18446744073709551617\r\n", HttpErrc::bad_length},
      {"Content-Length: 9223372036854775808\r\n", HttpErrc::bad_length},
      {"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", HttpErrc::length_and_encoding},
      {"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", HttpErrc::length_and_encoding},
      {"Transfer-Encoding: gzip, chunked\r\n", HttpErrc::bad_encoding},
      {"Transfer-Encoding: chunked, gzip\r\n", HttpErrc::bad_encoding},
      {"Transfer-Encoding: chunked, chunked\r\n", HttpErrc::bad_encoding},
      {"Transfer-Encoding: chunkedx\r\n", HttpErrc::bad_encoding},
      {"Transfer-Encoding: xchunked\r\n", HttpErrc::bad_encoding},
      {"Transfer-Encoding: chunked,\r\n", HttpErrc::bad_encoding},
      {"Transfer-Encoding: chunked;a=b\r\n", HttpErrc::bad_encoding},
      {"Transfer-Encoding: identity\r\n", HttpErrc::bad_encoding},
      {"Transfer-Encoding:\r\n", HttpErrc::bad_encoding},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", HttpErrc::bad_encoding},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", HttpErrc::bad_encoding}};
  for (const auto& [lines, want] : rows) {
    const auto framing = framing_of(lines);
    ASSERT_FALSE(framing) << lines;
    EXPECT_EQ(framing.error(), want) << lines;
  }
}

TEST(RequestFraming, RefusesChunkedInHttp10) {
  EXPECT_EQ(framing_of("Transfer-Encoding: chunked\r\n", "HTTP/1.0").error(),
            HttpErrc::bad_encoding);
}

Fields fields_of(std::initializer_list<Field> list) {
  Fields fields;
  for (const Field& field : list) fields.add(field.name, field.value);
  return fields;
}

TEST(AnswerFraming, FollowsMethodAndStatus) {
  const Fields length = fields_of({{"Content-Length", "5"}});
  EXPECT_EQ(*answer_framing("GET", 200, 1, length), (Framing{BodyKind::length, 5}));
  for (const unsigned status : {100U, 103U, 204U, 304U})
    EXPECT_EQ(answer_framing("GET", status, 1, length)->kind, BodyKind::none);
  EXPECT_EQ(answer_framing("HEAD", 200, 1, length)->kind, BodyKind::none);
  EXPECT_EQ(answer_framing("CONNECT", 200, 1, length)->kind, BodyKind::none);
  EXPECT_EQ(answer_framing("CONNECT", 403, 1, length)->kind, BodyKind::length);
}

TEST(AnswerFraming, ReadsUntilCloseWithoutFields) {
  EXPECT_EQ(answer_framing("GET", 200, 1, Fields())->kind, BodyKind::until_close);
}

TEST(AnswerFraming, RefusesUnsoundFieldsEvenWithoutABody) {
  const Fields both = fields_of({{"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}});
  EXPECT_EQ(answer_framing("GET", 200, 1, both).error(), HttpErrc::length_and_encoding);
  EXPECT_EQ(answer_framing("HEAD", 200, 1, both).error(), HttpErrc::length_and_encoding);
  EXPECT_EQ(answer_framing("GET", 304, 1, fields_of({{"Content-Length", "x"}})).error(),
            HttpErrc::bad_length);
}

}  // namespace
}  // namespace sallyport::http
