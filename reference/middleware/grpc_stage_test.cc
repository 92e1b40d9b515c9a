// Services as stages and as registrations, against a real gRPC server on loopback.
#include "reference/middleware/grpc_stage.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "reference/middleware/chain.h"
#include "reference/middleware/limits.h"
#include "reference/middleware/testing/grpc_service.h"
#include "reference/middleware/validate.h"
#include "reference/net/testing/run.h"

namespace sallyport::middleware {
namespace {

namespace pb = openshell::middleware::v1;
using net::testing::TestLoop;
using ::testing::HasSubstr;
using testing::Server;

struct GrpcStageTest : ::testing::Test {
  Built build(std::vector<Registration> registrations,
              std::shared_ptr<const Registry> previous = nullptr) {
    return loop.run(
        build_registry(loop.executor(), loop.clock, std::move(registrations), std::move(previous)));
  }
  ChainResult run(const Registry& registry, std::string body = "hello") {
    const std::vector<Link> chain = select_chain(policy(), registry, "a.com");
    ChainRequest request;
    request.body = std::move(body);
    return loop.run(evaluate_chain(chain, std::move(request), loop.clock, kChainBudget));
  }
  const policy::Policy& policy() {
    if (policy_.network_middlewares.empty()) {
      policy::Middleware one;
      one.key = one.name = "entry";
      one.implementation = "guard";
      one.config_json = "{}";
      one.endpoints.include.push_back(*policy::SelectorPattern::parse("**"));
      policy_.network_middlewares.push_back(std::move(one));
    }
    return policy_;
  }

  TestLoop loop;
  policy::Policy policy_;
};

TEST_F(GrpcStageTest, EvaluatesWithBodiesOfFourMebibytesEitherWay) {
  Server server;
  server.service.evaluate = [](const pb::HttpRequestEvaluation& request,
                               pb::HttpRequestResult& result) {
    result.set_has_body(true);
    result.set_body(std::string(request.body().size(), 'y'));
  };
  const Built built = build({server.registration()});
  ASSERT_TRUE(built.refused.empty()) << built.refused[0].reason;
  const ChainResult result = run(*built.registry, std::string(kPayloadBytesMax, 'x'));
  EXPECT_EQ(result.reason, "");
  EXPECT_EQ(result.body, std::string(kPayloadBytesMax, 'y'));
}

TEST_F(GrpcStageTest, FailsWithAReplacementOneByteTooLong) {
  Server server;
  server.service.evaluate = [](const pb::HttpRequestEvaluation&, pb::HttpRequestResult& result) {
    result.set_has_body(true);
    result.set_body(std::string(kPayloadBytesMax + 1, 'y'));
  };
  const Built built = build({server.registration()});
  EXPECT_EQ(run(*built.registry).reason, "middleware_failed: response_body_over_capacity");
}

TEST_F(GrpcStageTest, FailsWithAnAnswerBeyondTheChannelsLimit) {
  Server server;
  server.service.evaluate = [](const pb::HttpRequestEvaluation&, pb::HttpRequestResult& result) {
    result.set_body(std::string(kMessageBytesMax + 1, 'y'));
  };
  const Built built = build({server.registration()});
  EXPECT_EQ(run(*built.registry).reason, "middleware_failed: external_service_error");
}

TEST_F(GrpcStageTest, FailsWithAnAnswerThatCannotBeDecoded) {
  Server server;
  server.service.evaluate = [](const pb::HttpRequestEvaluation&, pb::HttpRequestResult& result) {
    result.set_reason("\xff");  // no UTF-8: sent all the same, and refused by who reads it
  };
  const Built built = build({server.registration()});
  EXPECT_EQ(run(*built.registry).reason, "middleware_failed: external_service_error");
}

TEST_F(GrpcStageTest, FailsWithTheErrorOfTheService) {
  Server server;
  server.service.status = grpc::Status(grpc::StatusCode::INTERNAL, "a secret");
  const Built built = build({server.registration()});
  EXPECT_EQ(run(*built.registry).reason, "middleware_failed: external_service_error");
  server.service.status = grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "a secret");
  EXPECT_EQ(run(*built.registry).reason, "middleware_failed: middleware_timeout");
}

TEST_F(GrpcStageTest, FailsWhenTheServiceNeverAnswers) {
  Server server;
  server.service.manifest.mutable_bindings(0)->set_timeout("20ms");
  const Built built = build({server.registration()});
  ASSERT_TRUE(built.refused.empty());
  server.service.hold = true;
  EXPECT_EQ(run(*built.registry).reason, "middleware_failed: middleware_timeout");
}

TEST_F(GrpcStageTest, AsksTheServiceAboutItsConfig) {
  Server server;
  const Built built = build({server.registration()});
  EXPECT_TRUE(loop.run(validate_configs(policy(), *built.registry, loop.clock)).empty());
  policy_.network_middlewares[0].config_json = R"({"a":1})";
  const auto faults = loop.run(validate_configs(policy(), *built.registry, loop.clock));
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].reason, "not guard");
}

