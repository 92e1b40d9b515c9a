#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulator/subject/gateway.h"

namespace sallyport::sim::subject {
namespace {

using testing::Pair;
using testing::UnorderedElementsAre;

GatewaySpec plain() {
  GatewaySpec spec;
  spec.listen = net::Endpoint::parse("127.0.0.1:17670").value();
  spec.sandboxes.push_back({"sandbox", {}, {}, {}});
  return spec;
}

TEST(GatewayConfiguration, NamesTheSandboxAloneWhereThereIsNothingElse) {
  EXPECT_EQ(
      configuration_yaml(plain()),
      "listen: \"127.0.0.1:17670\"\n"
      "allow_unauthenticated: true\n"
      "sandboxes:\n"
      "  - {id: \"sandbox\", name: \"sandbox\", policy: \"sandbox.policy.yaml\", providers: []}\n");
}

TEST(GatewayConfiguration, HasRecordsRouteAndRegistrations) {
  GatewaySpec spec = plain();
  ProviderRecord record;
  record.name = "api";
  record.type = "openai";
  record.credentials["OPENAI_API_KEY"] = "sk-1";
  record.config["OPENAI_BASE_URL"] = "http://api.test/v1";
  record.host = "api.test";
  record.port = 80;
  spec.providers.push_back(record);
  spec.sandboxes[0].attached.emplace_back("api");
  spec.route = RouteSetting{"api", "m1", std::chrono::milliseconds(300)};
  spec.middleware.push_back(
      {"guard", "http://127.0.0.1:17671", 65536, std::chrono::milliseconds(500)});
  EXPECT_EQ(configuration_yaml(spec),
            "listen: \"127.0.0.1:17670\"\n"
            "allow_unauthenticated: true\n"
            "providers:\n"
            "  api:\n"
            "    type: \"openai\"\n"
            "    credentials: {OPENAI_API_KEY: \"sk-1\"}\n"
            "    config: {OPENAI_BASE_URL: \"http://api.test/v1\"}\n"
            "    endpoints: [{host: \"api.test\", port: 80}]\n"
            "inference: {provider: \"api\", model: \"m1\", timeout: 300ms}\n"
            "middleware:\n"
            "  - {name: \"guard\", grpc_endpoint: \"http://127.0.0.1:17671\", "
            "max_payload_bytes: 64KiB, timeout: 500ms}\n"
            "sandboxes:\n"
            "  - {id: \"sandbox\", name: \"sandbox\", policy: \"sandbox.policy.yaml\", providers: "
            "[api]}\n");
}

TEST(GatewayConfiguration, WithTokensNamesTheirFilesAndNobodyElseIsHeard) {
  GatewaySpec spec = plain();
  spec.operator_token = "tk-1";
  spec.sandboxes[0].token = "tk-2";
  EXPECT_EQ(configuration_yaml(spec),
            "listen: \"127.0.0.1:17670\"\n"
            "operator_token_file: operator.token\n"
            "sandboxes:\n"
            "  - {id: \"sandbox\", name: \"sandbox\", policy: \"sandbox.policy.yaml\", "
            "providers: [], token_file: \"sandbox.token\"}\n");
}

TEST(GatewayConfiguration, ListensBeyondLoopbackInsecurely) {
  GatewaySpec spec = plain();
  spec.operator_token = "tk-1";
  spec.listen = net::Endpoint::parse("10.200.0.1:17670").value();
  EXPECT_THAT(configuration_yaml(spec), testing::HasSubstr("\ninsecure: true\n"));
}

TEST(GatewayConfiguration, NamesTheFileOfItsState) {
  GatewaySpec spec = plain();
  EXPECT_THAT(configuration_yaml(spec), testing::Not(testing::HasSubstr("state:")));
  spec.store_file = true;
  EXPECT_THAT(configuration_yaml(spec), testing::HasSubstr("\nstate: state.db\n"));
}

TEST(GatewayConfiguration, SaysHowProvidersAreReached) {
  GatewaySpec spec = plain();
  spec.name_servers = {net::Endpoint::parse("127.0.0.53:53").value()};
  spec.host.hosts = "/run/w/hosts/box/hosts";
  spec.upstream_ca_pem = "PEM";
  EXPECT_THAT(configuration_yaml(spec),
              testing::HasSubstr("\nresolver: {servers: [\"127.0.0.53:53\"], hosts_file: "
                                 "\"/run/w/hosts/box/hosts\"}\nupstream_ca: upstream-ca.pem\n"));
}

TEST(CommandAnswer, HasTheRevisionsOfWhatWasAccepted) {
  const CommandAnswer answer = parse_answer(
      R"({"code":"OK","result":{},"revisions":{"config":"c1","bundle":"b2","environment":3}})"
      "\n",
      {"one"});
  EXPECT_EQ(answer.code, "OK");
  ASSERT_TRUE(answer.revisions.contains("one"));
  const Revisions& revisions = answer.revisions.at("one");
  EXPECT_EQ(revisions.config, "c1");
  EXPECT_EQ(revisions.bundle, "b2");
  EXPECT_EQ(revisions.environment, "3");
}

TEST(CommandAnswer, HasTheRevisionsOfEachOfSeveralSandboxes) {
  const CommandAnswer answer =
      parse_answer(R"({"code":"OK","revisions":{"config":"1"},"revisions_by_sandbox":)"
                   R"({"one":{"config":"1","bundle":"b"},"two":{"config":"2"}}})",
                   {"one", "two", "three"});
  ASSERT_EQ(answer.revisions.size(), 2U);
  EXPECT_EQ(answer.revisions.at("one").bundle, "b");
  EXPECT_EQ(answer.revisions.at("two").config, "2");
}

TEST(CommandAnswer, HasTheCodeAndTheReasonOfARefusal) {
  const CommandAnswer answer =
      parse_answer(R"({"code":"FAILED_PRECONDITION","message":"the route uses it"})", {"one"});
  EXPECT_EQ(answer.code, "FAILED_PRECONDITION");
  EXPECT_EQ(answer.detail, "the route uses it");
  EXPECT_TRUE(answer.revisions.empty());
}

TEST(CommandAnswer, HasNoCodeWhenItIsNone) {
  EXPECT_EQ(parse_answer("", {"one"}).code, "");
  EXPECT_EQ(parse_answer("Usage: ...", {"one"}).code, "");
  EXPECT_EQ(parse_answer("[1]", {"one"}).code, "");
  EXPECT_EQ(parse_answer(std::string(100000, '{'), {"one"}).code, "");
}

TEST(CallFields, AreReadFromAMessageOfTheGateway) {
  const auto fields = call_fields(R"({"rpc":"GetInferenceBundle","code":"OK","more":1})");
  ASSERT_TRUE(fields);
  EXPECT_THAT(*fields, UnorderedElementsAre(Pair("rpc", "GetInferenceBundle"), Pair("code", "OK")));
}

TEST(CallFields, AreNothingForOtherText) {
  EXPECT_FALSE(call_fields("ready"));
  EXPECT_FALSE(call_fields("{}"));
}

TEST(Variables, AreNamedAfterTheProviderType) {
  EXPECT_EQ(key_variable("openai"), "OPENAI_API_KEY");
  EXPECT_EQ(base_url_variable("some-type"), "SOME_TYPE_BASE_URL");
}

}  // namespace
}  // namespace sallyport::sim::subject
