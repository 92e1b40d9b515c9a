#include "simulator/subject/subject.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::sim::subject {
namespace {

TEST(Configuration, NamesEverythingThatTheSubjectIsGiven) {
  SubjectSpec spec;
  spec.listen = net::Endpoint::parse("10.200.0.1:3128").value();
  spec.name_servers = {net::Endpoint::parse("127.0.0.53:53").value()};
  spec.hosts_file = "/run/w/box/hosts";
  spec.upstream_ca_pem = "pem";
  spec.route = Route{};
  spec.limits["chunk_idle"] = Limit{true, false, 200'000'000};
  spec.limits["proxy_head_bytes"] = Limit{false, true, 8192};
  spec.limits["connections"] = Limit{false, false, 7};
  EXPECT_EQ(configuration_yaml(spec),
            "listen: [\"10.200.0.1:3128\"]\n"
            "policy: policy.yaml\n"
            "routes: routes.yaml\n"
            "resolver: {servers: [\"127.0.0.53:53\"], hosts_file: \"/run/w/box/hosts\"}\n"
            "upstream_ca: upstream-ca.pem\n"
            "forward: shared\n"
            "ca_output: ca\n"
            "identity: endpoints_only\n"
            "limits:\n"
            "  chunk_idle: 200ms\n"
            "  connections: 7\n"
            "  proxy_head_bytes: 8KiB\n");
}

TEST(Configuration, NamesTheGatewayInsteadOfFilesWhereThereIsOne) {
  SubjectSpec spec;
  spec.listen = net::Endpoint::parse("10.200.0.1:3128").value();
  spec.route = Route{};
  spec.middleware.push_back({"guard", "http://127.0.0.1:17671", 1, std::chrono::seconds(1)});
  spec.uplink = Uplink{"http://127.0.0.1:17670", "sandbox", std::chrono::milliseconds(50), {}};
  EXPECT_EQ(configuration_yaml(spec),
            "listen: [\"10.200.0.1:3128\"]\n"
            "gateway: {endpoint: \"http://127.0.0.1:17670\", sandbox: \"sandbox\", poll: 50ms, "
            "timeout: 250ms}\n"
            "resolver: {servers: [], hosts_file: \"\"}\n"
            "forward: shared\n"
            "ca_output: ca\n"
            "identity: endpoints_only\n");
}

TEST(Configuration, NamesItsTokenForTheGateway) {
  SubjectSpec spec;
  spec.listen = net::Endpoint::parse("10.200.0.1:3128").value();
  spec.uplink =
      Uplink{"http://10.9.0.1:17670", "sandbox", std::chrono::milliseconds(50), "tk-1", true};
  const std::string text = configuration_yaml(spec);
  EXPECT_NE(text.find("timeout: 250ms, token_file: gateway.token, insecure: true}\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find("tk-1"), std::string::npos);
}

TEST(Configuration, ListsRegistrationsWhereThereIsNoGateway) {
  SubjectSpec spec;
  spec.listen = net::Endpoint::parse("10.200.0.1:3128").value();
  spec.routes_file = true;
  spec.middleware.push_back(
      {"guard", "http://127.0.0.1:17671", 65536, std::chrono::milliseconds(100)});
  EXPECT_EQ(configuration_yaml(spec),
            "listen: [\"10.200.0.1:3128\"]\n"
            "policy: policy.yaml\n"
            "routes: routes.yaml\n"
            "middleware:\n"
            "  - {name: \"guard\", grpc_endpoint: \"http://127.0.0.1:17671\", "
            "max_payload_bytes: 64KiB, timeout: 100ms}\n"
            "resolver: {servers: [], hosts_file: \"\"}\n"
            "forward: shared\n"
            "ca_output: ca\n"
            "identity: endpoints_only\n");
  EXPECT_EQ(routes_yaml(std::nullopt), "routes: []\n");
}

TEST(Configuration, TellsProgramsApartWhereItIsWished) {
  SubjectSpec spec;
  spec.listen = net::Endpoint::parse("10.200.0.1:3128").value();
  spec.identity_required = true;
  EXPECT_NE(configuration_yaml(spec).find("\nidentity: required\n"), std::string::npos);
}

TEST(Configuration, QuotesWhatYamlCouldMisread) {
  Route route;
  route.base_url = "http://127.0.0.1:11434/v1";
  route.model = "yes: \"no\"\n#";
  route.protocols = {"model_discovery"};
  EXPECT_EQ(routes_yaml(route),
            "routes:\n"
            "  - name: inference.local\n"
            "    endpoint: \"http://127.0.0.1:11434/v1\"\n"
            "    model: \"yes: \\\"no\\\"\\n#\"\n"
            "    protocols: [\"model_discovery\"]\n"
            "    api_key: \"\"\n");
}

TEST(AuditFields, AreReadFromAnOcsfEvent) {
  const auto fields =
      audit_fields(R"({"class_uid":4001,"class_name":"Network Activity","activity_name":"Open",)"
                   R"("action":"Denied",)"
                   R"("disposition":"Blocked","severity":"Medium","status_detail":"why",)"
                   R"("firewall_rule":{"name":"-","type":"opa"},"unmapped":{"generation":3,)"
                   R"("bundle_revision":"b7"}})");
  ASSERT_TRUE(fields);
  EXPECT_EQ(fields->at("class"), "Network Activity");
  EXPECT_EQ(fields->at("detail"), "why");
  EXPECT_EQ(fields->at("engine"), "opa");
  EXPECT_EQ(fields->at("generation"), "3");
  EXPECT_EQ(fields->at("bundle_revision"), "b7");
  EXPECT_FALSE(fields->contains("uid"));
}

TEST(AuditFields, AreNothingForOtherText) {
  EXPECT_FALSE(audit_fields("ready"));
  EXPECT_FALSE(audit_fields("{}"));
  EXPECT_FALSE(audit_fields(std::string(100000, '[')));
}

}  // namespace
}  // namespace sallyport::sim::subject
