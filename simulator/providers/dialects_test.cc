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
  EXPECT_THAT(*dialect_answer(spec, request("GET", "/v1/models/other"), 7).json,
              HasSubstr(R"("id":"other")"));
  EXPECT_EQ(dialect_answer(spec, request("GET", "/v1/models/x"), 7).status, 404);
}

TEST(Openai, RepeatsTheLastUserContentAndTheNonce) {
  const std::string body = R"({"model":"m9","messages":[{"role":"user","content":"a"},)"
                           R"({"role":"assistant","content":"b"},)"
                           R"({"role":"user","content":[{"type":"text","text":"say \"hi\""}]}]})";
  ProviderSpec spec;
  spec.models = {"m9"};
  const auto answer = dialect_answer(spec, request("POST", "/v1/chat/completions", body), 0);
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
  const Stream stream = dialect_stream({}, ask, 0);
  EXPECT_THAT(stream.at(1, 3).data, HasSubstr(R"("role":"assistant","content":"")"));
  EXPECT_THAT(stream.at(2, 3).data, HasSubstr(R"("content":"n0nce")"));
  EXPECT_THAT(stream.at(3, 3).data, HasSubstr(R"("finish_reason":"stop")"));
  EXPECT_EQ(stream.last(3).data, "[DONE]");
}

TEST(Openai, RefusesAModelThatItDoesNotHave) {
  const auto answer =
      dialect_answer({}, request("POST", "/v1/chat/completions", R"({"model":"other"})"), 0);
  EXPECT_EQ(answer.status, 404);
  EXPECT_THAT(*answer.json, HasSubstr(R"("code":"model_not_found")"));
}

TEST(Openai, StreamsAResponseByItsOwnEvents) {
  const auto ask = request("POST", "/v1/responses", R"({"stream":true,"input":"q"})");
  const Stream stream = dialect_stream({}, ask, 0);
  std::string names;
  for (std::uint64_t number = 1; number <= 9; ++number) names += stream.at(number, 9).name + ' ';
  EXPECT_EQ(names,
            "response.created response.in_progress response.output_item.added "
            "response.content_part.added "
            "response.output_text.delta response.output_text.delta response.output_text.done "
            "response.content_part.done response.output_item.done ");
  EXPECT_THAT(stream.at(5, 9).data,
              HasSubstr(R"({"sequence_number":4,"type":"response.output_text.delta")"));
  EXPECT_THAT(stream.at(7, 9).data, HasSubstr(R"("text":"q n0nce 2")"));
  EXPECT_EQ(stream.last(9).name, "response.completed");
  EXPECT_THAT(stream.last(9).data, HasSubstr(R"("status":"completed")"));
}

TEST(Openai, DerivesEmbeddingsFromTheirInputsAndTheRequest) {
  const std::string body = R"({"input":["a","b"],"dimensions":3})";
  const auto ask = request("POST", "/v1/embeddings", body);
  const std::string answer = *dialect_answer({}, ask, 0).json;
  EXPECT_EQ(answer, *dialect_answer({}, ask, 0).json);
  EXPECT_THAT(answer, HasSubstr(R"("index":1)"));
  auto other = ask;
  other.nonce = "another";
  EXPECT_NE(answer, *dialect_answer({}, other, 0).json);
  const std::string packed = R"({"input":"a","dimensions":3,"encoding_format":"base64"})";
  EXPECT_THAT(*dialect_answer({}, request("POST", "/v1/embeddings", packed), 0).json,
              ::testing::ContainsRegex(R"("embedding":"[A-Za-z0-9+/]{16}")"));
}

