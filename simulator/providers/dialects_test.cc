#include "simulator/providers/dialects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::sim::providers {
namespace {

using ::testing::HasSubstr;

Request request(std::string method, std::string path, std::string body = {}) {
  Request made;
  made.message.method = std::move(method);
  made.message.target = std::move(path);
  made.message.body_size = body.size();
  made.message.body = std::move(body);
  made.nonce = "n0nce";
  made.key = "none";
  return made;
}

TEST(PathFits, TakesAStarWithinASegmentAndTwoAcross) {
  EXPECT_TRUE(path_fits("/v1/*", "/v1/models"));
  EXPECT_FALSE(path_fits("/v1/*", "/v1/models/m1"));
  EXPECT_TRUE(path_fits("/v1/**", "/v1/models/m1"));
  EXPECT_TRUE(path_fits("/**", "/"));
  EXPECT_TRUE(path_fits("/a/*/c", "/a/b/c"));
  EXPECT_FALSE(path_fits("/a", "/ab"));
  EXPECT_FALSE(path_fits("", "/"));
}

TEST(Openai, ListsItsModelsAndAnyOne) {
  ProviderSpec spec;
  spec.models = {"llama3", "other"};
  const auto list = dialect_answer(spec, request("GET", "/v1/models"), 7);
  EXPECT_THAT(*list.json, HasSubstr(R"("data":[{"id":"llama3","object":"model","created":7)"));
  EXPECT_THAT(*dialect_answer(spec, request("GET", "/v1/models/x"), 7).json,
              HasSubstr(R"("id":"x")"));
}

TEST(Openai, RepeatsTheLastUserContentAndTheNonce) {
  const std::string body = R"({"model":"m9","messages":[{"role":"user","content":"a"},)"
                           R"({"role":"assistant","content":"b"},)"
                           R"({"role":"user","content":[{"type":"text","text":"say \"hi\""}]}]})";
  const auto answer = dialect_answer({}, request("POST", "/v1/chat/completions", body), 0);
  EXPECT_THAT(*answer.json, HasSubstr(R"("content":"say \"hi\" n0nce")"));
  EXPECT_THAT(*answer.json, HasSubstr(R"("model":"m9")"));
}

TEST(Openai, AnswersEachOfItsPaths) {
  for (const std::string path : {"/v1/completions", "/v1/responses"}) {
    const auto answer =
        dialect_answer({}, request("POST", path, R"({"input":"q","prompt":"q"})"), 0);
    EXPECT_EQ(answer.status, 200) << path;
    EXPECT_THAT(*answer.json, HasSubstr("q n0nce")) << path;
  }
  EXPECT_THAT(*dialect_answer({}, request("POST", "/v1/embeddings", "{}"), 0).json,
              HasSubstr("\"embedding\":["));
}

TEST(Openai, RefusesAsTheRealOneDoes) {
  EXPECT_EQ(dialect_answer({}, request("POST", "/v1/chat/completions", "{"), 0).status, 400);
  EXPECT_EQ(dialect_answer({}, request("GET", "/v1/chat/completions"), 0).status, 405);
  EXPECT_EQ(dialect_answer({}, request("GET", "/v2"), 0).status, 404);
}

TEST(Openai, TellsAMissingKeyFromAWrongOne) {
  auto asked = request("GET", "/");
  asked.key = "none";
  const auto missing = unauthorized({}, asked);
  EXPECT_EQ(missing.status, 401);
  EXPECT_THAT(*missing.json,
              HasSubstr(R"("type":"invalid_request_error","param":null,"code":null)"));
  asked.key = "unknown";
  EXPECT_THAT(*unauthorized({}, asked).json, HasSubstr(R"("code":"invalid_api_key")"));
}

TEST(Openai, StreamsWhatWasAskedForAndSaysWhenItIsOver) {
  const auto ask = request("POST", "/v1/chat/completions", R"({"stream":true})");
  EXPECT_TRUE(dialect_answer({}, ask, 0).sse.has_value());
  const auto events = stream_events({}, ask, 3, 0);
  ASSERT_EQ(events.size(), 3U);
  EXPECT_THAT(events[0], HasSubstr(R"("content":"n0nce")"));
  EXPECT_THAT(events[2], HasSubstr(R"("finish_reason":"stop")"));
  EXPECT_EQ(terminal_event({}, ask), "[DONE]");
  EXPECT_THAT(terminal_event({}, request("POST", "/v1/responses")),
              HasSubstr("response.completed"));
}

TEST(Plain, RepeatsTheBodyOrSaysWhatWasAsked) {
  ProviderSpec spec;
  spec.dialect = Dialect::plain;
  EXPECT_EQ(dialect_answer(spec, request("POST", "/x", "hello"), 0).body, "hello");
  EXPECT_EQ(dialect_answer(spec, request("GET", "/x?y"), 0).body, "GET /x");
  EXPECT_EQ(unauthorized(spec, request("GET", "/x")).status, 401);
  EXPECT_FALSE(unauthorized(spec, request("GET", "/x")).json.has_value());
}

}  // namespace
}  // namespace sallyport::sim::providers
