#include "simulator/middleware/server/answers.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "openshell/middleware/v1/middleware.pb.h"
#include "simulator/middleware/script.h"

namespace sallyport::sim::middleware::server {
namespace {

namespace proto = openshell::middleware::v1;

const std::string kMethods = "/openshell.middleware.v1.SupervisorMiddleware/";
const base::SystemClock kClock;

ServiceSpec spec_of(const std::string& json) {
  auto read = read_script(json);
  EXPECT_TRUE(read.spec) << read.complaint;
  return read.spec.value_or(ServiceSpec{});
}

proto::HttpRequestEvaluation request(const std::string& body = "hello alice") {
  proto::HttpRequestEvaluation request;
  request.set_phase(proto::SUPERVISOR_MIDDLEWARE_PHASE_PRE_CREDENTIALS);
  request.mutable_target()->set_method("POST");
  request.mutable_target()->set_host("api.test");
  request.mutable_target()->set_path("/v1/chat");
  request.mutable_target()->set_query("x=1");
  auto* const header = request.add_headers();
  header->set_name("user-agent");
  header->set_value("sallyport spn0123");
  request.set_body(body);
  return request;
}

Answered evaluate(const Answers& answers, const proto::HttpRequestEvaluation& what = request()) {
  return answers.answer(kMethods + "EvaluateHttpRequest", what.SerializeAsString());
}

proto::HttpRequestResult result_of(const Answered& answered) {
  proto::HttpRequestResult result;
  EXPECT_TRUE(result.ParseFromString(answered.reply.bytes));
  return result;
}

std::string text(const Answered& answered, const char* field) {
  const auto found = answered.told.fields.find(field);
  if (found == answered.told.fields.end()) return "(none)";
  return std::get<std::string>(found->second);
}

TEST(Answers, AllowWhatNoEntryFits) {
  const Answers answers(spec_of("{}"), kClock);
  const Answered answered = evaluate(answers);
  EXPECT_EQ(answered.reply.code, 0);
  EXPECT_EQ(result_of(answered).decision(), proto::DECISION_ALLOW);
  EXPECT_FALSE(result_of(answered).has_body());
  EXPECT_EQ(text(answered, "decision"), "allow");
}

TEST(Answers, TellWhatWasAsked) {
  const Answers answers(spec_of("{}"), kClock);
  const Answered answered = evaluate(answers, request(R"({"model":"m1"})"));
  EXPECT_EQ(answered.told.kind, "evaluate");
  EXPECT_EQ(text(answered, "method"), "POST");
  EXPECT_EQ(text(answered, "path"), "/v1/chat");
  EXPECT_EQ(text(answered, "query"), "x=1");
  EXPECT_EQ(text(answered, "body"), R"({"model":"m1"})");
  EXPECT_EQ(std::get<journal::Json>(answered.told.fields.at("json")).text, R"({"model":"m1"})");
  EXPECT_EQ(std::get<journal::HeaderList>(answered.told.fields.at("headers")).at(0).second,
            "sallyport spn0123");
  EXPECT_GT(answered.told.at.time_since_epoch().count(), 0);
}

TEST(Answers, TheFirstEntryThatFitsDecides) {
  const Answers answers(spec_of(R"({"script": [
        {"where": {"path": "/other"}, "decision": "deny", "reason_code": "a"},
        {"where": {"body": {"contains": "alice"}, "headers": {"user-agent": {"starts": "sally"}}},
         "decision": "deny", "reason_code": "b"},
        {"decision": "deny", "reason_code": "c"}]})"),
                        kClock);
  const auto result = result_of(evaluate(answers));
  EXPECT_EQ(result.decision(), proto::DECISION_DENY);
  EXPECT_EQ(result.reason_code(), "b");
  EXPECT_EQ(result_of(evaluate(answers, request("bob"))).reason_code(), "c");
}

TEST(Answers, MatchInsideAJsonBody) {
  const Answers answers(
      spec_of(R"({"script": [{"where": {"json": {"/model": "m1"}}, "decision": "deny"}]})"),
      kClock);
  EXPECT_EQ(text(evaluate(answers, request(R"({"model":"m1"})")), "decision"), "deny");
  EXPECT_EQ(text(evaluate(answers, request(R"({"model":"m2"})")), "decision"), "allow");
}

TEST(Answers, ReplaceEveryOccurrenceAndOnlyThenSendABody) {
  const Answers answers(spec_of(R"({"script": [{"replace": {"al": "AL", "alice": "bob"}}]})"),
                        kClock);
  const auto result = result_of(evaluate(answers, request("alice, alan, alice")));
  EXPECT_TRUE(result.has_body());
  EXPECT_EQ(result.body(), "bob, ALan, bob");
  EXPECT_FALSE(result_of(evaluate(answers, request("carol"))).has_body());
}

