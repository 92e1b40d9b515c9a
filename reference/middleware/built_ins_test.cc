#include "reference/middleware/built_ins.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "openshell/middleware/v1/middleware.pb.h"
#include "reference/middleware/config.h"
#include "reference/net/testing/run.h"

namespace sallyport::middleware {
namespace {

using ::testing::HasSubstr;
namespace pb = openshell::middleware::v1;

struct Evaluated {
  rpc::Status status;
  pb::HttpRequestResult result;
};

Evaluated evaluate(Stage& stage, std::string body, std::string_view config = "{}") {
  net::testing::TestLoop loop;
  pb::HttpRequestEvaluation request;
  request.set_body(std::move(body));
  EXPECT_TRUE(struct_from_json(config, *request.mutable_config()));
  Evaluated evaluated;
  evaluated.status = loop.run(stage.evaluate(request, evaluated.result, loop.in(500)));
  return evaluated;
}

std::string refusal(Stage& stage, std::string_view config) {
  net::testing::TestLoop loop;
  google::protobuf::Struct value;
  EXPECT_TRUE(struct_from_json(config, value));
  std::string refused = "untouched";
  EXPECT_TRUE(loop.run(stage.validate(value, "x", refused, loop.in(500))).ok());
  return refused;
}

TEST(SecretsStage, ReplacesTheBodyAndSaysWhatItFound) {
  const auto stage = make_secrets_stage();
  const Evaluated evaluated =
      evaluate(*stage, "password=x&y=sk-1234567890abcdef", R"({"secrets":"redact"})");
  ASSERT_TRUE(evaluated.status.ok());
  const pb::HttpRequestResult& result = evaluated.result;
  EXPECT_EQ(result.decision(), pb::DECISION_ALLOW);
  EXPECT_TRUE(result.has_body());
  EXPECT_EQ(result.body(), "password=[REDACTED]&y=[REDACTED]");
  ASSERT_EQ(result.findings_size(), 2);
  EXPECT_EQ(result.findings(0).type(), "secret.keyword");
  EXPECT_EQ(result.findings(0).count(), 1U);
  EXPECT_EQ(result.findings(0).severity(), "medium");
  EXPECT_EQ(result.findings(1).type(), "secret.openai");
  EXPECT_EQ(result.metadata().at("secrets_redacted"), "2");
  EXPECT_EQ(result.header_mutations_size(), 0);
}

TEST(RegexStage, KnowsTokensAlone) {
  const auto stage = make_regex_stage();
  const Evaluated evaluated = evaluate(*stage, "password=x&y=sk-1234567890abcdef");
  EXPECT_EQ(evaluated.result.body(), "password=x&y=[REDACTED]");
  ASSERT_EQ(evaluated.result.findings_size(), 1);
  EXPECT_EQ(evaluated.result.findings(0).type(), "regex.openai");
  EXPECT_EQ(evaluated.result.findings(0).label(), "openai regex match");
  EXPECT_EQ(evaluated.result.metadata().at("regex_matches_replaced"), "1");
}

TEST(BuiltIns, LeaveABodyWithoutAMatchAsItIs) {
  for (const auto& stage : {make_secrets_stage(), make_regex_stage()}) {
    for (const char* body : {"", "nothing to hide", "{\"a\":1}"}) {
      const Evaluated evaluated = evaluate(*stage, body);
      EXPECT_TRUE(evaluated.status.ok());
      EXPECT_EQ(evaluated.result.decision(), pb::DECISION_ALLOW);
      EXPECT_FALSE(evaluated.result.has_body());
      EXPECT_EQ(evaluated.result.findings_size(), 0);
      EXPECT_EQ(evaluated.result.metadata_size(), 0);
    }
  }
}

TEST(BuiltIns, FailOnABodyThatIsNotUtf8) {
  for (const auto& stage : {make_secrets_stage(), make_regex_stage()}) {
    const Evaluated evaluated = evaluate(*stage, "password=\xff");
    EXPECT_FALSE(evaluated.status.ok());
    EXPECT_THAT(evaluated.status.message, HasSubstr("requires UTF-8 request bodies"));
  }
}

TEST(BuiltIns, AcceptTheirOneOptionOrNone) {
  EXPECT_EQ(refusal(*make_secrets_stage(), "{}"), "");
  EXPECT_EQ(refusal(*make_secrets_stage(), R"({"secrets":"redact"})"), "");
  EXPECT_EQ(refusal(*make_regex_stage(), "{}"), "");
  EXPECT_EQ(refusal(*make_regex_stage(), R"({"mode":"redact"})"), "");
}

TEST(BuiltIns, RefuseEveryOtherConfigWithAReason) {
  EXPECT_THAT(
      refusal(*make_secrets_stage(), R"({"mode":"redact"})"),
      "invalid openshell/secrets config: unknown member mode; this example supports only secrets: "
      "redact");
  EXPECT_THAT(
      refusal(*make_regex_stage(), R"({"mode":"deny"})"),
      "invalid openshell/regex config: unknown mode deny; this example supports only mode: redact");
  EXPECT_THAT(refusal(*make_regex_stage(), R"({"mode":["redact"]})"), HasSubstr("is a text"));
  EXPECT_FALSE(evaluate(*make_regex_stage(), "x", R"({"mode":"deny"})").status.ok());
}

TEST(BuiltIns, SayTheSameOfAConfigWithoutBeingAsked) {
  for (const char* config : {"{}", R"({"secrets":"redact"})", R"({"mode":"deny"})"}) {
    EXPECT_EQ(built_in_config_fault(kSecrets, config), refusal(*make_secrets_stage(), config));
    EXPECT_EQ(built_in_config_fault(kRegex, config), refusal(*make_regex_stage(), config));
  }
  EXPECT_NE(built_in_config_fault(kRegex, "[]"), "");
}

TEST(BuiltIns, AreTwo) {
  EXPECT_TRUE(is_built_in("openshell/secrets"));
  EXPECT_TRUE(is_built_in("openshell/regex"));
  EXPECT_FALSE(is_built_in("openshell/secret"));
  EXPECT_FALSE(is_built_in("secrets"));
}

}  // namespace
}  // namespace sallyport::middleware