TEST_F(GrpcStageTest, LeavesTheOthersWhenOneServiceIsBad) {
  Server good;
  Server bad;
  bad.service.manifest.clear_bindings();
  Registration absent = good.registration("absent");
  absent.endpoint = "http://127.0.0.1:1";
  Registration unsound = good.registration("openshell/mine");
  const Built built = build({good.registration(), bad.registration("bad"), absent, unsound,
                             good.registration("twice"), good.registration("twice")});
  EXPECT_NE(built.registry->find("guard"), nullptr);
  EXPECT_NE(built.registry->find("openshell/secrets"), nullptr);
  EXPECT_EQ(built.registry->all().size(), 3U);
  ASSERT_EQ(built.refused.size(), 5U);
  // First those whom there was no use asking.
  EXPECT_THAT(built.refused[0].reason, HasSubstr("built-ins"));
  EXPECT_EQ(built.refused[1].reason, "duplicate supervisor middleware registration name 'twice'");
  EXPECT_EQ(built.refused[2].reason, "duplicate supervisor middleware registration name 'twice'");
  EXPECT_THAT(built.refused[3].reason, HasSubstr("describes no bindings"));
  EXPECT_EQ(built.refused[4].reason,
            "middleware registration 'absent' Describe failed: UNAVAILABLE");
  EXPECT_EQ(good.service.described, 1);
}

TEST_F(GrpcStageTest, WaitsForADescriptionNoLongerThanTheOperatorSays) {
  Server silent;
  silent.service.hold = true;
  Server good;
  const Built built = build({silent.registration("silent", "20ms"), good.registration()});
  ASSERT_EQ(built.refused.size(), 1U);
  EXPECT_EQ(built.refused[0].reason,
            "middleware registration 'silent' Describe failed: DEADLINE_EXCEEDED");
  EXPECT_NE(built.registry->find("guard"), nullptr);
}

TEST_F(GrpcStageTest, KeepsWhatIsUnchangedChannelAndAll) {
  Server server;
  const Built first = build({server.registration(), server.registration("other")});
  const Built second =
      build({server.registration(), server.registration("other", "6s")}, first.registry);
  EXPECT_EQ(second.registry->find("guard")->stage, first.registry->find("guard")->stage);
  EXPECT_NE(second.registry->find("other")->stage, first.registry->find("other")->stage);
  EXPECT_EQ(server.service.described, 3);
  const Built third = build({}, second.registry);
  EXPECT_EQ(third.registry->find("guard"), nullptr);
}

TEST_F(GrpcStageTest, AChangedRegistrationThatIsntReachedLeavesTheServiceAsItWas) {
  Server server;
  const Built first = build({server.registration()});
  Registration elsewhere = server.registration();
  elsewhere.endpoint = "http://127.0.0.1:1";
  const Built second = build({elsewhere}, first.registry);
  ASSERT_EQ(second.refused.size(), 1U);
  EXPECT_TRUE(second.refused[0].kept);
  EXPECT_EQ(second.refused[0].again, Again::soon);
  EXPECT_EQ(run(*second.registry).verdict, ChainResult::Verdict::allow);
}

TEST_F(GrpcStageTest, AChangedRegistrationWithAnUnsoundManifestLeavesTheServiceAsItWas) {
  Server server;
  const Built first = build({server.registration()});
  Server unsound;
  unsound.service.manifest.clear_bindings();
  const Built second = build({unsound.registration()}, first.registry);
  ASSERT_EQ(second.refused.size(), 1U);
  EXPECT_TRUE(second.refused[0].kept);
  EXPECT_EQ(second.refused[0].again, Again::slowly);
  EXPECT_EQ(run(*second.registry).verdict, ChainResult::Verdict::allow);
}

TEST_F(GrpcStageTest, AChangedRegistrationThatIsDescribedSoundlyIsIn) {
  Server server;
  const Built first = build({server.registration()});
  Server next;
  next.service.evaluate = [](const pb::HttpRequestEvaluation&, pb::HttpRequestResult& result) {
    result.set_decision(pb::DECISION_DENY);
  };
  const Built second = build({next.registration()}, first.registry);
  EXPECT_TRUE(second.refused.empty());
  EXPECT_EQ(run(*second.registry).verdict, ChainResult::Verdict::denied);
}

TEST_F(GrpcStageTest, ACaThatIsNoneIsNotAskedAbout) {
  Registration broken;
  broken.name = "guard";
  broken.endpoint = "https://127.0.0.1:1";
  broken.payload_bytes_max = 1;
  broken.ca_pem = "no certificate";
  const Built built = build({broken});
  ASSERT_EQ(built.refused.size(), 1U);
  EXPECT_EQ(built.refused[0].again, Again::never);
}

// gRPC's own back-off is a second after the first refusal, then two, then four ...
TEST_F(GrpcStageTest, IsUsedAgainLongBeforeGrpcWouldTryItAgain) {
  std::optional<Server> server(std::in_place);
  const int port = server->port();
  const Built built = build({server->registration()});
  EXPECT_EQ(run(*built.registry).verdict, ChainResult::Verdict::allow);
  server.reset();
  for (int i = 0; i < 50; ++i)
    EXPECT_EQ(run(*built.registry).verdict, ChainResult::Verdict::failed);
  server.emplace(nullptr, port);
  const base::TimePoint back_off = loop.in(1000);
  while (run(*built.registry).verdict != ChainResult::Verdict::allow)
    ASSERT_LT(loop.clock.now(), back_off);
}

TEST_F(GrpcStageTest, LeavesAServiceForWebSocketsAloneOutOfTheChain) {
  Server server;
  server.service.manifest.clear_bindings();
  server.add(2, 1);
  const Built built = build({server.registration()});
  ASSERT_TRUE(built.refused.empty());
  EXPECT_TRUE(select_chain(policy(), *built.registry, "a.com").empty());
}

}  // namespace
}  // namespace sallyport::middleware
