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

proto::HttpRequestResult answer_of(const std::string& entry) {
  const Answers answers(spec_of(R"({"script": [)" + entry + "]}"), kClock);
  return result_of(evaluate(answers));
}

TEST(Answers, AreFilledToTheOctet) {
  EXPECT_EQ(answer_of(R"({"fill": {"body": 4194305}})").body().size(), 4194305U);
  EXPECT_TRUE(answer_of(R"({"fill": {"body": 0}})").has_body());
  EXPECT_EQ(answer_of(R"({"fill": {"reason": 4097}})").reason().size(), 4097U);
  EXPECT_EQ(answer_of(R"({"fill": {"reason_code": 65}})").reason_code(), std::string(65, 'x'));
  EXPECT_EQ(answer_of(R"({"fill": {"findings": 33}})").findings_size(), 33);
  for (const int bytes : {300, 4096, 4097}) {
    const auto result =
        answer_of(R"({"fill": {"findings": 2, "finding": )" + std::to_string(bytes) + "}}");
    EXPECT_EQ(result.findings(0).ByteSizeLong(), static_cast<std::size_t>(bytes));
    EXPECT_EQ(result.findings(1).ByteSizeLong(), static_cast<std::size_t>(bytes));
  }
}

TEST(Answers, AreFilledWithHeadersAndMetadata) {
  const auto headers = answer_of(
      R"({"headers": [{"remove": "a"}], "fill": {"headers": 65, "header_bytes": 32769}})");
  ASSERT_EQ(headers.header_mutations_size(), 65);
  EXPECT_EQ(headers.header_mutations(0).remove().name(), "a");
  std::size_t bytes = 0;
  for (const auto& one : headers.header_mutations()) {
    bytes += one.remove().name().size() + one.write().name().size() + one.write().value().size();
  }
  EXPECT_EQ(bytes, 32769U);
  const auto metadata = answer_of(
      R"({"metadata": {"mine": "yes"}, "fill": {"metadata": 65, "metadata_bytes": 5000}})");
  EXPECT_EQ(metadata.metadata_size(), 65);
  EXPECT_EQ(metadata.metadata().at("mine"),
            "yes" + std::string(metadata.metadata().at("mine").size() - 3, 'x'));
  bytes = 0;
  for (const auto& [key, value] : metadata.metadata()) bytes += key.size() + value.size();
  EXPECT_EQ(bytes, 5000U);
}

TEST(Answers, SayWhatTheContractDoesNotHave) {
  EXPECT_EQ(answer_of(R"({"decision": 7})").decision(), 7);
  const auto result = answer_of(
      R"({"reason": "mine", "has_body": true, "headers": [{"write": "a", "value": "b\r\nc",
          "on_existing": 9}, {"empty": true}], "findings": [{"type": "t", "label": "l",
          "confidence": "c"}]})");
  EXPECT_EQ(result.reason(), "mine");
  EXPECT_TRUE(result.has_body());
  EXPECT_EQ(result.body(), "");
  EXPECT_EQ(result.header_mutations(0).write().on_existing(), 9);
  EXPECT_EQ(result.header_mutations(0).write().value(), "b\r\nc");
  EXPECT_FALSE(result.header_mutations(1).has_write() || result.header_mutations(1).has_remove());
  EXPECT_EQ(result.findings(0).label(), "l");
  EXPECT_EQ(result.findings(0).confidence(), "c");
  EXPECT_FALSE(answer_of(R"({"body": "ignored", "has_body": false})").has_body());
}

TEST(Answers, AnEntryDecidesSoManyTimes) {
  const Answers answers(
      spec_of(R"({"script": [{"times": 2, "status": 14}, {"decision": "deny"}]})"), kClock);
  EXPECT_EQ(evaluate(answers).reply.code, 14);
  const Answered second = evaluate(answers);
  EXPECT_EQ(second.reply.code, 14);
  EXPECT_EQ(text(second, "code"), "UNAVAILABLE");
  EXPECT_EQ(text(evaluate(answers), "decision"), "deny");
}

