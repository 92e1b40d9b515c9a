#include "reference/relay/middleware_events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::relay {
namespace {

using middleware::ChainResult;
using ::testing::Contains;
using ::testing::Pair;
using ::testing::VariantWith;

using Value = std::variant<std::string, std::int64_t>;

Grant grant() {
  Grant one;
  one.intent.host = "a.example";
  one.intent.port = 8080;
  one.allow.policy = "api";
  one.allow.generation = 4;
  return one;
}

middleware::Invocation stage(bool allowed, bool failed, bool fail_open) {
  middleware::Invocation one;
  one.config = "entry";
  one.implementation = "guard";
  one.allowed = allowed;
  one.failed = failed;
  one.fail_open = fail_open;
  return one;
}

std::vector<audit::Event> events_of(const ChainResult& result) {
  return chain_events(grant(), "POST", "/v1", result);
}

TEST(MiddlewareEvents, TellsEachStageWithItsGeneration) {
  ChainResult result;
  result.invocations = {stage(true, false, false)};
  result.invocations[0].transformed = true;
  const auto events = events_of(result);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, audit::EventClass::http_activity);
  EXPECT_EQ(events[0].activity, audit::activity::kOther);
  EXPECT_EQ(events[0].severity, audit::Severity::informational);
  EXPECT_EQ(events[0].message, "MIDDLEWARE entry guard decision=Allow");
  EXPECT_EQ(events[0].rule->engine, "middleware");
  EXPECT_EQ(events[0].http_request->scheme, "http");
  EXPECT_THAT(events[0].unmapped, Contains(Pair("transformed", Value("true"))));
  EXPECT_THAT(events[0].unmapped, Contains(Pair("failed", Value("false"))));
  EXPECT_THAT(events[0].unmapped, Contains(Pair("generation", Value(std::int64_t{4}))));
}

TEST(MiddlewareEvents, TellsADenialWithItsReason) {
  ChainResult result;
  result.verdict = ChainResult::Verdict::denied;
  result.reason = "middleware_denied:entry:content_match";
  result.invocations = {stage(false, false, true)};
  const auto events = events_of(result);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].severity, audit::Severity::medium);
  EXPECT_EQ(events[0].disposition, audit::Disposition::blocked);
  EXPECT_EQ(events[0].message, "MIDDLEWARE entry guard decision=Deny");
  EXPECT_EQ(events[0].status_detail, "middleware_denied:entry:content_match");
}

TEST(MiddlewareEvents, ReportsABypassAfterItsStage) {
  ChainResult result;
  result.invocations = {stage(true, true, true), stage(true, false, false)};
  const auto events = events_of(result);
  ASSERT_EQ(events.size(), 3U);
  ASSERT_TRUE(events[1].finding);
  EXPECT_EQ(events[1].finding->uid, "openshell.middleware.failure");
  EXPECT_EQ(events[1].severity, audit::Severity::medium);
  EXPECT_EQ(events[1].message, "Middleware entry failed and was bypassed (fail_open)");
  EXPECT_THAT(events[1].finding->evidence, Contains(Pair("implementation", "guard")));
}

TEST(MiddlewareEvents, ReportsAFailureThatBlocks) {
  ChainResult result;
  result.verdict = ChainResult::Verdict::failed;
  result.reason = "middleware_failed: middleware_timeout";
  result.invocations = {stage(false, true, false)};
  const auto events = events_of(result);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[1].finding->title, "Supervisor middleware failure");
  EXPECT_EQ(events[1].severity, audit::Severity::high);
  EXPECT_TRUE(events[1].finding->evidence.empty());
}

ChainResult rechecked(middleware::BodyVerdict::Kind kind, bool audited) {
  ChainResult result;
  result.invocations = {stage(true, false, false)};
  middleware::Recheck recheck;
  recheck.engine = "l7-graphql";
  recheck.verdict = {kind, audited, "mutation not allowed"};
  result.rechecks = {recheck};
  if (!audited) {
    result.verdict = ChainResult::Verdict::failed;
    result.reason = "middleware transformation denied by policy: mutation not allowed";
  }
  return result;
}

