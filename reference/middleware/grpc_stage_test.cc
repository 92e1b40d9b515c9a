// Services as stages and as registrations, against a real gRPC server on loopback.
#include "reference/middleware/grpc_stage.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>

#include "openshell/middleware/v1/middleware.grpc.pb.h"
#include "reference/middleware/chain.h"
#include "reference/middleware/limits.h"
#include "reference/middleware/validate.h"
#include "reference/net/testing/run.h"

namespace sallyport::middleware {
namespace {

namespace pb = openshell::middleware::v1;
using net::testing::TestLoop;
using ::testing::HasSubstr;

using Evaluate = std::function<void(const pb::HttpRequestEvaluation&, pb::HttpRequestResult&)>;

class Service final : public pb::SupervisorMiddleware::Service {
 public:
  grpc::Status Describe(grpc::ServerContext* context, const google::protobuf::Empty*,
                        pb::MiddlewareManifest* answer) override {
    ++described;
    wait(context);
    *answer = manifest;
    return grpc::Status::OK;
  }
  grpc::Status ValidateConfig(grpc::ServerContext*, const pb::ValidateConfigRequest* request,
                              pb::ValidateConfigResponse* response) override {
    response->set_valid(request->config().fields_size() == 0);
    response->set_reason("not " + request->middleware_name());
    return grpc::Status::OK;
  }
  grpc::Status EvaluateHttpRequest(grpc::ServerContext* context,
                                   const pb::HttpRequestEvaluation* request,
                                   pb::HttpRequestResult* result) override {
    wait(context);
    result->set_decision(pb::DECISION_ALLOW);
    if (evaluate) evaluate(*request, *result);
    return status;
  }
  void release() {
    const std::lock_guard lock(mutex_);
    hold = false;
    released_.notify_all();
  }

  std::atomic<int> described{0};
  std::atomic<bool> hold{false};
  pb::MiddlewareManifest manifest;
  Evaluate evaluate;
  grpc::Status status;

 private:
  void wait(grpc::ServerContext* context) {
    std::unique_lock lock(mutex_);
    released_.wait(lock, [&] { return !hold || context->IsCancelled(); });
  }
  std::mutex mutex_;
  std::condition_variable released_;
};

// One service for HTTP requests, up to 4 MiB, unless a test says otherwise.
class Server {
 public:
  Server() {
    add(1, 1);
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&service);
    builder.SetMaxReceiveMessageSize(-1);
    server_ = builder.BuildAndStart();
  }
  ~Server() {
    service.release();
    server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
  }
  void add(int operation, int phase) {
    pb::MiddlewareBinding& binding = *service.manifest.add_bindings();
    binding.set_operation(static_cast<pb::SupervisorMiddlewareOperation>(operation));
    binding.set_phase(static_cast<pb::SupervisorMiddlewarePhase>(phase));
    binding.set_max_payload_bytes(kPayloadBytesMax);
  }
  [[nodiscard]] Registration registration(std::string name = "guard",
                                          std::string timeout = "5s") const {
    Registration made;
    made.name = std::move(name);
    made.endpoint = fmt::format("http://127.0.0.1:{}", port_);
    made.payload_bytes_max = kPayloadBytesMax;
    made.timeout = std::move(timeout);
    return made;
  }

  Service service;

 private:
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

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
  EXPECT_THAT(built.refused[0].reason, HasSubstr("describes no bindings"));
  EXPECT_EQ(built.refused[1].reason,
            "middleware registration 'absent' Describe failed: UNAVAILABLE");
  EXPECT_THAT(built.refused[2].reason, HasSubstr("built-ins"));
  EXPECT_EQ(built.refused[3].reason, "duplicate supervisor middleware registration name 'twice'");
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
      build({server.registration(), server.registration("other", "1s")}, first.registry);
  EXPECT_EQ(second.registry->find("guard")->stage, first.registry->find("guard")->stage);
  EXPECT_NE(second.registry->find("other")->stage, first.registry->find("other")->stage);
  EXPECT_EQ(server.service.described, 3);
  const Built third = build({}, second.registry);
  EXPECT_EQ(third.registry->find("guard"), nullptr);
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
