#include "reference/middleware/chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/middleware/testing/chain_rig.h"

namespace sallyport::middleware {
namespace {

using testing::ChainRig;
using ::testing::ElementsAre;
using testing::FakeStage;
using ::testing::HasSubstr;
using Verdict = ChainResult::Verdict;
namespace pb = openshell::middleware::v1;

FakeStage::Answer replace_with(std::string body) {
  return [body](const pb::HttpRequestEvaluation&, pb::HttpRequestResult& result) {
    result.set_decision(pb::DECISION_ALLOW);
    result.set_has_body(true);
    result.set_body(body);
    return rpc::Status{};
  };
}

FakeStage::Answer write(std::string name, std::string value, pb::ExistingHeaderAction action) {
  return [=](const pb::HttpRequestEvaluation&, pb::HttpRequestResult& result) {
    result.set_decision(pb::DECISION_ALLOW);
    pb::WriteHeader& one = *result.add_header_mutations()->mutable_write();
    one.set_name(name);
    one.set_value(value);
    one.set_on_existing(action);
    return rpc::Status{};
  };
}

FakeStage::Answer deny(std::string code = {}) {
  return [code](const pb::HttpRequestEvaluation&, pb::HttpRequestResult& result) {
    result.set_decision(pb::DECISION_DENY);
    result.set_reason("a reason with a secret");
    result.set_reason_code(code);
    return rpc::Status{};
  };
}

FakeStage::Answer fail_with(rpc::Code code) {
  return [code](const pb::HttpRequestEvaluation&, pb::HttpRequestResult& result) {
    result.set_decision(pb::DECISION_ALLOW);  // what a broken call left behind means nothing
    rpc::Status status;
    status.code = code;
    status.message = "a message with a secret";
    return status;
  };
}

TEST(Chain, WithoutEntriesLeavesTheRequestAsItIs) {
  ChainRig rig;
  const ChainResult result = rig.run(ChainRig::request());
  EXPECT_EQ(result.verdict, Verdict::allow);
  EXPECT_EQ(result.body, "hello");
  EXPECT_FALSE(result.body_replaced);
  EXPECT_TRUE(result.invocations.empty());
}

TEST(Chain, TellsAStageEverythingOfTheRequest) {
  ChainRig rig;
  const auto stage = rig.stage("guard");
  rig.policy.network_middlewares[0].config_json = R"({"terms":["x"]})";
  EXPECT_EQ(rig.run(ChainRig::request()).verdict, Verdict::allow);
  ASSERT_EQ(stage->seen.size(), 1U);
  const pb::HttpRequestEvaluation& seen = stage->seen[0];
  EXPECT_EQ(seen.phase(), pb::SUPERVISOR_MIDDLEWARE_PHASE_PRE_CREDENTIALS);
  EXPECT_EQ(seen.middleware_name(), "svc/guard");
  EXPECT_EQ(seen.context().request_id(), "11111111-2222-4333-8444-555555555555");
  EXPECT_EQ(seen.context().sandbox_id(), "sb-1");
  EXPECT_EQ(seen.context().sandbox_name(), "box");
  EXPECT_EQ(seen.context().workspace(), "ws");
  EXPECT_FALSE(seen.context().has_originating_process());
  EXPECT_EQ(seen.target().scheme(), "https");
  EXPECT_EQ(seen.target().port(), 443U);
  EXPECT_EQ(seen.target().query(), "a=b");
  EXPECT_EQ(seen.config().fields().at("terms").list_value().values(0).string_value(), "x");
  ASSERT_EQ(seen.headers_size(), 3);
  EXPECT_EQ(seen.headers(1).value(), "1");
  EXPECT_EQ(seen.headers(2).value(), "2");
  EXPECT_EQ(seen.body(), "hello");
}

TEST(Chain, GivesEachStageWhatTheOneBeforeMade) {
  ChainRig rig;
  const auto first = rig.stage("first", replace_with("one"));
  const auto second = rig.stage("second", replace_with("two"));
  const ChainResult result = rig.run(ChainRig::request());
  EXPECT_EQ(first->seen.at(0).body(), "hello");
  EXPECT_EQ(second->seen.at(0).body(), "one");
  EXPECT_EQ(second->seen.at(0).context().request_id(), first->seen.at(0).context().request_id());
  EXPECT_EQ(result.body, "two");
  EXPECT_TRUE(result.body_replaced);
  EXPECT_TRUE(result.invocations.at(0).transformed);
}

TEST(Chain, ReplacesABodyByNothingWhenTheStageSaysSo) {
  ChainRig rig;
  rig.stage("guard", replace_with(""));
  const ChainResult result = rig.run(ChainRig::request());
  EXPECT_TRUE(result.body_replaced);
  EXPECT_EQ(result.body, "");
}

TEST(Chain, IgnoresABodyThatIsNotSaidToBeThere) {
  ChainRig rig;
  rig.stage("guard", [](const pb::HttpRequestEvaluation&, pb::HttpRequestResult& result) {
    result.set_decision(pb::DECISION_ALLOW);
    result.set_body("forgotten");
    return rpc::Status{};
  });
  const ChainResult result = rig.run(ChainRig::request());
  EXPECT_EQ(result.body, "hello");
  EXPECT_FALSE(result.invocations.at(0).transformed);
}

std::vector<std::string> third_sees(pb::ExistingHeaderAction action) {
  ChainRig rig;
  const std::string name = "X-OpenShell-Middleware-Tag";
  rig.stage("first", write(name, "first", pb::EXISTING_HEADER_ACTION_APPEND));
  rig.stage("second", write(name, "second", action));
  const auto third = rig.stage("third");
  EXPECT_EQ(rig.run(ChainRig::request()).verdict, Verdict::allow);
  std::vector<std::string> values;
  for (const pb::HttpHeader& header : third->seen.at(0).headers()) {
    if (header.name() == "x-openshell-middleware-tag") values.push_back(header.value());
  }
  return values;
}

TEST(Chain, ShowsLaterStagesTheHeadersOfEarlierOnes) {
  EXPECT_THAT(third_sees(pb::EXISTING_HEADER_ACTION_APPEND), ElementsAre("first", "second"));
  EXPECT_THAT(third_sees(pb::EXISTING_HEADER_ACTION_OVERWRITE), ElementsAre("second"));
  EXPECT_THAT(third_sees(pb::EXISTING_HEADER_ACTION_SKIP), ElementsAre("first"));
}

TEST(Chain, KeepsMutationsForTheRealHead) {
  ChainRig rig;
  rig.stage("a", write("x-openshell-middleware-a", "1", pb::EXISTING_HEADER_ACTION_SKIP));
  rig.stage("b", write("x-openshell-middleware-b", "2", pb::EXISTING_HEADER_ACTION_APPEND));
  const ChainResult result = rig.run(ChainRig::request());
  ASSERT_EQ(result.mutations.size(), 2U);
  EXPECT_EQ(result.mutations[0].name, "x-openshell-middleware-a");
  EXPECT_EQ(result.mutations[1].kind, HeaderMutation::Kind::append);
}

TEST(Chain, StopsAtADenial) {
  ChainRig rig;
  rig.stage("bad key!", deny("content_match"));
  const auto second = rig.stage("second");
  const ChainResult result = rig.run(ChainRig::request());
  EXPECT_EQ(result.verdict, Verdict::denied);
  EXPECT_EQ(result.denied_by, "bad key!");
  EXPECT_EQ(result.reason_code, "content_match");
  EXPECT_EQ(result.reason, "middleware_denied:bad_key_:content_match");
  EXPECT_TRUE(second->seen.empty());
  ASSERT_EQ(result.invocations.size(), 1U);
  EXPECT_FALSE(result.invocations[0].allowed);
  EXPECT_FALSE(result.invocations[0].failed);
  EXPECT_EQ(result.body, "");
}

TEST(Chain, DeniesWithoutAReasonCodeToo) {
  ChainRig rig;
  rig.stage("guard", deny());
  EXPECT_EQ(rig.run(ChainRig::request()).reason, "middleware_denied:guard");
}

TEST(Chain, DeniesWhateverElseIsWrongWithTheAnswerAndOnErrorSays) {
  ChainRig rig;
  rig.stage(
      "guard",
      [](const pb::HttpRequestEvaluation&, pb::HttpRequestResult& result) {
        result.set_decision(pb::DECISION_DENY);
        result.set_has_body(true);
        result.set_body("too long a body");
        result.add_header_mutations()->mutable_remove()->set_name("host");
        return rpc::Status{};
      },
      true);
  rig.implementation("guard").bindings.http->payload_bytes_max = 8;
  const ChainResult result = rig.run(ChainRig::request());
  EXPECT_EQ(result.verdict, Verdict::denied);
  EXPECT_TRUE(result.mutations.empty());
}

TEST(Chain, GivesNothingOfEarlierStagesAwayWhenALaterOneDenies) {
  ChainRig rig;
  rig.stage("first", replace_with("changed"));
  rig.stage("second", deny());
  const ChainResult result = rig.run(ChainRig::request());
  EXPECT_FALSE(result.body_replaced);
  EXPECT_EQ(result.body, "");
}

TEST(Chain, FailsClosedOrOpenWhenNobodyIsRegistered) {
  ChainRig closed;
  closed.entry("guard");
  const ChainResult result = closed.run(ChainRig::request());
  EXPECT_EQ(result.verdict, Verdict::failed);
  EXPECT_EQ(result.reason, "middleware_failed: binding_not_described");
  EXPECT_EQ(result.denied_by, "");
  EXPECT_EQ(result.body, "");

  ChainRig open;
  open.entry("guard", true);
  const auto next = open.stage("next");
  const ChainResult passed = open.run(ChainRig::request());
  EXPECT_EQ(passed.verdict, Verdict::allow);
  EXPECT_EQ(passed.body, "hello");
  EXPECT_TRUE(passed.invocations.at(0).failed);
  EXPECT_TRUE(passed.invocations.at(0).allowed);
  EXPECT_EQ(next->seen.size(), 1U);
}

TEST(Chain, FailsAStageThatDoesNotAnswerInTime) {
  ChainRig rig;
  rig.stage("guard")->hang(rig.loop.clock);
  rig.implementation("guard").bindings.http->timeout = std::chrono::milliseconds(10);
  EXPECT_EQ(rig.run(ChainRig::request()).reason, "middleware_failed: middleware_timeout");
}

TEST(Chain, TakesADeadlineThatTheServiceReportsForATimeout) {
  ChainRig rig;
  rig.stage("guard", fail_with(rpc::Code::deadline_exceeded));
  EXPECT_EQ(rig.run(ChainRig::request()).reason, "middleware_failed: middleware_timeout");
}

TEST(Chain, EndsWithItsBudgetAndFailsWhoIsLeft) {
  ChainRig rig;
  rig.stage("slow", {}, true)->hang(rig.loop.clock);
  const auto late = rig.stage("late");
  const ChainResult result = rig.run(ChainRig::request(), std::chrono::milliseconds(20));
  EXPECT_EQ(result.invocations.at(0).code, "middleware_timeout");
  EXPECT_EQ(result.reason, "middleware_failed: middleware_chain_timeout");
  EXPECT_TRUE(late->seen.empty());
}

TEST(Chain, SaysNothingOfWhatAServiceSaysWhenItsCallBreaks) {
  for (const rpc::Code code : {rpc::Code::unavailable, rpc::Code::internal,
                               rpc::Code::unimplemented, rpc::Code::resource_exhausted}) {
    ChainRig rig;
    rig.stage("guard", fail_with(code));
    EXPECT_EQ(rig.run(ChainRig::request()).reason, "middleware_failed: external_service_error");
  }
}

TEST(Chain, SaysWhyABuiltInFailed) {
  ChainRig rig;
  rig.stage("guard", fail_with(rpc::Code::invalid_argument));
  rig.implementation("guard").external = false;
  EXPECT_EQ(rig.run(ChainRig::request()).reason, "middleware_failed: a message with a secret");
}

TEST(Chain, FailsADecisionThatIsNone) {
  for (const int decision : {0, 3, 7, -1}) {
    ChainRig rig;
    rig.stage("guard", [decision](const pb::HttpRequestEvaluation&, pb::HttpRequestResult& result) {
      result.set_decision(static_cast<pb::Decision>(decision));
      return rpc::Status{};
    });
    EXPECT_EQ(rig.run(ChainRig::request()).reason, "middleware_failed: invalid_response_decision");
  }
}

TEST(Chain, TakesNothingOfAStageThatFails) {
  ChainRig rig;
  rig.stage(
      "guard",
      [](const pb::HttpRequestEvaluation&, pb::HttpRequestResult& result) {
        result.set_decision(pb::DECISION_ALLOW);
        result.set_has_body(true);
        result.set_body("changed");
        result.add_findings()->set_type("x");
        pb::WriteHeader& safe = *result.add_header_mutations()->mutable_write();
        safe.set_name("x-openshell-middleware-ok");
        safe.set_on_existing(pb::EXISTING_HEADER_ACTION_APPEND);
        result.add_header_mutations()->mutable_remove()->set_name("host");
        return rpc::Status{};
      },
      true);
  const auto next = rig.stage("next");
  const ChainResult result = rig.run(ChainRig::request());
  EXPECT_EQ(result.verdict, Verdict::allow);
  EXPECT_EQ(result.body, "hello");
  EXPECT_FALSE(result.body_replaced);
  EXPECT_TRUE(result.mutations.empty());
  EXPECT_TRUE(result.findings.empty());
  EXPECT_EQ(result.invocations.at(0).code, "header_mutation_protected_header");
  EXPECT_FALSE(result.invocations.at(0).transformed);
  EXPECT_EQ(next->seen.at(0).headers_size(), 3);
}

TEST(Chain, KeepsOnlyNumbersAndGradesOfAServicesFindings) {
  ChainRig rig;
  rig.stage("guard", [](const pb::HttpRequestEvaluation&, pb::HttpRequestResult& result) {
    result.set_decision(pb::DECISION_DENY);
    pb::Finding& finding = *result.add_findings();
    finding.set_type("secret.type");
    finding.set_label("a secret");
    finding.set_count(3);
    finding.set_severity("high\nX");
    result.add_findings()->set_severity("HIGH");
    result.add_findings()->set_severity("low");
    return rpc::Status{};
  });
  const ChainResult result = rig.run(ChainRig::request());
  ASSERT_EQ(result.findings.size(), 3U);
  EXPECT_EQ(result.findings[0].config, "guard");
  EXPECT_EQ(result.findings[0].type, "svc/guard.finding");
  EXPECT_EQ(result.findings[0].label, "External middleware finding");
  EXPECT_EQ(result.findings[0].count, 3U);
  EXPECT_EQ(result.findings[0].severity, "medium");
  EXPECT_EQ(result.findings[1].severity, "high");
  EXPECT_EQ(result.findings[2].severity, "low");
}

TEST(Chain, KeepsABuiltInsFindingsAsTheyAre) {
  ChainRig rig;
  rig.stage("guard", [](const pb::HttpRequestEvaluation&, pb::HttpRequestResult& result) {
    result.set_decision(pb::DECISION_ALLOW);
    pb::Finding& finding = *result.add_findings();
    finding.set_type("regex.openai");
    finding.set_label("openai regex match");
    return rpc::Status{};
  });
  rig.implementation("guard").external = false;
  const ChainResult result = rig.run(ChainRig::request());
  EXPECT_EQ(result.findings.at(0).type, "regex.openai");
  EXPECT_EQ(result.findings.at(0).label, "openai regex match");
}

TEST(Chain, KeepsTheFindingsOfEveryStageOfTheLongestChain) {
  ChainRig rig;
  for (int i = 0; i < 10; ++i) {
    rig.stage("m" + std::to_string(i),
              [](const pb::HttpRequestEvaluation&, pb::HttpRequestResult& result) {
                result.set_decision(pb::DECISION_ALLOW);
                for (int n = 0; n < 32; ++n) result.add_findings();
                return rpc::Status{};
              });
  }
  const ChainResult result = rig.run(ChainRig::request());
  ASSERT_EQ(result.findings.size(), 320U);
  EXPECT_EQ(result.findings[319].config, "m9");
}

TEST(Chain, RefusesToTouchWhatTheClientsConnectionNames) {
  ChainRig rig;
  rig.stage("guard", write("x-openshell-middleware-tag", "x", pb::EXISTING_HEADER_ACTION_APPEND));
  ChainRequest request = ChainRig::request();
  request.nominated = {"x-openshell-middleware-tag"};
  EXPECT_THAT(rig.run(std::move(request)).reason, HasSubstr("header_mutation_hop_by_hop_header"));
}

}  // namespace
}  // namespace sallyport::middleware