TEST(Stream, KeepsItsShapeHoweverFewEventsItMayHave) {
  ProviderSpec spec;
  spec.dialect = Dialect::anthropic;
  const Stream stream = dialect_stream(spec, request("POST", "/v1/messages", "{}"), 0);
  EXPECT_EQ(stream.at(1, 1).name, "message_start");
  EXPECT_EQ(stream.at(4, 4).name, "content_block_delta");
  EXPECT_EQ(stream.at(5, 5).name, "content_block_stop");
  EXPECT_EQ(stream.at(999'999'999'999, 1'000'000'000'000).name, "content_block_stop");
}

// Anthropic.

Request message(std::string body) {
  Request made = request("POST", "/v1/messages", std::move(body));
  made.message.headers.emplace_back("Anthropic-Version", "2023-06-01");
  return made;
}

ProviderSpec anthropic_spec() {
  ProviderSpec spec;
  spec.dialect = Dialect::anthropic;
  return spec;
}

TEST(Anthropic, AnswersAMessage) {
  const auto answer =
      dialect_answer(anthropic_spec(),
                     message(R"({"model":"m1","messages":[{"role":"user","content":"hi"}]})"), 0);
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(*answer.json, HasSubstr(R"("id":"msg_n0nce","type":"message")"));
  EXPECT_THAT(*answer.json, HasSubstr(R"("content":[{"type":"text","text":"hi n0nce"}])"));
}

TEST(Anthropic, ListsItsModels) {
  EXPECT_THAT(*dialect_answer(anthropic_spec(), request("GET", "/v1/models"), 0).json,
              HasSubstr(R"("id":"m1","display_name":"m1","created_at":"1970-01-01T00:00:00Z")"));
}

TEST(Anthropic, RefusesInItsOwnShape) {
  const auto refusal = [](const Request& asked) {
    const auto answer = dialect_answer(anthropic_spec(), asked, 0);
    EXPECT_THAT(*answer.json, ::testing::StartsWith(R"({"type":"error","error":{"type":")"));
    return answer.status;
  };
  EXPECT_EQ(refusal(request("POST", "/v1/messages", "{}")), 400);  // no anthropic-version
  EXPECT_EQ(refusal(message("[")), 400);
  EXPECT_EQ(refusal(message(R"({"model":"other"})")), 404);
  EXPECT_EQ(refusal(request("GET", "/v1/messages")), 405);
  EXPECT_EQ(refusal(request("GET", "/v1/files")), 404);
  EXPECT_THAT(*unauthorized(anthropic_spec(), request("GET", "/")).json,
              HasSubstr("authentication_error"));
}

TEST(Anthropic, StreamsFromMessageStartToMessageStop) {
  const auto ask = message(R"({"stream":true,"messages":[{"role":"user","content":"hi"}]})");
  EXPECT_TRUE(dialect_answer(anthropic_spec(), ask, 0).sse.has_value());
  const Stream stream = dialect_stream(anthropic_spec(), ask, 0);
  std::string names;
  for (std::uint64_t number = 1; number <= 7; ++number) names += stream.at(number, 7).name + ' ';
  EXPECT_EQ(names,
            "message_start content_block_start ping content_block_delta content_block_delta "
            "content_block_stop message_delta ");
  EXPECT_THAT(stream.at(4, 7).data, HasSubstr(R"("text":"hi n0nce")"));
  EXPECT_EQ(wire_form(stream.form, stream.last(7)),
            "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
}

// Ollama.

ProviderSpec ollama_spec() {
  ProviderSpec spec;
  spec.dialect = Dialect::ollama;
  spec.models = {"llama3"};
  return spec;
}

TEST(Ollama, TellsWhatItIsAndHas) {
  const auto get = [](std::string path) {
    return dialect_answer(ollama_spec(), request("GET", std::move(path)), 0);
  };
  EXPECT_THAT(*get("/api/version").json, HasSubstr("version"));
  EXPECT_THAT(*get("/api/tags").json, HasSubstr(R"("models":[{"name":"llama3")"));
  EXPECT_THAT(*get("/v1/models").json, HasSubstr(R"("id":"llama3","object":"model")"));
  EXPECT_TRUE(get("/").body.has_value());
  EXPECT_EQ(*get("/nowhere").json, R"({"error":"There is no /nowhere here."})");
}

TEST(Ollama, StreamsLinesUnlessAskedNotTo) {
  for (const std::string path : {"/api/chat", "/api/generate"}) {
    const auto ask = request("POST", path, R"({"prompt":"hi"})");
    EXPECT_TRUE(dialect_answer(ollama_spec(), ask, 0).sse.has_value()) << path;
    const Stream stream = dialect_stream(ollama_spec(), ask, 0);
    EXPECT_EQ(content_type(stream.form), "application/x-ndjson");
    const std::string line = wire_form(stream.form, stream.at(1, 2));
    EXPECT_THAT(line, ::testing::AllOf(HasSubstr("hi n0nce"), HasSubstr(R"("done":false})")));
    EXPECT_THAT(line, ::testing::EndsWith("}\n"));
    EXPECT_THAT(stream.last(2).data, HasSubstr(R"("done":true)"));
    const auto whole = request("POST", path, R"({"prompt":"hi","stream":false})");
    EXPECT_THAT(*dialect_answer(ollama_spec(), whole, 0).json, HasSubstr("hi n0nce")) << path;
  }
}

TEST(Ollama, RefusesInItsOwnShape) {
  EXPECT_EQ(dialect_answer(ollama_spec(), request("POST", "/api/chat", "{"), 0).status, 400);
  EXPECT_EQ(
      dialect_answer(ollama_spec(), request("POST", "/api/chat", R"({"model":"x"})"), 0).status,
      404);
  EXPECT_EQ(dialect_answer(ollama_spec(), request("GET", "/api/chat"), 0).status, 405);
  EXPECT_THAT(*unauthorized(ollama_spec(), request("GET", "/")).json,
              ::testing::StartsWith(R"({"error":")"));
}

TEST(EveryDialect, SurvivesABodyThatIsNestedWithoutEnd) {
  std::string deep = R"({"messages":[{"role":"user","content":)";
  for (int depth = 0; depth < 50'000; ++depth) deep += R"([{"content":)";
  deep += R"("x")";
  for (int depth = 0; depth < 50'000; ++depth) deep += "}]";
  deep += "}]}";
  for (const Dialect dialect : {Dialect::openai, Dialect::anthropic, Dialect::ollama}) {
    ProviderSpec spec;
    spec.dialect = dialect;
    auto ask = message(deep);
    ask.message.target = dialect == Dialect::anthropic ? "/v1/messages"
                         : dialect == Dialect::ollama  ? "/api/chat"
                                                       : "/v1/chat/completions";
    EXPECT_EQ(dialect_answer(spec, ask, 0).status, 200);
  }
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
