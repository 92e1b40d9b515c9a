#include "reference/inference/usage.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::inference {
namespace {

using Tokens = std::pair<std::int64_t, std::int64_t>;  // -1: not told

http::AnswerHead head_of(std::string_view fields) {
  auto head = http::parse_answer_head("HTTP/1.1 200 OK\r\n" + std::string(fields) + "\r\n");
  EXPECT_TRUE(head);
  return std::move(*head);
}

Tokens tokens_of(const Usage& usage) {
  const auto one = [](const std::optional<std::uint64_t>& count) {
    return count ? static_cast<std::int64_t>(*count) : -1;
  };
  return {one(usage.input_tokens), one(usage.output_tokens)};
}

// Cut after every octet, and not at all: the same must come of it.
Tokens scan(std::string_view fields, std::string_view body) {
  const http::AnswerHead head = head_of(fields);
  UsageScanner whole(head);
  whole.take(body);
  UsageScanner cut(head);
  for (std::size_t at = 0; at < body.size(); ++at) cut.take(body.substr(at, 1));
  EXPECT_EQ(tokens_of(whole.usage()), tokens_of(cut.usage())) << body;
  return tokens_of(whole.usage());
}

Tokens json(std::string_view body) { return scan("Content-Type: application/json\r\n", body); }
Tokens events(std::string_view body) {
  return scan("Content-Type: text/event-stream; charset=utf-8\r\n", body);
}

TEST(UsageScanner, ReadsWhatOpenaiSays) {
  EXPECT_EQ(json(R"({"id":"x","choices":[{"message":{"content":"hi"}}],
                     "usage":{"prompt_tokens":12,"completion_tokens":34,"total_tokens":46}})"),
            Tokens(12, 34));
  EXPECT_EQ(json(R"({"usage": {"prompt_tokens" : 8, "total_tokens": 8}, "data": []})"),
            Tokens(8, -1));
}

TEST(UsageScanner, ReadsWhatTheResponsesApiAndAnthropicSay) {
  EXPECT_EQ(json(R"({"usage":{"input_tokens":1,"input_tokens_details":{"cached_tokens":7},)"
                 R"("output_tokens":2}})"),
            Tokens(1, 2));
}

TEST(UsageScanner, ReadsTheLastEventOfAStreamOfOpenais) {
  EXPECT_EQ(events("data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":null}\n\n"
                   "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":9}}"
                   "\n\ndata: [DONE]\n\n"),
            Tokens(3, 9));
}

TEST(UsageScanner, ReadsBothEndsOfAStreamOfAnthropics) {
  EXPECT_EQ(
      events("event: message_start\r\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":"
             "{\"input_tokens\":25,\"output_tokens\":1}}}\r\n\r\n"
             "event: message_delta\r\ndata:{\"type\":\"message_delta\",\"usage\":"
             "{\"output_tokens\":15}}\r\n\r\n"),
      Tokens(25, 15));
}

TEST(UsageScanner, ReadsTheEnvelopeOfAStreamOfResponses) {
  EXPECT_EQ(events("data: {\"type\":\"response.completed\",\"response\":{\"usage\":"
                   "{\"input_tokens\":4,\"output_tokens\":5}}}\n\n"),
            Tokens(4, 5));
}

TEST(UsageScanner, IsNotFooledByWhatAModelSays) {
  EXPECT_EQ(json(R"({"text":"\"usage\":{\"prompt_tokens\":666}","usage":{"prompt_tokens":1}})"),
            Tokens(1, -1));
  EXPECT_EQ(json(R"({"choices":[{"usage":{"prompt_tokens":666}}]})"), Tokens(-1, -1));
  EXPECT_EQ(json(R"({"tools":{"properties":{"usage":{"prompt_tokens":666}}}})"), Tokens(-1, -1));
  EXPECT_EQ(json(R"({"response":[{"usage":{"prompt_tokens":666}}]})"), Tokens(-1, -1));
  EXPECT_EQ(json(R"({"usage":[{"prompt_tokens":666}]})"), Tokens(-1, -1));
  EXPECT_EQ(json(R"(["usage",{"prompt_tokens":666}])"), Tokens(-1, -1));
  EXPECT_EQ(events("id: {\"usage\":{\"prompt_tokens\":666}}\n: data: {\"usage\":"
                   "{\"prompt_tokens\":666}}\n\n"),
            Tokens(-1, -1));
}

TEST(UsageScanner, TakesWholeNumbersAlone) {
  EXPECT_EQ(json(R"({"usage":{"prompt_tokens":1.5,"completion_tokens":-3}})"), Tokens(-1, -1));
  EXPECT_EQ(json(R"({"usage":{"prompt_tokens":1e3,"completion_tokens":"7"}})"), Tokens(-1, -1));
  EXPECT_EQ(json(R"({"usage":{"prompt_tokens":99999999999999999999999999999999999}})"),
            Tokens(-1, -1));
}

TEST(UsageScanner, LooksAtNothingThatIsCodedOrSomethingElse) {
  constexpr std::string_view kBody = R"({"usage":{"prompt_tokens":1}})";
  EXPECT_EQ(scan("Content-Type: application/json\r\nContent-Encoding: gzip\r\n", kBody),
            Tokens(-1, -1));
  EXPECT_EQ(scan("Content-Type: text/plain\r\n", kBody), Tokens(-1, -1));
  EXPECT_EQ(scan("X: y\r\n", kBody), Tokens(-1, -1));
  EXPECT_EQ(scan("Content-Type: application/json\r\nContent-Encoding: identity\r\n", kBody),
            Tokens(1, -1));
}

TEST(UsageScanner, SurvivesWhatIsNoJson) {
  EXPECT_EQ(json("}}}]]]{\"usage\":{\"prompt_tokens\":1}}"), Tokens(1, -1));
  EXPECT_EQ(json(std::string(100'000, '[') + "\"usage\":1"), Tokens(-1, -1));
  EXPECT_EQ(json("{\"" + std::string(100'000, 'a') + "\":1,\"usage\":{\"output_tokens\":2}}"),
            Tokens(-1, 2));
  EXPECT_EQ(json("\"\\"), Tokens(-1, -1));
  // A line that breaks off leaves nothing behind for the next.
  EXPECT_EQ(events("data: {\"a\":\"half\n\ndata: {\"usage\":{\"output_tokens\":2}}\n\n"),
            Tokens(-1, 2));
}

}  // namespace
}  // namespace sallyport::inference
