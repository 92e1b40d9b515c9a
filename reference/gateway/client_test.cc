#include "reference/gateway/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "openshell/inference/v1/inference.pb.h"
#include "openshell/v1/openshell.pb.h"
#include "reference/gateway/test_client.h"
#include "sallyport/gateway/v1/admin.pb.h"

namespace sallyport::gateway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(Client, SendsTheValueOfAVariableAndShowsItNowhere) {
  FakeGateway gateway;
  openshell::v1::ProviderResponse response;
  response.mutable_provider()->mutable_metadata()->set_name("p");
  (*response.mutable_provider()->mutable_credentials())["KEY"] = "REDACTED";
  gateway.answer = response.SerializeAsString();
  ClientFlags update = flags(Verb::provider_update);
  update.credentials = {"KEY"};
  const Outcome outcome = execute(update, environment, gateway.port());
  EXPECT_THAT(gateway.methods, ElementsAre("UpdateProvider"));
  EXPECT_THAT(gateway.last, HasSubstr("sk-secret"));
  const std::string shown = json_line(outcome, "") + outcome.text;
  EXPECT_THAT(shown, Not(HasSubstr("sk-secret")));
  EXPECT_THAT(shown, HasSubstr(R"("credentials":["KEY"])"));
  EXPECT_EQ(exit_code(outcome), 0);
}

TEST(Client, RefusesAVariableThatIsMissingOrEmpty) {
  for (const char* name : {"NONE", "EMPTY"}) {
    FakeGateway gateway;
    ClientFlags update = flags(Verb::provider_update);
    update.credentials = {name};
    const Outcome outcome = execute(update, environment, gateway.port());
    EXPECT_EQ(exit_code(outcome), 2);
    EXPECT_TRUE(gateway.methods.empty());
  }
}

TEST(Client, ReadsAValueFromAFile) {
  const std::string path = testing::TempDir() + "client-key";
  std::ofstream(path) << "sk-file\n";
  FakeGateway gateway;
  ClientFlags create = flags(Verb::provider_create);
  create.credential_files = {"K=" + path};
  EXPECT_EQ(exit_code(execute(create, environment, gateway.port())), 0);
  openshell::v1::CreateProviderRequest request;
  ASSERT_TRUE(request.ParseFromString(gateway.last));
  EXPECT_EQ(request.provider().credentials().at("K"), "sk-file");
  std::filesystem::remove(path);
  EXPECT_EQ(exit_code(execute(create, environment, gateway.port())), 2);
}

TEST(Client, DeletesByForceThroughACallOfItsOwn) {
  FakeGateway gateway;
  ClientFlags remove = flags(Verb::provider_delete);
  EXPECT_EQ(exit_code(execute(remove, environment, gateway.port())), 0);
  remove.force = true;
  EXPECT_EQ(exit_code(execute(remove, environment, gateway.port())), 0);
  EXPECT_THAT(gateway.methods, ElementsAre("DeleteProvider", "ForceDeleteProvider"));
}

TEST(Client, UpdatesARouteByReadingItFirst) {
  FakeGateway gateway;
  openshell::inference::v1::GetInferenceRouteResponse now;
  now.set_provider_name("p");
  now.set_model_id("old");
  now.set_timeout_secs(9);
  gateway.answer = now.SerializeAsString();
  ClientFlags update = flags(Verb::inference_update);
  update.model = "new";
  EXPECT_EQ(exit_code(execute(update, environment, gateway.port())), 0);
  EXPECT_THAT(gateway.methods, ElementsAre("GetInferenceRoute", "SetInferenceRoute"));
  openshell::inference::v1::SetInferenceRouteRequest request;
  ASSERT_TRUE(request.ParseFromString(gateway.last));
  EXPECT_EQ(request.provider_name(), "p");
  EXPECT_EQ(request.model_id(), "new");
  EXPECT_EQ(request.timeout_secs(), 9U);
  EXPECT_FALSE(request.no_verify());
}

