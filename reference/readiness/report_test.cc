#include "reference/readiness/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include "reference/readiness/testing/stage.h"

namespace sallyport::readiness {
namespace {

using ::testing::ContainsRegex;
using ::testing::Eq;
using testing::exited;
using testing::facts;
using ::testing::HasSubstr;
using testing::kAgent;
using testing::kElsewhere;
using ::testing::Not;
using testing::not_run;
using testing::pass;
using ::testing::StartsWith;

std::string text_of(const Request& request, std::vector<CommandResult> answers) {
  return report_text(request, pass(request, std::move(answers)).report);
}

TEST(ReportText, OfSuccessIsOneLineWithEndpointAndStatus) {
  const std::string text = text_of(testing::request(), {exited("HTTP_200")});
  EXPECT_EQ(text,
            "\u2713 the sandbox ci reached its local inference: "
            "https://inference.local/v1/models (HTTP 200)\n");
}

TEST(ReportText, OfFailureHasHeadingMessageFactsAndRecovery) {
  const std::string text = text_of(testing::request(), {exited("HTTP_503", 0, facts(kAgent))});
  EXPECT_THAT(text, StartsWith("Local inference was not proven to work in the sandbox ci.\n  "));
  EXPECT_THAT(text, HasSubstr("\n  provider=Local Ollama\n"
                              "  endpoint=https://inference.local/v1/models\n"
                              "  detail=https://inference.local/v1/models gave HTTP 503"));
  EXPECT_THAT(text, HasSubstr("\n  Recovery:\n    See that Ollama or vLLM runs"));
}

TEST(ReportText, OfAnUnreachableRouteHasACommandToPaste) {
  Request request = testing::request();
  request.kind = "vllm-local";
  request.endpoint = "https://inference.local/v1/models?a='b'";
  const std::string text = text_of(request, {exited("HTTP_503")});
  EXPECT_THAT(text, HasSubstr("provider=Local vLLM\n"));
  EXPECT_THAT(text,
              HasSubstr(R"(enter -- curl -sS 'https://inference.local/v1/models?a='\''b'\''')"));
  EXPECT_THAT(text, HasSubstr("firewall"));
  EXPECT_THAT(text, HasSubstr("Don't force the host's network"));
}

TEST(ReportText, OfAnExecThatFailedSaysHowToLookAtTheSandbox) {
  const std::string text = text_of(testing::request(), {not_run()});
  EXPECT_THAT(text, HasSubstr("See that the sandbox runs"));
  EXPECT_THAT(text, HasSubstr("    enter -- true\n"));
  EXPECT_THAT(text, Not(HasSubstr("Ollama or vLLM runs")));
}

TEST(ReportText, OfTheWrongPlaceSaysThatItProvesNothing) {
  const std::string text = text_of(testing::request(), {exited("HTTP_200", 0, facts(kElsewhere))});
  EXPECT_THAT(text, HasSubstr("proves nothing"));
  EXPECT_THAT(text, HasSubstr("sallyport-supervisor exec"));
}

TEST(ReportText, OfASkipWarnsThatNothingIsProven) {
  EXPECT_EQ(text_of(testing::request(), {exited("NO_CURL")}),
            "warning: skipped, nothing is proven: there is no curl in the sandbox ci\n");
  Request cloud = testing::request();
  cloud.kind = "openai";
  EXPECT_THAT(text_of(cloud, {exited("")}), HasSubstr("not-local-provider"));
}

TEST(ReportText, OfAClosedBridgeTellsTheNarrowestRuleThatIsKnown) {
  Request request = testing::request();
  request.setup.network = "host";
  EXPECT_THAT(text_of(request, {exited("", 1)}), HasSubstr("docker network inspect"));
  request.setup.subnet = "172.18.0.0/16";
  EXPECT_THAT(text_of(request, {exited("", 1)}),
              HasSubstr("    sudo ufw allow from 172.18.0.0/16 to any port 8080 proto tcp\n"));
  request.setup.gateway = "172.18.0.1";
  EXPECT_THAT(
      text_of(request, {exited("", 1)}),
      HasSubstr("    sudo ufw allow from 172.18.0.0/16 to 172.18.0.1 port 8080 proto tcp\n"));
  request.setup.subnet = "0.0.0.0/0";
  EXPECT_THAT(text_of(request, {exited("", 1)}), HasSubstr("docker network inspect"));
}

TEST(ReportText, OfABridgeSaysWhatEachReasonNeeds) {
  Request request = testing::request();
  request.setup.network = "host";
  EXPECT_THAT(text_of(request, {testing::timed_out()}), HasSubstr("Restart Docker"));
  EXPECT_THAT(text_of(request, {exited("", 1, "Cannot connect to the Docker daemon")}),
              HasSubstr("Start Docker"));
  EXPECT_THAT(text_of(request, {exited("", 125, "veth pair: operation not supported")}),
              HasSubstr("kernel"));
}

TEST(ReportText, LetsNothingOfASandboxSteerTheTerminal) {
  Request request = testing::request();
  request.sandbox = "a\x1b[2J";
  const std::string text = text_of(request, {exited("\x1b]0;owned\x07 \xC2\x9B hello")});
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("\x07")));
  EXPECT_THAT(text, Not(HasSubstr("\xC2\x9B")));
}