TEST(Answers, ReplaceTheBodyWholeAlsoByNothing) {
  const Answers answers(spec_of(R"({"script": [{"body": ""}]})"), kClock);
  const auto result = result_of(evaluate(answers));
  EXPECT_TRUE(result.has_body());
  EXPECT_EQ(result.body(), "");
}

TEST(Answers, ChangeHeadersAndReportFindings) {
  const Answers answers(
      spec_of(R"({"script": [{"headers": [{"append": "a", "value": "1"}, {"overwrite": "b"},
              {"skip": "c"}, {"remove": "d"}], "findings": [{"type": "pii", "count": 2}]}]})"),
      kClock);
  const auto result = result_of(evaluate(answers));
  ASSERT_EQ(result.header_mutations_size(), 4);
  EXPECT_EQ(result.header_mutations(0).write().on_existing(), proto::EXISTING_HEADER_ACTION_APPEND);
  EXPECT_EQ(result.header_mutations(1).write().on_existing(),
            proto::EXISTING_HEADER_ACTION_OVERWRITE);
  EXPECT_EQ(result.header_mutations(2).write().on_existing(), proto::EXISTING_HEADER_ACTION_SKIP);
  EXPECT_EQ(result.header_mutations(3).remove().name(), "d");
  EXPECT_EQ(result.findings(0).count(), 2U);
}

TEST(Answers, EndACallWithAStatusLate) {
  const Answers answers(
      spec_of(R"({"script": [{"status": "RESOURCE_EXHAUSTED", "delay": "30ms"}]})"), kClock);
  const Answered answered = evaluate(answers);
  EXPECT_EQ(answered.reply.code, 8);
  EXPECT_EQ(answered.reply.delay, std::chrono::milliseconds(30));
  EXPECT_EQ(text(answered, "decision"), "(none)");
}

TEST(Answers, MalformedAsTheScriptSays) {
  const auto malformed = [](const std::string& how) {
    const Answers answers(
        spec_of(R"({"max_payload": 10, "script": [{"malformed": ")" + how + "\"}]}"), kClock);
    return evaluate(answers);
  };
  EXPECT_EQ(result_of(malformed("decision_0")).decision(), proto::DECISION_UNSPECIFIED);
  EXPECT_EQ(result_of(malformed("bad_reason_code")).reason_code(), "Not A Code");
  EXPECT_EQ(result_of(malformed("oversize")).body().size(), 11U);
  proto::HttpRequestResult result;
  EXPECT_FALSE(result.ParseFromString(malformed("undecodable").reply.bytes));
  EXPECT_EQ(text(malformed("undecodable"), "malformed"), "undecodable");
}

TEST(Answers, DescribeWhatTheServiceOffers) {
  const Answers answers(
      spec_of(R"({"name": "guard", "max_payload": 4096, "describe": {"timeout": "1s",
              "audience": "us", "operations": ["http_request", "websocket_message"]}})"),
      kClock);
  const Answered answered = answers.answer(kMethods + "Describe", "");
  EXPECT_EQ(answered.told.kind, "describe");
  proto::MiddlewareManifest manifest;
  ASSERT_TRUE(manifest.ParseFromString(answered.reply.bytes));
  EXPECT_EQ(manifest.name(), "guard");
  EXPECT_EQ(manifest.expected_audience(), "us");
  ASSERT_EQ(manifest.bindings_size(), 2);
  EXPECT_EQ(manifest.bindings(0).operation(), proto::SUPERVISOR_MIDDLEWARE_OPERATION_HTTP_REQUEST);
  EXPECT_EQ(manifest.bindings(0).phase(), proto::SUPERVISOR_MIDDLEWARE_PHASE_PRE_CREDENTIALS);
  EXPECT_EQ(manifest.bindings(0).max_payload_bytes(), 4096U);
  EXPECT_EQ(manifest.bindings(1).timeout(), "1s");
}