TEST(Client, ShowsWhichEndpointsWereAsked) {
  FakeGateway gateway;
  openshell::inference::v1::SetInferenceRouteResponse response;
  response.set_route_name("inference.local");
  response.set_model_id("m");
  response.set_validation_performed(true);
  auto& endpoint = *response.add_validated_endpoints();
  endpoint.set_url("https://api.test/v1/responses");
  endpoint.set_protocol("openai_responses");
  gateway.answer = response.SerializeAsString();
  const Outcome outcome = execute(flags(Verb::inference_set), environment, gateway.port());
  EXPECT_THAT(outcome.text, HasSubstr("timeout:   60s (default)\n"));
  EXPECT_THAT(outcome.text,
              HasSubstr("verified: https://api.test/v1/responses (openai_responses)"));
  EXPECT_THAT(outcome.json, HasSubstr(R"("validation_performed":true)"));
  EXPECT_THAT(outcome.json, HasSubstr(R"("url":"https://api.test/v1/responses")"));
}

TEST(Client, AsksNoEndpointToBeAskedIfThatIsSaid) {
  FakeGateway gateway;
  ClientFlags set = flags(Verb::inference_set);
  set.no_verify = true;
  const Outcome outcome = execute(set, environment, gateway.port());
  openshell::inference::v1::SetInferenceRouteRequest request;
  ASSERT_TRUE(request.ParseFromString(gateway.last));
  EXPECT_TRUE(request.no_verify());
  EXPECT_THAT(outcome.text, HasSubstr("endpoints weren't asked"));
}

TEST(Client, ShowsARouteThatIsNotConfiguredAsNoFailure) {
  FakeGateway gateway;
  gateway.status = {rpc::Code::not_found, "none"};
  const Outcome outcome = execute(flags(Verb::inference_get), environment, gateway.port());
  EXPECT_EQ(exit_code(outcome), 0);
  EXPECT_EQ(json_line(outcome, ""), "{\"code\":\"OK\",\"result\":[]}\n");
  EXPECT_EQ(outcome.text, "ROUTE  PROVIDER  MODEL  TIMEOUT  VERSION\n");
}

TEST(Client, SetsAPolicyOfASandboxOrOfAll) {
  const std::string path = testing::TempDir() + "client-policy.yaml";
  std::ofstream(path) << "version: 1";
  FakeGateway gateway;
  ClientFlags set = flags(Verb::policy_set);
  set.file = path;
  openshell::v1::UpdateConfigRequest request;
  EXPECT_EQ(exit_code(execute(set, environment, gateway.port())), 0);
  ASSERT_TRUE(request.ParseFromString(gateway.last));
  EXPECT_TRUE(request.global());
  set.sandbox = "sb";
  EXPECT_EQ(exit_code(execute(set, environment, gateway.port())), 0);
  ASSERT_TRUE(request.ParseFromString(gateway.last));
  EXPECT_EQ(request.name(), "sb");
  EXPECT_FALSE(request.global());
  EXPECT_EQ(request.policy().version(), 1U);
  std::filesystem::remove(path);
}

TEST(Client, TellsAPolicysMistakesWithTheirPlacesAndAsksNobody) {
  const std::string path = testing::TempDir() + "client-wrong.yaml";
  std::ofstream(path) << "version: 1\nunknown: 2\n";
  FakeGateway gateway;
  ClientFlags set = flags(Verb::policy_set);
  set.file = path;
  const Outcome outcome = execute(set, environment, gateway.port());
  EXPECT_EQ(exit_code(outcome), 2);
  EXPECT_THAT(outcome.mistake, HasSubstr("client-wrong.yaml:2:1"));
  EXPECT_THAT(json_line(outcome, ""), HasSubstr(R"({"code":"INVALID_ARGUMENT","message":)"));
  EXPECT_TRUE(gateway.methods.empty());
  std::filesystem::remove(path);
}

TEST(Client, RegistersServicesFromAFile) {
  const std::string path = testing::TempDir() + "client-services.yaml";
  std::ofstream(path)
      << "middleware: [{name: a, grpc_endpoint: 'http://h:1', max_payload_bytes: 1}]";
  FakeGateway gateway;
  ClientFlags set = flags(Verb::middleware_set);
  set.file = path;
  EXPECT_EQ(exit_code(execute(set, environment, gateway.port())), 0);
  v1::SetMiddlewareServicesRequest request;
  ASSERT_TRUE(request.ParseFromString(gateway.last));
  EXPECT_EQ(request.services(0).name(), "a");
  std::filesystem::remove(path);
}

TEST(Client, HasAnExitCodeForEachEnd) {
  FakeGateway gateway;
  const auto code_of = [&](rpc::Code code) {
    gateway.status = {code, "why"};
    return exit_code(execute(flags(Verb::status), environment, gateway.port()));
  };
  EXPECT_EQ(code_of(rpc::Code::ok), 0);
  EXPECT_EQ(code_of(rpc::Code::failed_precondition), 1);
  EXPECT_EQ(code_of(rpc::Code::unavailable), 3);
  EXPECT_EQ(code_of(rpc::Code::deadline_exceeded), 3);
}

TEST(Client, WritesOneLineOfJsonWhateverTheGatewaySays) {
  FakeGateway gateway;
  gateway.status = {rpc::Code::failed_precondition, "in \"use\"\nby all"};
  const Outcome outcome = execute(flags(Verb::provider_delete), environment, gateway.port());
  EXPECT_EQ(json_line(outcome, ""),
            "{\"code\":\"FAILED_PRECONDITION\",\"message\":\"in \\\"use\\\"\\nby all\"}\n");
}

TEST(Client, TellsTheRevisionsOfASandbox) {
  FakeGateway gateway;
  v1::GetRevisionsResponse response;
  response.set_config_revision(18446744073709551615U);
  response.set_provider_env_revision(7);
  gateway.answer = response.SerializeAsString();
  const std::string revisions = revisions_json("sb", gateway.port());
  EXPECT_EQ(revisions, R"({"config":"18446744073709551615","bundle":"","environment":"7"})");
  EXPECT_THAT(json_line(Outcome{{}, {}, "{}", ""}, revisions), HasSubstr("\"revisions\":{"));
  gateway.status.code = rpc::Code::not_found;
  EXPECT_EQ(revisions_json("sb", gateway.port()), "");
}

TEST(Client, TellsTheRevisionsOfEachSandboxThatIsThere) {
  FakeGateway gateway;
  v1::GetRevisionsResponse response;
  response.set_config_revision(7);
  gateway.answer = response.SerializeAsString();
  const std::string all = all_revisions_json({"a", "b\"c"}, gateway.port());
  const std::string one = R"({"config":"7","bundle":"","environment":""})";
  EXPECT_EQ(all, R"({"a":)" + one + R"(,"b\"c":)" + one + "}");
  EXPECT_THAT(json_line(Outcome{{}, {}, "{}", ""}, one, all),
              HasSubstr(",\"revisions_by_sandbox\":{\"a\":"));
  gateway.status.code = rpc::Code::not_found;
  EXPECT_EQ(all_revisions_json({"a"}, gateway.port()), "{}");
}

TEST(Client, SetsAPolicyForEverySandboxThatIsNamed) {
  const std::string path = testing::TempDir() + "/policy-for-many.yaml";
  std::ofstream(path) << "version: 1\n";
  FakeGateway gateway;
  ClientFlags set = flags(Verb::policy_set);
  set.file = path;
  set.sandboxes = {"one", "two"};
  EXPECT_EQ(execute(set, environment, gateway.port()).mistake, "");
  EXPECT_THAT(gateway.methods, ElementsAre("UpdateConfig", "UpdateConfig"));
  EXPECT_THAT(gateway.last, HasSubstr("two"));
  gateway.methods.clear();
  gateway.status.code = rpc::Code::invalid_argument;
  static_cast<void>(execute(set, environment, gateway.port()));
  EXPECT_THAT(gateway.methods, ElementsAre("UpdateConfig"));
}

}  // namespace
}  // namespace sallyport::gateway
