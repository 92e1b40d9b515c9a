// Frames and messages of a WebSocket, good and bad, octet by octet.

#include "simulator/wire/websocket.h"

#include <gtest/gtest.h>

namespace sallyport::sim::wire {
namespace {

using namespace std::string_literals;  // NOLINT: octets with NULs in them

std::string told(const std::vector<WebSocketMessage>& messages) {
  std::string out;
  for (const auto& message : messages) {
    out += std::to_string(static_cast<int>(message.opcode)) + ":" + message.bytes;
    if (message.code != 0) out += "#" + std::to_string(message.code);
    out += "|";
  }
  return out;
}

// What a client makes of a server's octets.
std::string read(const std::string& bytes, bool deflate = false) {
  WebSocketReader reader(WebSocketRole::server, deflate, 1000);
  const std::string messages = told(reader.feed(bytes));
  return reader.malformed() ? messages + "!" + reader.malformed_reason() : messages;
}

TEST(WebSocketReader, ReadsTextBinaryAndControlFrames) {
  EXPECT_EQ(read("\x81\x05hello\x82\x01\xff\x89\x01p\x8a\x00"s), "1:hello|2:\xff|9:p|10:|");
}

TEST(WebSocketReader, JoinsFragmentsAroundAControlFrame) {
  EXPECT_EQ(read("\x01\x03hel\x89\x00\x80\x02lo"s), "9:|1:hello|");
}

TEST(WebSocketReader, ReadsAllThreeSizesOfLength) {
  for (const std::size_t size : {0U, 125U, 126U, 65535U, 65536U, 100000U}) {
    WebSocketFrame frame;
    frame.payload = std::string(size, 'a');
    WebSocketReader reader(WebSocketRole::client);
    const auto messages = reader.feed(encode_frame(frame, 0x12345678));
    ASSERT_EQ(messages.size(), 1U) << size;
    EXPECT_EQ(messages[0].bytes, frame.payload);
    EXPECT_FALSE(reader.partial());
  }
}

TEST(WebSocketReader, TakesOctetsOneByOne) {
  WebSocketWriter writer(WebSocketRole::client, true);
  const std::string wire = writer.message("hello, hello, hello", false, {2, 5}) + writer.ping("x") +
                           writer.close(1001, "bye");
  WebSocketReader reader(WebSocketRole::client, true);
  std::string all;
  for (const char c : wire) all += told(reader.feed(std::string(1, c)));
  EXPECT_EQ(all, "1:hello, hello, hello|9:x|8:bye#1001|");
  EXPECT_TRUE(reader.closed());
  EXPECT_FALSE(reader.malformed());
}

TEST(WebSocketReader, RefusesWhatBreaksTheProtocol) {
  const std::pair<std::string, const char*> rows[] = {
      {"\x83\x00"s, "!the opcode is unknown"},
      {"\x8b\x00"s, "!the opcode is unknown"},
      {"\xa1\x00"s, "!a reserved bit is set"},
      {"\x91\x00"s, "!a reserved bit is set"},
      {"\xc1\x00"s, "!RSV1 is set without its meaning"},
      {"\x81\x80"s, "!a server's frame is masked"},
      {"\x09\x00"s, "!a control frame is fragmented"},
      {"\x89\x7e\x00\x7e"s, "!a control frame is over 125 octets"},
      {"\x80\x00"s, "!a continuation continues nothing"},
      {"\x01\x01x\x81\x01y"s, "!a message begins within another"},
      {"\x81\x7e\x03\xe9"s, "!a message is over its bound"},
      {"\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff"s, "!a message is over its bound"},
      {"\x81\x02\xc3\x28"s, "!text isn't UTF-8"},
      {"\x88\x01\x03"s, "!a close frame's payload is one octet"},
      {"\x88\x02\x03\xed"s, "!a close code may not be sent"},
      {"\x88\x02\x13\x88"s, "!a close code may not be sent"},
      {"\x88\x03\x03\xe8\xff"s, "!the reason of a close isn't UTF-8"},
  };
  for (const auto& [bytes, expected] : rows) EXPECT_EQ(read(bytes), expected);
}

TEST(WebSocketReader, WantsAClientsFramesMasked) {
  WebSocketReader reader(WebSocketRole::client);
  EXPECT_TRUE(reader.feed("\x81\x02hi").empty());
  EXPECT_EQ(reader.malformed_reason(), "a client's frame isn't masked");
}

TEST(WebSocketReader, BoundsAMessageOfManyFragments) {
  WebSocketReader reader(WebSocketRole::server, false, 10);
  EXPECT_TRUE(reader.feed("\x01\x06sixsix").empty());
  EXPECT_FALSE(reader.malformed());
  EXPECT_TRUE(reader.feed("\x00\x05"s).empty());
  EXPECT_EQ(reader.malformed_reason(), "a message is over its bound");
}

TEST(WebSocketReader, KeepsWhatCameBeforeAFault) {
  EXPECT_EQ(read("\x81\x02hi\x83\x00"s), "1:hi|!the opcode is unknown");
}

TEST(WebSocketReader, ReadsNothingAfterAClose) {
  EXPECT_EQ(read("\x88\x02\x03\xe8\x81\x02hi"s), "8:#1000|");
  EXPECT_EQ(read("\x88\x00\x81\x02hi"s), "8:|");
}

TEST(WebSocketReader, TellsAPartOfAFrameAndOfAMessage) {
  WebSocketReader reader(WebSocketRole::server);
  EXPECT_FALSE(reader.partial());
  (void)reader.feed("\x81");
  EXPECT_TRUE(reader.partial());
  (void)reader.feed("\x01x");
  EXPECT_FALSE(reader.partial());
  (void)reader.feed("\x01\x01x");
  EXPECT_TRUE(reader.partial());
}

TEST(WebSocketDeflate, GoesThereAndBack) {
  for (const std::string& text : {""s, "a"s, std::string(100000, 'z'), "\x00\xff\x00"s}) {
    EXPECT_EQ(inflate_message(deflate_message(text), 1U << 20U), text);
  }
}

TEST(WebSocketDeflate, InflatesNoMoreThanItsBound) {
  const std::string bomb = deflate_message(std::string(10U << 20U, 'z'));
  EXPECT_EQ(inflate_message(bomb, 1000), std::nullopt);
  EXPECT_EQ(inflate_message(bomb, (10U << 20U) - 1), std::nullopt);
  EXPECT_TRUE(inflate_message(bomb, 10U << 20U).has_value());
}

TEST(WebSocketDeflate, RefusesWhatIsntDeflatedOrIsCut) {
  EXPECT_EQ(inflate_message("\xff\xff\xff", 1000), std::nullopt);
  const std::string whole = deflate_message("some text that is worth it, some text");
  EXPECT_EQ(inflate_message(std::string_view(whole).substr(0, whole.size() / 2), 1000),
            std::nullopt);
  EXPECT_EQ(read("\xc1\x03\xff\xff\xff"s, true),
            "!a compressed message can't be inflated within its bound");
}

TEST(WebSocketDeflate, TakesAMessageThatIsntCompressedAllTheSame) {
  EXPECT_EQ(read("\x81\x02hi"s, true), "1:hi|");
}

TEST(WebSocketWriter, FragmentsWhereItIsTold) {
  WebSocketWriter writer(WebSocketRole::server);
  EXPECT_EQ(writer.message("hello", false, {2, 4, 9}), "\x01\x02he\x00\x02ll\x80\x01o"s);
  EXPECT_EQ(writer.message("hi", true, {0}), "\x02\x00\x80\x02hi"s);
  EXPECT_EQ(writer.message(""), "\x81\x00"s);
}

TEST(WebSocketWriter, MasksEachFrameDifferentlyButTheSameEveryTime) {
  WebSocketWriter one(WebSocketRole::client, false, 7);
  WebSocketWriter two(WebSocketRole::client, false, 7);
  const std::string first = one.message("hi");
  EXPECT_EQ(first, two.message("hi"));
  EXPECT_NE(first, one.message("hi"));
  EXPECT_EQ(first.size(), 8U);
}

TEST(WebSocketWriter, WritesACloseWithAndWithoutACode) {
  WebSocketWriter writer(WebSocketRole::server);
  EXPECT_EQ(writer.close(1000, "ok"), "\x88\x04\x03\xe8ok"s);
  EXPECT_EQ(writer.close(0), "\x88\x00"s);
}

TEST(WebSocketHandshake, AcceptsAKeyAsTheStandardsExampleDoes) {
  EXPECT_EQ(websocket_accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(websocket_key("n").size(), 24U);
  EXPECT_NE(websocket_key("n"), websocket_key("m"));
}

TEST(WebSocketHandshake, KnowsARequestForAWebSocket) {
  HttpMessage request;
  request.method = "GET";
  request.headers = {
      {"Upgrade", "WebSocket"}, {"Connection", "keep-alive, Upgrade"}, {"sec-websocket-key", "x"}};
  EXPECT_TRUE(asks_for_websocket(request));
  EXPECT_FALSE(names_deflate(request.headers));
  request.headers.emplace_back("Sec-WebSocket-Extensions", "foo, permessage-deflate; a=1");
  EXPECT_TRUE(names_deflate(request.headers));
  request.method = "POST";
  EXPECT_FALSE(asks_for_websocket(request));
  request.method = "GET";
  request.headers.erase(request.headers.begin());
  EXPECT_FALSE(asks_for_websocket(request));
}

TEST(Utf8, IsJudgedStrictly) {
  for (const std::string& good : {""s, "a\x00z"s, "\xc3\xa9"s, "\xe2\x82\xac"s, "\xf0\x9f\x98\x80"s,
                                  "\xf4\x8f\xbf\xbf"s, "\xed\x9f\xbf"s}) {
    EXPECT_TRUE(is_utf8(good));
  }
  for (const std::string& bad :
       {"\x80"s, "\xc0\x80"s, "\xc3"s, "\xe0\x80\x80"s, "\xed\xa0\x80"s, "\xf0\x80\x80\x80"s,
        "\xf4\x90\x80\x80"s, "\xf5\x80\x80\x80"s, "\xe2\x82"s, "\xff"s}) {
    EXPECT_FALSE(is_utf8(bad));
  }
}

}  // namespace
}  // namespace sallyport::sim::wire
