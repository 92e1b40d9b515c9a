// Every bound of what a stage is given and of what it answers, at it and over it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/middleware/chain.h"
#include "reference/middleware/testing/chain_rig.h"

namespace sallyport::middleware {
namespace {

using testing::ChainRig;
using testing::FakeStage;
namespace pb = openshell::middleware::v1;

using Edit = std::function<void(pb::HttpRequestResult&)>;

// The code with which a stage fails whose answer, an ALLOW, was edited; empty: it doesn't.
std::string code_of(const Edit& edit) {
  ChainRig rig;
  rig.stage("guard", [&edit](const pb::HttpRequestEvaluation&, pb::HttpRequestResult& result) {
    result.set_decision(pb::DECISION_ALLOW);
    edit(result);
    return rpc::Status{};
  });
  rig.implementation("guard").bindings.http->payload_bytes_max = kPayloadBytesMax;
  return rig.run(ChainRig::request()).invocations.at(0).code;
}

// The code with which a healthy stage fails that is given this request.
std::string code_for(ChainRequest request, std::string config = "{}") {
  ChainRig rig;
  const auto stage = rig.stage("guard");
  rig.implementation("guard").bindings.http->payload_bytes_max = 2 * kPayloadBytesMax;
  rig.policy.network_middlewares[0].config_json = std::move(config);
  const std::string code = rig.run(std::move(request)).invocations.at(0).code;
  EXPECT_EQ(stage->seen.empty(), !code.empty());
  return code;
}

TEST(ChainLimits, HoldTheBodyToTheStagesOwnLimit) {
  for (const bool open : {false, true}) {
    ChainRig rig;
    const auto stage = rig.stage("guard", {}, open);
    rig.implementation("guard").bindings.http->payload_bytes_max = 4;
    const ChainResult over = rig.run(ChainRig::request("12345"));
    EXPECT_EQ(over.invocations.at(0).code, "request_body_over_capacity");
    EXPECT_EQ(over.verdict == ChainResult::Verdict::allow, open);
    EXPECT_TRUE(stage->seen.empty());
    EXPECT_EQ(rig.run(ChainRig::request("1234")).invocations.at(0).code, "");
  }
}

TEST(ChainLimits, LetALaterStageRunWhenASmallOneFailsOpen) {
  ChainRig rig;
  rig.stage("small", {}, true);
  rig.implementation("small").bindings.http->payload_bytes_max = 4;
  const auto large = rig.stage("large");
  const ChainResult result = rig.run(ChainRig::request());
  EXPECT_TRUE(result.invocations.at(0).failed);
  EXPECT_EQ(large->seen.size(), 1U);
  EXPECT_EQ(result.verdict, ChainResult::Verdict::allow);
}

TEST(ChainLimits, HoldTheRequestToThePlatforms) {
  EXPECT_EQ(code_for(ChainRig::request(std::string(kPayloadBytesMax, 'x'))), "");
  EXPECT_EQ(code_for(ChainRig::request(std::string(kPayloadBytesMax + 1, 'x'))),
            "request_body_over_capacity");
  EXPECT_EQ(code_for(ChainRig::request(), "{\"a\":\"" + std::string(65536, 'x') + "\"}"),
            "request_config_over_capacity");
  EXPECT_EQ(code_for(ChainRig::request(), "[]"), "request_config_over_capacity");

  ChainRequest request = ChainRig::request();
  request.workspace = std::string(4096, 'x');
  EXPECT_EQ(code_for(request), "request_context_over_capacity");
  request = ChainRig::request();
  request.query = std::string(32768, 'x');
  EXPECT_EQ(code_for(request), "request_target_over_capacity");
  request = ChainRig::request();
  request.headers.assign(128, {"a", "b"});
  EXPECT_EQ(code_for(request), "");
  request.headers.emplace_back("a", "b");
  EXPECT_EQ(code_for(request), "request_header_count_over_capacity");
  request.headers.assign(1, {"a", std::string(65536, 'x')});
  EXPECT_EQ(code_for(request), "request_header_bytes_over_capacity");
}

TEST(ChainLimits, HoldAReplacementToPlatformAndStage) {
  const auto body = [](std::size_t size) {
    return [size](pb::HttpRequestResult& result) {
      result.set_has_body(true);
      result.set_body(std::string(size, 'x'));
    };
  };
  EXPECT_EQ(code_of(body(kPayloadBytesMax)), "");
  EXPECT_EQ(code_of(body(kPayloadBytesMax + 1)), "response_body_over_capacity");

  ChainRig rig;
  rig.stage("guard", [](const pb::HttpRequestEvaluation&, pb::HttpRequestResult& result) {
    result.set_decision(pb::DECISION_ALLOW);
    result.set_has_body(true);
    result.set_body("123456789");
    return rpc::Status{};
  });
  rig.implementation("guard").bindings.http->payload_bytes_max = 8;
  EXPECT_EQ(rig.run(ChainRig::request()).reason, "middleware_failed: response_body_over_capacity");
}

TEST(ChainLimits, HoldReasonAndReasonCodeAlsoOfAnAllow) {
  EXPECT_EQ(code_of([](auto& result) { result.set_reason(std::string(4096, 'x')); }), "");
  EXPECT_EQ(code_of([](auto& result) { result.set_reason(std::string(4097, 'x')); }),
            "response_reason_over_capacity");
  EXPECT_EQ(code_of([](auto& result) { result.set_reason_code(std::string(64, 'a')); }), "");
  for (const std::string& code : {std::string(65, 'a'), std::string("Bad"), std::string("a-b"),
                                  std::string("1a"), std::string("Secret value!")}) {
    EXPECT_EQ(code_of([&code](auto& result) { result.set_reason_code(code); }),
              "response_reason_code_invalid")
        << code;
  }
}

TEST(ChainLimits, MakeAFailureOfADenialThatBreaksThem) {
  ChainRig rig;
  rig.stage(
      "guard",
      [](const pb::HttpRequestEvaluation&, pb::HttpRequestResult& result) {
        result.set_decision(pb::DECISION_DENY);
        result.set_reason_code("Bad");
        return rpc::Status{};
      },
      true);
  const ChainResult result = rig.run(ChainRig::request());
  EXPECT_EQ(result.verdict, ChainResult::Verdict::allow);
  EXPECT_EQ(result.invocations.at(0).code, "response_reason_code_invalid");
}

void add_writes(pb::HttpRequestResult& result, int count, std::size_t value_bytes) {
  for (int i = 0; i < count; ++i) {
    pb::WriteHeader& write = *result.add_header_mutations()->mutable_write();
    write.set_name("x-openshell-middleware-" + std::to_string(i));
    write.set_value(std::string(value_bytes, 'v'));
    write.set_on_existing(pb::EXISTING_HEADER_ACTION_APPEND);
  }
}

TEST(ChainLimits, HoldMutations) {
  EXPECT_EQ(code_of([](auto& result) { add_writes(result, 64, 1); }), "");
  EXPECT_EQ(code_of([](auto& result) { add_writes(result, 65, 1); }),
            "header_mutation_count_over_capacity");
  EXPECT_EQ(code_of([](auto& result) { add_writes(result, 1, 65536); }),
            "header_mutation_bytes_over_capacity");
  EXPECT_EQ(code_of([](auto& result) { add_writes(result, 2, 17000); }),
            "header_mutation_bytes_over_capacity");
}

TEST(ChainLimits, HoldFindings) {
  const auto findings = [](int count, std::size_t bytes) {
    return [=](pb::HttpRequestResult& result) {
      for (int i = 0; i < count; ++i) result.add_findings()->set_label(std::string(bytes, 'x'));
    };
  };
  EXPECT_EQ(code_of(findings(32, 4000)), "");
  EXPECT_EQ(code_of(findings(33, 0)), "response_findings_over_capacity");
  EXPECT_EQ(code_of(findings(1, 4096)), "response_finding_over_capacity");
}

TEST(ChainLimits, HoldMetadata) {
  const auto metadata = [](int count, std::size_t bytes) {
    return [=](pb::HttpRequestResult& result) {
      for (int i = 0; i < count; ++i) {
        (*result.mutable_metadata())["k" + std::to_string(i)] = std::string(bytes, 'x');
      }
    };
  };
  EXPECT_EQ(code_of(metadata(64, 100)), "");
  EXPECT_EQ(code_of(metadata(65, 1)), "response_metadata_count_over_capacity");
  EXPECT_EQ(code_of(metadata(1, 32768)), "response_metadata_bytes_over_capacity");
}

TEST(ChainLimits, HoldTheWholeAnswer) {
  EXPECT_EQ(code_of([](pb::HttpRequestResult& result) {
              result.set_has_body(true);
              result.set_body(std::string(kPayloadBytesMax, 'x'));
              add_writes(result, 64, 400);
              for (int i = 0; i < 32; ++i) {
                result.add_findings()->set_label(std::string(4000, 'x'));
              }
            }),
            "");
  // Fields that nobody knows count too.
  EXPECT_EQ(code_of([](pb::HttpRequestResult& result) {
              result.GetReflection()->MutableUnknownFields(&result)->AddLengthDelimited(
                  100, std::string(kMessageBytesMax, 'x'));
            }),
            "response_envelope_over_capacity");
}

}  // namespace
}  // namespace sallyport::middleware
