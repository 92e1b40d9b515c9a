// The server on loopback, and our own client's channel.
#include "reference/gateway/server.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

#include "openshell/inference/v1/inference.pb.h"
#include "openshell/v1/openshell.pb.h"
#include "reference/base/random.h"
#include "reference/gateway/ask_services.h"
#include "reference/gateway/issued_tokens.h"
#include "reference/gateway/own_loop.h"
#include "reference/gateway/test_records.h"
#include "reference/policy/loader.h"
#include "reference/rpc/channel.h"

namespace sallyport::gateway {
namespace {

using testing::HasSubstr;

net::Task<void> ask(rpc::Channel& channel, std::string_view method,
                    const google::protobuf::MessageLite& request,
                    google::protobuf::MessageLite& response, base::TimePoint deadline,
                    rpc::Status& status) {
  status = co_await channel.unary(method, request, response, deadline);
}

class GatewayServer : public testing::Test {
 protected:
  GatewayServer() {
    int fds[2];
    EXPECT_EQ(::pipe2(fds, O_CLOEXEC), 0);
    said_ = base::UniqueFd(fds[0]);
    calls_ = std::make_unique<CallLog>(base::UniqueFd(fds[1]));
    std::string failure;
    const std::vector listen{*net::Endpoint::parse("127.0.0.1:0")};
    server_ = Server::start({listen, false, nullptr}, apis(), *calls_, failure);
    EXPECT_NE(server_, nullptr) << failure;
    rpc::ChannelOptions options;
    options.endpoint = "http://" + server_->listen()[0].to_string();
    channel_ = std::move(*rpc::Channel::create(loop_.executor(), loop_.clock(), options));
  }

  Apis apis() {
    const auto nobody = [](const std::string&, const std::string&, bool) { return rpc::Status{}; };
    return {inference_, providers_, sandboxes_, tokens_, finder_in(store_), nobody};
  }
  rpc::Status call(std::string_view method, const google::protobuf::MessageLite& request,
                   google::protobuf::MessageLite& response) {
    rpc::Status status;
    const base::TimePoint deadline = loop_.clock().now() + std::chrono::seconds(20);
    loop_.run(ask(*channel_, method, request, response, deadline, status));
    return status;
  }
  std::string said() {
    std::array<char, 1024> octets{};
    const ssize_t got = ::read(said_.get(), octets.data(), octets.size());
    return {octets.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
  }

  base::SystemClock clock_;
  base::SystemRandom random_;
  Store store_{used_state()};
  InferenceApi inference_{
      store_, clock_, [](const inference::Route&) {
        return inference::ProbeVerdict{true, "https://api.test/v1/x", "x", {}, {}};
      }};
  ProviderApi providers_{store_, clock_, random_};
  SandboxApi sandboxes_{store_, clock_, random_, ask_services};
  TokenBook tokens_{FileTokens{}};
  base::UniqueFd said_;
  std::unique_ptr<CallLog> calls_;
  std::unique_ptr<Server> server_;
  OwnLoop loop_;
  std::unique_ptr<rpc::Channel> channel_;
};

TEST_F(GatewayServer, ServesCallsAndLogsEach) {
  openshell::inference::v1::GetInferenceBundleRequest request;
  openshell::inference::v1::GetInferenceBundleResponse bundle;
  const auto status = call("/openshell.inference.v1.Inference/GetInferenceBundle", request, bundle);
  ASSERT_TRUE(status.ok()) << status.message;
  EXPECT_EQ(bundle.routes(0).api_key(), "sk-1");
  EXPECT_EQ(said(), "{\"rpc\":\"GetInferenceBundle\",\"code\":\"OK\"}\n");
}

TEST_F(GatewayServer, PassesOnWhyACallIsRefused) {
  openshell::v1::DeleteProviderRequest request;
  request.set_name("p");
  openshell::v1::DeleteProviderResponse response;
  const auto status = call("/openshell.v1.OpenShell/DeleteProvider", request, response);
  EXPECT_EQ(status.code, rpc::Code::failed_precondition);
  EXPECT_THAT(status.message, HasSubstr("route 'inference.local'"));
  EXPECT_THAT(said(), HasSubstr("FAILED_PRECONDITION"));
}

TEST_F(GatewayServer, AnswersWhatItDoesNotServeWithUnimplemented) {
  openshell::v1::IssueSandboxTokenRequest request;
  openshell::v1::IssueSandboxTokenResponse response;
  EXPECT_EQ(call("/openshell.v1.OpenShell/IssueSandboxToken", request, response).code,
            rpc::Code::unimplemented);
}

TEST_F(GatewayServer, ServesNoneOfTheRouteCallsOfOlderContracts) {
  for (const char* method : {"CreateInferenceRoute", "UpdateInferenceRoute", "ListInferenceRoutes",
                             "DeleteInferenceRoutes"}) {
    openshell::inference::v1::SetInferenceRouteRequest request;
    request.set_provider_name("p");
    openshell::inference::v1::SetInferenceRouteResponse response;
    const auto status =
        call(std::string("/openshell.inference.v1.Inference/") + method, request, response);
    EXPECT_EQ(status.code, rpc::Code::unimplemented) << method;
  }
  EXPECT_EQ(store_.current()->routes.at(std::string(kUserRoute)).version, 1U);
}

TEST_F(GatewayServer, TellsARefusalThatIsLongerThanTrailersMayBe) {
  openshell::v1::UpdateConfigRequest request;
  request.set_name("sb");
  auto& policy = *request.mutable_policy();
  policy.set_version(1);
  for (int i = 0; i < 500; ++i) {
    (*policy.mutable_network_policies())["rule " + std::to_string(i)].set_name("x");
  }
  openshell::v1::UpdateConfigResponse response;
  const auto status = call("/openshell.v1.OpenShell/UpdateConfig", request, response);
  EXPECT_EQ(status.code, rpc::Code::invalid_argument);
  EXPECT_THAT(status.message, HasSubstr("octets in all"));
}

TEST_F(GatewayServer, DoesNotStartWhereAnotherListens) {
  std::string failure;
  const Listening same{server_->listen(), false, nullptr};
  const auto second = Server::start(same, apis(), *calls_, failure);
  EXPECT_EQ(second, nullptr);
  EXPECT_THAT(failure, HasSubstr("can't be listened on"));
}

TEST(AskServices, SaysWhenNobodyAnswers) {
  base::Diagnostics complaints;
  const auto policy = policy::load_policy_text(
      "version: 1\nnetwork_middlewares: {g: {middleware: acme/a, endpoints: {include: [a.test]}}}",
      "policy", complaints);
  ASSERT_TRUE(policy) << complaints.to_string();
  EXPECT_THAT(ask_services(*policy, {registration("acme/a")}), HasSubstr("acme/a"));
}

TEST(AskServices, TakesWhatABuiltInTakes) {
  base::Diagnostics complaints;
  const auto policy = policy::load_policy_text(
      "version: 1\nnetwork_middlewares: {g: {middleware: openshell/secrets, "
      "config: {secrets: redact}, endpoints: {include: [a.test]}}}",
      "policy", complaints);
  ASSERT_TRUE(policy) << complaints.to_string();
  EXPECT_EQ(ask_services(*policy, {}), "");
}

}  // namespace
}  // namespace sallyport::gateway
