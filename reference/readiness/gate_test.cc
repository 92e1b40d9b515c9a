#include "reference/readiness/gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/readiness/testing/stage.h"

namespace sallyport::readiness {
namespace {

using ::testing::ElementsAre;
using testing::exited;
using testing::facts;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kAgent;
using testing::kElsewhere;
using testing::not_run;
using testing::Pass;
using testing::pass;
using ::testing::SizeIs;
using testing::timed_out;

// `class reason code, calls and gaps`.
std::string word(const Report& report) {
  return std::string(name(report.outcome)) + " " + report.reason + " " + report.code + ", " +
         std::to_string(report.calls) + " " + std::to_string(report.gaps);
}

TEST(Gate, EndsAfterTheFirstGoodAnswer) {
  const Pass one = pass(testing::request(), {exited("HTTP_200\n", 0, facts(kAgent))});
  EXPECT_EQ(word(one.report), "ok  200, 1 0");
  EXPECT_EQ(one.report.facts.netns, kAgent);
  EXPECT_THAT(one.waits, IsEmpty());
  EXPECT_EQ(word(pass(testing::request(), {exited("HTTP_204")}).report), "ok  204, 1 0");
  EXPECT_EQ(word(pass(testing::request(), {exited("HTTP_206")}).report), "ok  206, 1 0");
}

TEST(Gate, AsksThreeTimesWithTwoGapsBeforeItBelievesAFailure) {
  for (const char* code : {"302", "401", "403", "404", "429", "500", "502", "503"}) {
    const Pass one = pass(testing::request(), {exited(std::string("HTTP_") + code)});
    EXPECT_EQ(word(one.report), std::string("unreachable bad-status ") + code + ", 3 2");
    EXPECT_THAT(one.waits, ElementsAre(ms(2000), ms(2000)));
    EXPECT_THAT(one.report.detail, HasSubstr(code));
    EXPECT_THAT(one.asked, SizeIs(3));
  }
}

TEST(Gate, KeepsWhatKindOfNothingItWas) {
  for (const int curl : {7, 28, 56, 60}) {
    const Pass one = pass(testing::request(), {exited("HTTP_000000", 0, facts(kAgent, curl))});
    EXPECT_EQ(word(one.report), "unreachable no-answer 000, 3 2");
    EXPECT_EQ(one.report.facts.curl_exit, curl);
    EXPECT_THAT(one.report.detail, HasSubstr("curl ended with " + std::to_string(curl)));
  }
}

TEST(Gate, SkipsAtOnceWithoutCurl) {
  const Pass one = pass(testing::request(), {exited("NO_CURL\n", 0, facts(kAgent))});
  EXPECT_EQ(word(one.report), "skipped probe-tool-unavailable , 1 0");
}

TEST(Gate, BelievesTheLastAttempt) {
  EXPECT_EQ(
      word(pass(testing::request(), {exited("HTTP_503"), exited("HTTP_000000"), exited("HTTP_200")})
               .report),
      "ok  200, 3 2");
  EXPECT_EQ(
      word(pass(testing::request(), {exited("HTTP_000000"), exited("noise"), exited("HTTP_404")})
               .report),
      "unreachable bad-status 404, 3 2");
  EXPECT_EQ(
      word(pass(testing::request(), {exited("HTTP_503"), exited("HTTP_404"), not_run()}).report),
      "exec_failed not-run , 3 2");
}

TEST(Gate, ReportsExecThatDoesNotRunOrSaysSomethingElse) {
  EXPECT_EQ(word(pass(testing::request(), {not_run(), timed_out(), not_run()}).report),
            "exec_failed not-run , 3 2");
  EXPECT_EQ(
      word(pass(testing::request(), {exited("hello"), exited("Warning\nNO_CURL"), exited("", 1)})
               .report),
      "exec_failed unexpected-output , 3 2");
}

TEST(Gate, LooksPastABanner) {
  EXPECT_EQ(word(pass(testing::request(), {exited("Welcome\nHTTP_200", 1)}).report),
            "ok  200, 1 0");
}

TEST(Gate, RunsNothingWhereItDoesNotApply) {
  Request cloud = testing::request();
  cloud.kind = "openai";
  const Pass one = pass(cloud, {exited("HTTP_200")});
  EXPECT_EQ(word(one.report), "skipped not-local-provider , 0 0");
  EXPECT_THAT(one.asked, IsEmpty());

  Request native = testing::request();
  native.setup.route = "native";
  native.agent_netns.reset();
  native.agent_query = {"ask"};
  const Pass two = pass(native, {exited("HTTP_200")});
  EXPECT_EQ(word(two.report), "skipped not-docker-gpu-patch , 0 0");
  EXPECT_THAT(two.asked, IsEmpty());

  Request nowhere = testing::request();
  nowhere.endpoint = "";
  EXPECT_EQ(word(pass(nowhere, {exited("HTTP_200")}).report), "skipped no-runtime-endpoint , 0 0");
}

TEST(Gate, TellsAProbeInTheWrongPlaceAtOnce) {
  const Pass one = pass(testing::request(), {exited("HTTP_200", 0, facts(kElsewhere))});
  EXPECT_EQ(word(one.report), "wrong_context other-namespace 200, 1 0");
  EXPECT_EQ(one.report.facts.netns, kElsewhere);
  EXPECT_EQ(one.report.agent_netns, kAgent);
}

TEST(Gate, IsBlindUnderTheFieldsRuleToWhatTheStrictOneSees) {
  const CommandResult stalled = exited("HTTP_200000", 0, facts(kAgent, 28));
  EXPECT_EQ(word(pass(testing::request(Rule::observed), {stalled}).report), "ok  200, 1 0");
  EXPECT_EQ(word(pass(testing::request(Rule::strict), {stalled}).report),
            "unreachable cut-short 200, 3 2");
}

TEST(Gate, AsksTheSandboxWhereItsAgentRuns) {
  Request request = testing::request(Rule::strict);
  request.agent_netns.reset();
  request.agent_query = {"sallyport-supervisor", "exec", "--json"};
  const std::string told = R"({"sandbox":"ci","netns":)" + std::to_string(kAgent) + "}\n";
  const Pass one = pass(request, {exited("", 0, told), exited("HTTP_200", 0, facts(kAgent))});
  EXPECT_EQ(word(one.report), "ok  200, 1 0");
  EXPECT_EQ(one.report.agent_netns, kAgent);
  EXPECT_EQ(one.asked.front(), "sallyport-supervisor exec --json");

  const Pass two = pass(request, {exited("", 0, told), exited("HTTP_200", 0, facts(kElsewhere))});
  EXPECT_EQ(word(two.report), "wrong_context other-namespace 200, 1 0");

  const Pass three = pass(request, {exited("", 125), exited("HTTP_200", 0, facts(kAgent))});
  EXPECT_EQ(word(three.report), "exec_failed context-unknown 200, 3 2");
}

TEST(Gate, PutsTheScriptAfterTheExecCommandWithItsLimit) {
  Request request = testing::request();
  request.limits.exec = ms(700);
  const Pass one = pass(request, {exited("HTTP_200")});
  EXPECT_THAT(one.asked.front(), ::testing::StartsWith("enter -- sh -c '"));
  EXPECT_THAT(one.limits, ElementsAre(ms(700)));
}

TEST(Gate, HeedsAttemptsAndGap) {
  Request request = testing::request();
  request.limits.attempts = 5;
  request.limits.gap = ms(30);
  const Pass one = pass(request, {exited("HTTP_503")});
  EXPECT_EQ(word(one.report), "unreachable bad-status 503, 5 4");
  EXPECT_THAT(one.waits, ElementsAre(ms(30), ms(30), ms(30), ms(30)));
}

TEST(Gate, BoundsItsDetail) {
  Request request = testing::request();
  request.endpoint = "https://inference.local/" + std::string(1000, 'x');
  EXPECT_EQ(pass(request, {exited("HTTP_503")}).report.detail.size(), 300U);
}

TEST(ExitCode, IsOneForEachOutcome) {
  EXPECT_EQ(exit_code(Class::ok), 0);
  EXPECT_EQ(exit_code(Class::unreachable), 1);
  EXPECT_EQ(exit_code(Class::skipped), 3);
  EXPECT_EQ(exit_code(Class::exec_failed), 4);
  EXPECT_EQ(exit_code(Class::wrong_context), 5);
}

}  // namespace
}  // namespace sallyport::readiness
