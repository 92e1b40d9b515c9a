// The policy's word on bodies that stages replace, within a chain.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "reference/middleware/chain.h"
#include "reference/middleware/testing/chain_rig.h"

namespace sallyport::middleware {
namespace {

using testing::ChainRig;
using ::testing::ElementsAre;
using testing::FakeStage;
using ::testing::IsEmpty;
using Kind = BodyVerdict::Kind;
using Verdict = ChainResult::Verdict;
namespace pb = testing::pb;

// Says what it was told to, in turn, then allows; remembers the bodies.
class FakePolicy final : public BodyPolicy {
 public:
  explicit FakePolicy(std::deque<BodyVerdict> verdicts = {}) : verdicts_(std::move(verdicts)) {}

  BodyVerdict judge(std::string_view body) override {
    seen.emplace_back(body);
    if (verdicts_.empty()) return {};
    BodyVerdict verdict = std::move(verdicts_.front());
    verdicts_.pop_front();
    return verdict;
  }
  std::string_view engine() const override { return "l7-graphql"; }

  std::vector<std::string> seen;

 private:
  std::deque<BodyVerdict> verdicts_;
};

FakeStage::Answer replacing(std::string body) {
  return [body](const pb::HttpRequestEvaluation&, pb::HttpRequestResult& result) {
    result.set_decision(pb::DECISION_ALLOW);
    result.set_has_body(true);
    result.set_body(body);
    return rpc::Status{};
  };
}

BodyVerdict verdict(Kind kind, std::string reason, bool audited = false) {
  return BodyVerdict{kind, audited, std::move(reason)};
}

TEST(BodyPolicy, IsAskedAfterEachStageThatReplacesTheBodyWithWhatItMade) {
  ChainRig rig;
  rig.stage("a", replacing("one"));
  rig.stage("b");
  rig.stage("c", replacing("two"));
  FakePolicy policy;
  const ChainResult result = rig.run(ChainRig::request(), kChainBudget, &policy);
  EXPECT_EQ(result.verdict, Verdict::allow);
  EXPECT_EQ(result.body, "two");
  EXPECT_THAT(result.rechecks, IsEmpty());
  EXPECT_THAT(policy.seen, ElementsAre("one", "two"));
}

TEST(BodyPolicy, IsntAskedWhereNothingWasReplaced) {
  ChainRig rig;
  rig.stage("plain");
  rig.stage("header", [](const pb::HttpRequestEvaluation&, pb::HttpRequestResult& result) {
    result.set_decision(pb::DECISION_ALLOW);
    result.add_header_mutations()->mutable_remove()->set_name("accept");
    return rpc::Status{};
  });
  rig.stage("denies", [](const pb::HttpRequestEvaluation&, pb::HttpRequestResult& result) {
    result.set_decision(pb::DECISION_DENY);
    result.set_has_body(true);
    result.set_body("x");
    return rpc::Status{};
  });
  FakePolicy policy({verdict(Kind::deny, "no")});
  EXPECT_EQ(rig.run(ChainRig::request(), kChainBudget, &policy).verdict, Verdict::denied);
  EXPECT_THAT(policy.seen, IsEmpty());
}

TEST(BodyPolicy, IsntAskedOfABodyWhoseStageFailed) {
  ChainRig rig;
  rig.stage(
      "bad",
      [](const pb::HttpRequestEvaluation&, pb::HttpRequestResult& result) {
        result.set_decision(pb::DECISION_ALLOW);
        result.set_has_body(true);
        result.set_body("x");
        result.set_reason_code("Bad");
        return rpc::Status{};
      },
      true);
  FakePolicy policy({verdict(Kind::deny, "no")});
  const ChainResult result = rig.run(ChainRig::request(), kChainBudget, &policy);
  EXPECT_EQ(result.verdict, Verdict::allow);
  EXPECT_EQ(result.body, "hello");
  EXPECT_THAT(policy.seen, IsEmpty());
}

TEST(BodyPolicy, EndsTheChainWhateverOnErrorSaysAndNobodyDenied) {
  ChainRig rig;
  rig.stage("first", replacing("forbidden"), true);
  const auto second = rig.stage("second");
  FakePolicy policy({verdict(Kind::deny, "mutation \"x\" not allowed\n")});
  const ChainResult result = rig.run(ChainRig::request(), kChainBudget, &policy);
  EXPECT_EQ(result.verdict, Verdict::failed);
  EXPECT_EQ(result.denied_by, "");
  EXPECT_EQ(result.reason_code, "");
  EXPECT_EQ(result.reason, "middleware transformation denied by policy: mutation x not allowed");
  EXPECT_EQ(result.body, "");
  EXPECT_FALSE(result.body_replaced);
  ASSERT_EQ(result.invocations.size(), 1U);
  EXPECT_TRUE(result.invocations[0].allowed && result.invocations[0].transformed);
  EXPECT_FALSE(result.invocations[0].failed);
  EXPECT_THAT(second->seen, IsEmpty());
  ASSERT_EQ(result.rechecks.size(), 1U);
  EXPECT_EQ(result.rechecks[0].engine, "l7-graphql");
  EXPECT_EQ(result.rechecks[0].verdict.reason, "mutation x not allowed");
}

TEST(BodyPolicy, OfAnAuditedEndpointIsToldAndTheChainGoesOn) {
  ChainRig rig;
  rig.stage("first", replacing("watched"));
  const auto second = rig.stage("second", replacing("fine"));
  FakePolicy policy({verdict(Kind::deny, "not allowed", true)});
  const ChainResult result = rig.run(ChainRig::request(), kChainBudget, &policy);
  EXPECT_EQ(result.verdict, Verdict::allow);
  EXPECT_EQ(result.reason, "");
  EXPECT_EQ(result.body, "fine");
  EXPECT_EQ(second->seen.size(), 1U);
  EXPECT_THAT(policy.seen, ElementsAre("watched", "fine"));
  ASSERT_EQ(result.rechecks.size(), 1U);
  EXPECT_TRUE(result.rechecks[0].verdict.audited);
}

TEST(BodyPolicy, RejectsWhatItCantReadUnderAuditToo) {
  for (const bool audited : {false, true}) {
    ChainRig rig;
    rig.stage("first", replacing("{"));
    const auto second = rig.stage("second");
    FakePolicy policy({verdict(Kind::rejected, "unparseable", audited)});
    const ChainResult result = rig.run(ChainRig::request(), kChainBudget, &policy);
    EXPECT_EQ(result.verdict, Verdict::failed);
    EXPECT_EQ(result.reason, "middleware transformation rejected: unparseable");
    EXPECT_THAT(second->seen, IsEmpty());
    ASSERT_EQ(result.rechecks.size(), 1U);
    EXPECT_FALSE(result.rechecks[0].verdict.audited);
  }
}

TEST(BodyPolicy, ThatFailsEndsTheChainWithAReasonFitForALog) {
  ChainRig rig;
  rig.stage("first", replacing("x"), true);
  const auto second = rig.stage("second");
  FakePolicy policy({verdict(Kind::error, "engine\r\n{\"secret\"}", true)});
  const ChainResult result = rig.run(ChainRig::request(), kChainBudget, &policy);
  EXPECT_EQ(result.verdict, Verdict::failed);
  EXPECT_EQ(result.reason, "transformed_body_policy_evaluation_failed: enginesecret");
  EXPECT_EQ(result.denied_by, "");
  EXPECT_THAT(second->seen, IsEmpty());
}

TEST(BodyPolicy, RefusesTheSecondReplacementAfterTheFirstPassed) {
  ChainRig rig;
  rig.stage("first", replacing("fine"));
  rig.stage("second", replacing("forbidden"));
  const auto third = rig.stage("third");
  FakePolicy policy({verdict(Kind::allow, ""), verdict(Kind::deny, "no")});
  const ChainResult result = rig.run(ChainRig::request(), kChainBudget, &policy);
  EXPECT_EQ(result.verdict, Verdict::failed);
  EXPECT_EQ(result.invocations.size(), 2U);
  EXPECT_THAT(policy.seen, ElementsAre("fine", "forbidden"));
  EXPECT_THAT(third->seen, IsEmpty());
}

FakeStage::Answer with_metadata(std::string value, pb::Decision decision = pb::DECISION_ALLOW) {
  return [value, decision](const pb::HttpRequestEvaluation&, pb::HttpRequestResult& result) {
    result.set_decision(decision);
    (*result.mutable_metadata())["count"] = value;
    return rpc::Status{};
  };
}

TEST(Metadata, OfBuiltInsIsKeptByTheKeyOfTheirEntry) {
  ChainRig rig;
  rig.stage("alpha", with_metadata("1"));
  rig.stage("beta", with_metadata("2", pb::DECISION_DENY));
  for (const char* key : {"alpha", "beta"}) rig.implementation(key).external = false;
  const ChainResult result = rig.run(ChainRig::request());
  ASSERT_EQ(result.metadata.size(), 2U);
  EXPECT_EQ(result.metadata.at("alpha").at("count"), "1");
  EXPECT_EQ(result.metadata.at("beta").at("count"), "2");
}

TEST(Metadata, OfServicesIsDropped) {
  ChainRig rig;
  rig.stage("alpha", with_metadata("canary"));
  EXPECT_THAT(rig.run(ChainRig::request()).metadata, IsEmpty());
}

TEST(Metadata, OfAStageThatFailsIsDropped) {
  ChainRig rig;
  rig.stage(
      "alpha",
      [](const pb::HttpRequestEvaluation&, pb::HttpRequestResult& result) {
        (*result.mutable_metadata())["count"] = "1";
        return rpc::Status{};
      },
      true);
  rig.implementation("alpha").external = false;
  EXPECT_THAT(rig.run(ChainRig::request()).metadata, IsEmpty());
}

TEST(EntryConfig, IsShownAsTheLoaderReadItAndNotReadAgain) {
  ChainRig rig;
  const auto stage = rig.stage("guard");
  policy::Middleware& entry = rig.policy.network_middlewares.back();
  entry.config = policy::struct_of(R"({"mode":"x"})");
  entry.config_json = "whoever reads this fails";
  const ChainResult result = rig.run(ChainRig::request());
  EXPECT_EQ(result.verdict, Verdict::allow);
  ASSERT_EQ(stage->seen.size(), 1U);
  EXPECT_EQ(stage->seen[0].config().fields().at("mode").string_value(), "x");
}

TEST(EntryConfig, OfAnEntryThatNoLoaderReadIsReadForIt) {
  ChainRig rig;
  const auto stage = rig.stage("guard");
  rig.policy.network_middlewares.back().config_json = R"({"mode":"y"})";
  rig.run(ChainRig::request());
  ASSERT_EQ(stage->seen.size(), 1U);
  EXPECT_EQ(stage->seen[0].config().fields().at("mode").string_value(), "y");
  rig.policy.network_middlewares.back().config_json = "[]";
  const ChainResult result = rig.run(ChainRig::request());
  EXPECT_EQ(result.reason, "middleware_failed: request_config_over_capacity");
}

}  // namespace
}  // namespace sallyport::middleware