TEST(Answers, NeverComeWhereTheScriptSaysSo) {
  const Answers answers(spec_of(R"({"script": [{"delay": "never"}]})"), kClock);
  EXPECT_TRUE(evaluate(answers).reply.never);
}

TEST(Answers, DescribeCallByCallThenTheLastAgain) {
  const Answers answers(spec_of(R"({"describe": [{"status": "UNAVAILABLE", "delay": "11s"},
      {"malformed": "undecodable"},
      {"name": "other", "version": "3", "bindings": [
        {"operation": "websocket_message", "phase": "pre_return", "max_payload": 0},
        {"operation": 9, "phase": 0, "timeout": "1s"}, {"operation": 9, "phase": 0}]}]})"),
                        kClock);
  const auto ask = [&] { return answers.answer(kMethods + "Describe", ""); };
  const Answered first = ask();
  EXPECT_EQ(first.reply.code, 14);
  EXPECT_EQ(first.reply.delay, std::chrono::seconds(11));
  proto::MiddlewareManifest manifest;
  EXPECT_FALSE(manifest.ParseFromString(ask().reply.bytes));
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(manifest.ParseFromString(ask().reply.bytes));
    EXPECT_EQ(manifest.name(), "other");
    EXPECT_EQ(manifest.service_version(), "3");
    ASSERT_EQ(manifest.bindings_size(), 3);
    EXPECT_EQ(manifest.bindings(0).phase(), proto::SUPERVISOR_MIDDLEWARE_PHASE_PRE_RETURN);
    EXPECT_EQ(manifest.bindings(0).max_payload_bytes(), 0U);
    EXPECT_EQ(manifest.bindings(1).operation(), 9);
    EXPECT_EQ(manifest.bindings(1).max_payload_bytes(), 65536U);
    EXPECT_EQ(manifest.bindings(1).timeout(), "1s");
    EXPECT_EQ(manifest.bindings(2).timeout(), "");
  }
}

TEST(Answers, ValidateCallByCall) {
  const Answers answers(spec_of(
                            R"({"validate": ["bad", {"status": 8}, {"valid": false},
                           {"valid": true, "reason": "r"}]})"),
                        kClock);
  const auto ask = [&] { return answers.answer(kMethods + "ValidateConfig", ""); };
  proto::ValidateConfigResponse response;
  ASSERT_TRUE(response.ParseFromString(ask().reply.bytes));
  EXPECT_EQ(response.reason(), "bad");
  EXPECT_EQ(ask().reply.code, 8);
  ASSERT_TRUE(response.ParseFromString(ask().reply.bytes));
  EXPECT_FALSE(response.valid());
  ASSERT_TRUE(response.ParseFromString(ask().reply.bytes));
  EXPECT_TRUE(response.valid());
  EXPECT_EQ(response.reason(), "r");
}

TEST(Answers, TellEveryFieldOfTheRequest) {
  auto what = request();
  what.set_middleware_name("acme/guard");
  (*what.mutable_config()->mutable_fields())["mode"].set_string_value("redact");
  auto& context = *what.mutable_context();
  context.set_request_id("r1");
  context.set_sandbox_id("s1");
  context.set_sandbox_name("box");
  context.set_workspace("w");
  const Answers answers(spec_of("{}"), kClock);
  const Answered answered = evaluate(answers, what);
  EXPECT_EQ(text(answered, "name"), "acme/guard");
  EXPECT_EQ(text(answered, "phase"), "pre_credentials");
  EXPECT_EQ(text(answered, "request_id"), "r1");
  EXPECT_EQ(text(answered, "sandbox_id"), "s1");
  EXPECT_EQ(text(answered, "sandbox_name"), "box");
  EXPECT_EQ(text(answered, "workspace"), "w");
  EXPECT_EQ(text(answered, "binary"), "(none)");
  EXPECT_EQ(std::get<journal::Json>(answered.told.fields.at("config")).text,
            R"({"mode":"redact"})");
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