TEST(MiddlewareEvents, TellABodyThatThePolicyRefusedAndMakeNoFindingOfIt) {
  for (const auto kind :
       {middleware::BodyVerdict::Kind::deny, middleware::BodyVerdict::Kind::rejected}) {
    const auto events = events_of(rechecked(kind, false));
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[1].kind, audit::EventClass::http_activity);
    EXPECT_EQ(events[1].severity, audit::Severity::medium);
    EXPECT_EQ(events[1].disposition, audit::Disposition::blocked);
    EXPECT_EQ(events[1].rule->engine, "l7-graphql");
    EXPECT_EQ(events[1].message,
              "L7_REQUEST_TRANSFORMED deny POST a.example:8080/v1 reason=mutation not allowed");
    EXPECT_EQ(events[1].status_detail,
              "middleware transformation denied by policy: mutation not allowed");
  }
}

TEST(MiddlewareEvents, TellAnAuditedBodyAsAllowed) {
  const auto events = events_of(rechecked(middleware::BodyVerdict::Kind::deny, true));
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[1].severity, audit::Severity::informational);
  EXPECT_EQ(events[1].disposition, audit::Disposition::allowed);
  EXPECT_EQ(events[1].message,
            "L7_REQUEST_TRANSFORMED audit POST a.example:8080/v1 reason=mutation not allowed");
}

TEST(MiddlewareEvents, ReportAFailureToJudgeABody) {
  ChainResult result = rechecked(middleware::BodyVerdict::Kind::error, false);
  result.reason = "transformed_body_policy_evaluation_failed: no engine";
  const auto events = events_of(result);
  ASSERT_EQ(events.size(), 3U);
  ASSERT_TRUE(events[2].finding);
  EXPECT_EQ(events[2].finding->uid, "openshell.middleware.policy_evaluation_failure");
  EXPECT_EQ(events[2].severity, audit::Severity::high);
  EXPECT_EQ(events[2].message, "transformed_body_policy_evaluation_failed: no engine");
  EXPECT_THAT(events[2].finding->evidence, Contains(Pair("policy", "api")));
  EXPECT_THAT(events[2].finding->evidence, Contains(Pair("host", "a.example")));
}

TEST(MiddlewareEvents, ReportAStagesFailureAfterAnAuditedBody) {
  ChainResult result = rechecked(middleware::BodyVerdict::Kind::deny, true);
  result.invocations.push_back(stage(false, true, false));
  result.verdict = ChainResult::Verdict::failed;
  result.reason = "middleware_failed: middleware_timeout";
  const auto events = events_of(result);
  ASSERT_EQ(events.size(), 4U);
  EXPECT_EQ(events[3].finding->uid, "openshell.middleware.failure");
}

TEST(MiddlewareEvents, ReportsWhatStagesFoundUpToABound) {
  ChainResult result;
  middleware::NamedFinding found{"entry", "guard.finding", "External middleware finding", "high",
                                 3};
  result.findings.assign(321, found);
  const auto events = events_of(result);
  ASSERT_EQ(events.size(), 320U);
  EXPECT_EQ(events[0].finding->uid, "guard.finding");
  EXPECT_EQ(events[0].severity, audit::Severity::high);
  EXPECT_EQ(events[0].message, "Middleware finding guard.finding count=3");
  EXPECT_THAT(events[0].unmapped, Contains(Pair("count", Value(std::int64_t{3}))));
}

TEST(MiddlewareEvents, SayWhetherUninspectableTrafficPassed) {
  const audit::Event denied = uninspectable_event(grant(), "tls-skip tunnel", false);
  EXPECT_EQ(denied.severity, audit::Severity::high);
  EXPECT_THAT(denied.finding->evidence, Contains(Pair("disposition", "denied")));
  const audit::Event passed = uninspectable_event(grant(), "non-http tcp", true);
  EXPECT_EQ(passed.severity, audit::Severity::medium);
  EXPECT_THAT(passed.finding->evidence, Contains(Pair("disposition", "fail_open")));
}

}  // namespace
}  // namespace sallyport::relay