TEST(ReportJson, TellsEveryFactOnOneLine) {
  Request request = testing::request(Rule::strict);
  request.setup.network = "host";
  const Report report =
      pass(request, {exited(""), exited("HTTP_000000", 0, facts(kAgent, 60))}).report;
  const std::string json = report_json(request, report);
  EXPECT_EQ(json.find('\n'), std::string::npos);
  rapidjson::Document told;
  told.Parse(json.c_str());
  ASSERT_FALSE(told.HasParseError());
  EXPECT_STREQ(told["class"].GetString(), "unreachable");
  EXPECT_STREQ(told["reason"].GetString(), "no-answer");
  EXPECT_STREQ(told["rule"].GetString(), "strict");
  EXPECT_STREQ(told["kind"].GetString(), "ollama-local");
  EXPECT_STREQ(told["provider"].GetString(), "Local Ollama");
  EXPECT_STREQ(told["endpoint"].GetString(), "https://inference.local/v1/models");
  EXPECT_STREQ(told["sandbox"].GetString(), "ci");
  EXPECT_STREQ(told["code"].GetString(), "000");
  EXPECT_EQ(told["calls"].GetInt(), 3);
  EXPECT_EQ(told["gaps"].GetInt(), 2);
  EXPECT_EQ(told["context"].GetUint64(), kAgent);
  EXPECT_EQ(told["agent"].GetUint64(), kAgent);
  EXPECT_EQ(told["exit"].GetInt(), 60);
  EXPECT_STREQ(told["http_connect"].GetString(), "200");
  EXPECT_EQ(told["tls_verify"].GetInt(), 0);
  EXPECT_STREQ(told["network"].GetString(), "preserve");
  EXPECT_TRUE(told["downgraded"].GetBool());
  EXPECT_STREQ(told["recheck"].GetString(), "ok");
  EXPECT_STREQ(told["bridge"].GetString(), "ok");
  EXPECT_TRUE(told["fix"].IsNull());
  EXPECT_GT(told["recovery"].Size(), 0U);
}

TEST(ReportJson, SaysNullForWhatIsNotKnown) {
  Request request = testing::request();
  request.sandbox = "";
  request.agent_netns.reset();
  const Report report = pass(request, {exited("HTTP_200")}).report;
  rapidjson::Document told;
  told.Parse(report_json(request, report).c_str());
  ASSERT_FALSE(told.HasParseError());
  EXPECT_STREQ(told["class"].GetString(), "ok");
  for (const char* member : {"reason", "message", "detail", "sandbox", "context", "agent", "exit",
                             "http_connect", "tls_verify", "recheck", "bridge", "fix"})
    EXPECT_TRUE(told[member].IsNull()) << member;
  EXPECT_EQ(told["recovery"].Size(), 0U);
}

TEST(ReportJson, IsJsonWhateverTheCallerSaid) {
  Request request = testing::request();
  request.kind = "\xFF\"\n";
  rapidjson::Document told;
  told.Parse<rapidjson::kParseValidateEncodingFlag>(
      report_json(request, pass(request, {exited("")}).report).c_str());
  EXPECT_FALSE(told.HasParseError());
}

}  // namespace
}  // namespace sallyport::readiness
