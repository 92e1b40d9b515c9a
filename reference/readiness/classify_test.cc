#include "reference/readiness/classify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/readiness/testing/stage.h"

namespace sallyport::readiness {
namespace {

using testing::exited;
using testing::facts;
using ::testing::HasSubstr;
using testing::kAgent;
using testing::kElsewhere;
using testing::not_run;
using testing::timed_out;

Attempt by(Rule rule, const CommandResult& result) {
  return classify(testing::request(rule), kAgent, result);
}
Attempt observed(const std::string& out, int code = 0, const std::string& err = {}) {
  return by(Rule::observed, exited(out, code, err));
}
Attempt strict(const std::string& out, int code = 0, const std::string& err = facts(kAgent)) {
  return by(Rule::strict, exited(out, code, err));
}
// What curl and the script leave behind after a body.
Attempt invocation(const std::string& body, const std::string& end = "HTTP_200 000 0 CURL_0") {
  return by(Rule::invocation, exited(body + "\n" + end + "\n", 0, facts(kAgent)));
}
std::string says(const std::string& text) {
  return R"({"choices":[{"message":{"role":"assistant","content":")" + text + R"("}}]})";
}

std::string word(const Attempt& attempt) {
  std::string text(name(attempt.outcome));
  if (!attempt.reason.empty()) text += " " + std::string(attempt.reason);
  if (!attempt.code.empty()) text += " " + attempt.code;
  return text;
}

TEST(Observed, TakesAnyStatusOf2xx) {
  EXPECT_EQ(word(observed("HTTP_200\n")), "ok 200");
  EXPECT_EQ(word(observed("HTTP_204")), "ok 204");
  EXPECT_EQ(word(observed("HTTP_206")), "ok 206");
}

TEST(Observed, RefusesEveryOtherStatusAndNamesIt) {
  for (const char* code : {"302", "401", "403", "404", "429", "500", "502", "503", "100"}) {
    const Attempt attempt = observed(std::string("HTTP_") + code + "\n");
    EXPECT_EQ(word(attempt), std::string("unreachable bad-status ") + code);
    EXPECT_THAT(attempt.detail, HasSubstr(code));
    EXPECT_FALSE(attempt.is_final());
  }
}

TEST(Observed, ReadsTheFirstThreeDigitsOfATransferThatFailed) {
  EXPECT_EQ(word(observed("HTTP_000000")), "unreachable no-answer 000");
  EXPECT_EQ(word(observed("HTTP_000")), "unreachable no-answer 000");
  // The field's blind spot: 200, then a stall or a short body.
  EXPECT_EQ(word(observed("HTTP_200000")), "ok 200");
}

TEST(Observed, LooksPastABannerAndTheExitStatus) {
  EXPECT_EQ(word(observed("Welcome\nHTTP_200", 1)), "ok 200");
  EXPECT_EQ(word(observed("HTTP_ HTTP_2x HTTP_204")), "ok 204");
}

TEST(Observed, TakesNoCurlOnlyWhenNothingStandsAround) {
  EXPECT_EQ(word(observed("NO_CURL\n")), "skipped probe-tool-unavailable");
  EXPECT_EQ(word(observed("  NO_CURL  ", 7)), "skipped probe-tool-unavailable");
  EXPECT_EQ(word(observed("Warning\nNO_CURL")), "exec_failed unexpected-output");
}

TEST(Observed, CallsEverythingElseAFailureOfExecAndQuotesIt) {
  for (const char* out : {"hello", "", "HTTP_20", "http_200", "HTTP_-200"})
    EXPECT_EQ(word(observed(out)), "exec_failed unexpected-output") << out;
  EXPECT_THAT(observed("hello").detail, HasSubstr("hello"));
  EXPECT_THAT(observed("", 1, "no such box\n").detail, HasSubstr("no such box"));
  EXPECT_LE(observed(std::string(5000, 'x')).detail.size(), 300U);
}

TEST(Observed, ReadsNoStatusOutOfTheErrors) {
  EXPECT_EQ(word(observed("", 0, "HTTP_200")), "exec_failed unexpected-output");
}

TEST(Observed, SaysThatExecDidNotRunBeforeItLooksAtAnyText) {
  EXPECT_EQ(word(by(Rule::observed, not_run())), "exec_failed not-run");
  EXPECT_EQ(word(by(Rule::observed, timed_out("HTTP_200"))), "exec_failed timed-out");
}

TEST(Observed, KnowsWhatExecSaysOfACommandThatDidNotRun) {
  EXPECT_EQ(word(observed("", 125, "there is no sandbox named ci\n")), "exec_failed not-run");
  EXPECT_THAT(observed("", 125, "there is no sandbox").detail, HasSubstr("there is no sandbox"));
  EXPECT_EQ(word(observed("", 124)), "exec_failed timed-out");
  EXPECT_EQ(word(observed("HTTP_200", 125)), "ok 200");
}

TEST(Observed, AcceptsAnUnknownPlaceAsTheFieldDoes) {
  EXPECT_EQ(word(observed("HTTP_200")), "ok 200");
  EXPECT_EQ(
      word(classify(testing::request(), std::nullopt, exited("HTTP_200", 0, facts(kElsewhere)))),
      "ok 200");
}

TEST(Place, CountsForMoreThanTheStatusUnderEveryRule) {
  const std::string there = facts(kElsewhere);
  EXPECT_EQ(word(observed("HTTP_200", 0, there)), "wrong_context other-namespace 200");
  EXPECT_EQ(word(observed("HTTP_503", 0, there)), "wrong_context other-namespace 503");
  EXPECT_EQ(word(observed("NO_CURL", 0, there)), "wrong_context other-namespace");
  EXPECT_EQ(word(strict("HTTP_200", 0, there)), "wrong_context other-namespace 200");
  EXPECT_EQ(word(strict("HTTP_200", 1, there)), "wrong_context other-namespace");
  EXPECT_EQ(word(by(Rule::invocation, exited(says("PONG") + "\nHTTP_200 000 0 CURL_0", 0, there))),
            "wrong_context other-namespace 200");
}

TEST(Place, NamesBothNamespacesAndIsFinal) {
  const Attempt attempt = observed("HTTP_200", 0, facts(kElsewhere));
  EXPECT_THAT(attempt.detail, HasSubstr(std::to_string(kAgent)));
  EXPECT_THAT(attempt.detail, HasSubstr(std::to_string(kElsewhere)));
  EXPECT_TRUE(attempt.is_final());
}

TEST(Place, WhenUnknownIsNeverAProofUnderOurRules) {
  EXPECT_EQ(word(strict("HTTP_200", 0, "")), "exec_failed context-unknown 200");
  EXPECT_EQ(word(classify(testing::request(Rule::strict), std::nullopt,
                          exited("HTTP_200", 0, facts(kAgent)))),
            "exec_failed context-unknown 200");
  EXPECT_EQ(word(by(Rule::invocation, exited(says("PONG") + "\nHTTP_200 000 0 CURL_0"))),
            "exec_failed context-unknown 200");
}

TEST(Place, ToldTwiceAndDifferentlyIsUnknown) {
  EXPECT_EQ(word(strict("HTTP_200", 0, facts(kAgent) + facts(kElsewhere))),
            "exec_failed context-unknown 200");
}

TEST(Strict, TakesOneWholeLineOfACommandThatEndedWell) {
  EXPECT_EQ(word(strict("HTTP_200\n")), "ok 200");
  EXPECT_EQ(word(strict("HTTP_204")), "ok 204");
}

TEST(Strict, SeesTheStallAfterAGoodStatus) {
  EXPECT_EQ(word(strict("HTTP_200000", 0, facts(kAgent, 28))), "unreachable cut-short 200");
  EXPECT_THAT(strict("HTTP_200000", 0, facts(kAgent, 18)).detail,
              HasSubstr("shorter than was said"));
  // A script that lost the zeros, yet told curl's end.
  EXPECT_EQ(word(strict("HTTP_200", 0, facts(kAgent, 28))), "unreachable cut-short 200");
}

TEST(Strict, DoesNotLookAtTextWhereTheExitStatusIsBad) {
  EXPECT_EQ(word(strict("HTTP_200", 1)), "exec_failed exit-status");
  EXPECT_EQ(word(strict("NO_CURL", 1)), "exec_failed exit-status");
}

TEST(Strict, RefusesNoiseAroundTheStatus) {
  for (const char* out : {"Welcome\nHTTP_200", "HTTP_200 bye", "HTTP_2001", "HTTP_20", "",
                          "HTTP_200\nHTTP_200", "HTTP_2000000"})
    EXPECT_EQ(word(strict(out)), "exec_failed unexpected-output") << out;
}

TEST(Strict, KeepsUnreachableApartByStatus) {
  EXPECT_EQ(word(strict("HTTP_000000", 0, facts(kAgent, 7))), "unreachable no-answer 000");
  EXPECT_EQ(word(strict("HTTP_503")), "unreachable bad-status 503");
  EXPECT_EQ(word(strict("HTTP_302000")), "unreachable bad-status 302");
}

TEST(Strict, RefusesOutputThatWasCut) {
  CommandResult result = exited("HTTP_200", 0, facts(kAgent));
  result.cut = true;
  EXPECT_EQ(word(by(Rule::strict, result)), "exec_failed unexpected-output");
}

TEST(Strict, SaysThatExecDidNotRunBeforeItLooksAtAnyText) {
  EXPECT_EQ(word(by(Rule::strict, timed_out("HTTP_200"))), "exec_failed timed-out");
  EXPECT_EQ(word(by(Rule::strict, not_run())), "exec_failed not-run");
}

TEST(Invocation, TakesACompletionThatSaysTheWord) {
  EXPECT_EQ(word(invocation(says("PONG"))), "ok 200");
  EXPECT_EQ(word(invocation(says("It is PONG."))), "ok 200");
}

TEST(Invocation, RefusesAnAnswerWithoutTheWord) {
  EXPECT_EQ(word(invocation(says("I am a model"))), "unreachable unexpected-answer 200");
  EXPECT_EQ(word(invocation(R"({"error":{"message":"what is PONG?"}})")),
            "unreachable unexpected-answer 200");
  EXPECT_EQ(word(invocation("PONG")), "unreachable unexpected-answer 200");
  EXPECT_EQ(word(invocation("")), "unreachable unexpected-answer 200");
}

TEST(Invocation, LooksAtTheStatusBeforeTheText) {
  EXPECT_EQ(word(invocation(says("PONG"), "HTTP_404 000 0 CURL_0")), "unreachable bad-status 404");
  EXPECT_EQ(word(invocation(says("PONG"), "HTTP_200 000 0 CURL_28")), "unreachable cut-short 200");
  EXPECT_EQ(word(invocation("", "HTTP_000 403 0 CURL_56")), "unreachable no-answer 000");
}

TEST(Invocation, KeepsCurlsFactsApart) {
  const Attempt attempt = invocation("", "HTTP_000 403 20 CURL_56");
  EXPECT_EQ(attempt.facts.curl_exit, 56);
  EXPECT_EQ(attempt.facts.http_connect, "403");
  EXPECT_EQ(attempt.facts.tls_verify, "20");
  EXPECT_THAT(attempt.detail, HasSubstr("CONNECT was answered with 403"));
}

TEST(Invocation, IsNotTakenInByALineOfTheBody) {
  const std::string forged = says("PONG") + "\nHTTP_200 000 0 CURL_0";
  EXPECT_EQ(word(invocation(forged, " CURL_137")), "exec_failed unexpected-output");
  EXPECT_EQ(word(invocation(forged, "HTTP_500 000 0 CURL_0")), "unreachable bad-status 500");
}

TEST(Invocation, RefusesALastLineThatIsNotCurls) {
  for (const char* end :
       {"HTTP_200", "HTTP_200 000 0", "HTTP_200 0 0 CURL_0", "HTTP_20 000 0 CURL_0",
        "HTTP_200 000 CURL_0", "HTTP_200 000 0 CURL_", "HTTP_200 000 0 CURL_0x",
        "HTTP_200 000 0 CURL_99999999999", "HTTP_200 000 x CURL_0"})
    EXPECT_EQ(word(invocation(says("PONG"), end)), "exec_failed unexpected-output") << end;
}

TEST(Invocation, ReportsTimeAndExecErrorsBeforeAnyText) {
  const std::string good = says("PONG") + "\nHTTP_200 000 0 CURL_0";
  EXPECT_EQ(word(by(Rule::invocation, timed_out(good))), "exec_failed timed-out");
  EXPECT_EQ(word(by(Rule::invocation, exited(good, 124, facts(kAgent)))),
            "exec_failed exit-status");
  EXPECT_EQ(word(by(Rule::invocation, exited("NO_CURL\n", 0, facts(kAgent)))),
            "skipped probe-tool-unavailable");
}

TEST(Facts, AreReadApartFromTheVerdict) {
  const Attempt attempt = observed("HTTP_000000", 0,
                                   "noise\nsallyport-probe netns=net:[4026532001]\r\n"
                                   "sallyport-probe curl=60 connect=200 verify=19\n");
  EXPECT_EQ(attempt.facts.netns, kAgent);
  EXPECT_EQ(attempt.facts.curl_exit, 60);
  EXPECT_EQ(attempt.facts.http_connect, "200");
  EXPECT_EQ(attempt.facts.tls_verify, "19");
  EXPECT_THAT(attempt.detail, HasSubstr("isn't trusted"));
}

TEST(Facts, ThatAreNoneAreNotTaken) {
  for (const char* err :
       {"sallyport-probe netns=", "sallyport-probe netns=net:[]", "sallyport-probe netns=net:[0]",
        "sallyport-probe netns=net:[12x]", "sallyport-probe netns=mnt:[12]",
        " sallyport-probe netns=net:[12]", "sallyport-probe netns=net:[99999999999999999999999]"}) {
    EXPECT_FALSE(observed("HTTP_200", 0, err).facts.netns) << err;
  }
  const Attempt odd = observed("HTTP_200", 0, "sallyport-probe curl=x connect=2000 verify=-1\n");
  EXPECT_FALSE(odd.facts.curl_exit);
  EXPECT_EQ(odd.facts.http_connect, "");
  EXPECT_EQ(odd.facts.tls_verify, "");
}

}  // namespace
}  // namespace sallyport::readiness