TEST(Answers, ValidateConfigurations) {
  proto::ValidateConfigRequest request;
  request.set_middleware_name("guard");
  (*request.mutable_config()->mutable_fields())["mode"].set_string_value("redact");
  const auto ask = [&](const char* script) {
    const Answers answers(spec_of(script), kClock);
    return answers.answer(kMethods + "ValidateConfig", request.SerializeAsString());
  };
  proto::ValidateConfigResponse response;
  const Answered good = ask("{}");
  ASSERT_TRUE(response.ParseFromString(good.reply.bytes));
  EXPECT_TRUE(response.valid());
  EXPECT_EQ(good.told.kind, "validate");
  EXPECT_EQ(std::get<journal::Json>(good.told.fields.at("json")).text, R"({"mode":"redact"})");
  ASSERT_TRUE(response.ParseFromString(ask(R"({"validate": "bad mode"})").reply.bytes));
  EXPECT_FALSE(response.valid());
  EXPECT_EQ(response.reason(), "bad mode");
}

TEST(Answers, KnowNoOtherCallAndNoOtherBytes) {
  const Answers answers(spec_of("{}"), kClock);
  const Answered other = answers.answer(kMethods + "EvaluateWebSocketSession", "");
  EXPECT_EQ(other.reply.code, 12);
  EXPECT_EQ(other.told.kind, "");
  const Answered bad = answers.answer(kMethods + "EvaluateHttpRequest", "\xff\xff\xff");
  EXPECT_EQ(bad.reply.code, 13);
  EXPECT_EQ(bad.told.kind, "");
}

TEST(Answers, TellABoundedPartOfALongBodyAndMatchAllOfIt) {
  const Answers answers(
      spec_of(R"({"script": [{"where": {"body": {"ends": "needle"}}, "decision": "deny"}]})"),
      kClock);
  const Answered answered =
      evaluate(answers, request(std::string(kBodyBytesTold + 1, 'x') + "needle"));
  EXPECT_EQ(text(answered, "decision"), "deny");
  EXPECT_EQ(text(answered, "body").size(), kBodyBytesTold);
  EXPECT_EQ(std::get<std::int64_t>(answered.told.fields.at("body_size")),
            static_cast<std::int64_t>(kBodyBytesTold + 7));
}

TEST(Answers, FaultsTouchEveryCallUntilTheyAreLifted) {
  Answers answers(spec_of("{}"), kClock);
  EXPECT_EQ(answers.control("begin late slow 20ms"), "");
  EXPECT_EQ(answers.control("begin gone unavailable"), "");
  const Answered touched = answers.answer(kMethods + "Describe", "");
  EXPECT_EQ(touched.reply.code, 14);
  EXPECT_EQ(touched.reply.delay, std::chrono::milliseconds(20));
  EXPECT_EQ(touched.told.hits, (std::vector<std::string>{"gone", "late"}));
  EXPECT_EQ(answers.control("lift gone"), "");
  EXPECT_EQ(answers.control("begin bad malformed"), "");
  proto::HttpRequestResult result;
  EXPECT_FALSE(result.ParseFromString(evaluate(answers).reply.bytes));
  EXPECT_EQ(answers.control("lift bad"), "");
  EXPECT_EQ(answers.control("begin broken internal"), "");
  EXPECT_EQ(evaluate(answers).reply.code, 13);
  EXPECT_EQ(answers.control("lift broken"), "");
  EXPECT_EQ(answers.control("lift late"), "");
  EXPECT_TRUE(evaluate(answers).told.hits.empty());
}

TEST(Answers, RefuseLinesThatMeanNothing) {
  Answers answers(spec_of("{}"), kClock);
  EXPECT_NE(answers.control(""), "");
  EXPECT_NE(answers.control("begin"), "");
  EXPECT_NE(answers.control("begin x frozen"), "");
  EXPECT_NE(answers.control("begin x slow"), "");
  EXPECT_NE(answers.control("begin x slow soon"), "");
  EXPECT_NE(answers.control("stop x"), "");
  EXPECT_TRUE(evaluate(answers).told.hits.empty());
}

TEST(Answers, FollowAnotherScriptOnceItIsRead) {
  Answers answers(spec_of("{}"), kClock);
  ServiceSpec strict = spec_of("{}");
  Reaction denial;
  denial.decision = Reaction::Decision::deny;
  strict.script.push_back(denial);
  const std::string path = testing::TempDir() + "sallyport-script-" + std::to_string(::getpid());
  ASSERT_TRUE(save(strict, 1.0, path));
  EXPECT_EQ(answers.control("script " + path), "");
  EXPECT_EQ(result_of(evaluate(answers)).decision(), proto::DECISION_DENY);
  ::unlink(path.c_str());
  EXPECT_NE(answers.control("script " + path), "");
  EXPECT_EQ(result_of(evaluate(answers)).decision(), proto::DECISION_DENY);
}

}  // namespace
}  // namespace sallyport::sim::middleware::server
