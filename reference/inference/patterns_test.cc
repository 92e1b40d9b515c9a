#include "reference/inference/patterns.h"

#include <gtest/gtest.h>

namespace sallyport::inference {
namespace {

struct Row {
  std::string_view method;
  std::string_view path;
  std::string_view protocol;
  std::string_view kind;
  Delivery delivery;
};

TEST(Patterns, KnowEightShapes) {
  const Row rows[] = {
      {"POST", "/v1/chat/completions", "openai_chat_completions", "chat_completion",
       Delivery::streaming},
      {"POST", "/v1/completions", "openai_completions", "completion", Delivery::streaming},
      {"POST", "/v1/responses", "openai_responses", "responses", Delivery::streaming},
      {"POST", "/v1/embeddings", "openai_embeddings", "embeddings", Delivery::buffered},
      {"POST", "/v1/messages", "anthropic_messages", "messages", Delivery::streaming},
      {"GET", "/v1/models", "model_discovery", "models_list", Delivery::buffered},
      {"GET", "/v1/models/gpt-4.1", "model_discovery", "models_get", Delivery::buffered},
      {"POST", "/model/anthropic.claude:0/invoke", "aws_bedrock_invoke", "messages",
       Delivery::buffered}};
  for (const Row& row : rows) {
    const auto match = classify(row.method, row.path);
    ASSERT_TRUE(match) << row.path;
    EXPECT_EQ(match->protocol, row.protocol);
    EXPECT_EQ(match->kind, row.kind);
    EXPECT_EQ(match->delivery, row.delivery);
    EXPECT_EQ(match->method, row.method);
  }
}

TEST(Patterns, IgnoreTheQueryAndTheMethodsCase) {
  EXPECT_EQ(classify("POST", "/v1/messages?beta=true")->protocol, "anthropic_messages");
  EXPECT_EQ(classify("post", "/v1/chat/completions")->method, "POST");
  EXPECT_EQ(classify("GET", "/v1/models/a%2Fb")->kind, "models_get");
  EXPECT_EQ(classify("GET", "/v1/models/a/b")->kind, "models_get");
}

TEST(Patterns, KnowNothingElse) {
  const Row rows[] = {{"GET", "/v1/chat/completions", {}, {}, {}},
                      {"HEAD", "/v1/models", {}, {}, {}},
                      {"POST", "/v1/models", {}, {}, {}},
                      {"POST", "/v1/chat/completions/", {}, {}, {}},
                      {"POST", "/V1/messages", {}, {}, {}},
                      {"POST", "/v1/messages/count_tokens", {}, {}, {}},
                      {"GET", "/v1/responses/abc", {}, {}, {}},
                      {"GET", "/v1/modelsx", {}, {}, {}},
                      {"GET", "/v1/files", {}, {}, {}},
                      {"GET", "/", {}, {}, {}},
                      {"", "", {}, {}, {}},
                      {"POST", "/model//invoke", {}, {}, {}},
                      {"POST", "/model/invoke", {}, {}, {}},
                      {"POST", "/model/a/b/invoke", {}, {}, {}},
                      {"POST", "/model/a/converse", {}, {}, {}},
                      {"POST", "/model/a/invoke-with-response-stream", {}, {}, {}},
                      {"GET", "/model/a/invoke", {}, {}, {}}};
  for (const Row& row : rows) EXPECT_FALSE(classify(row.method, row.path)) << row.path;
}

}  // namespace
}  // namespace sallyport::inference
