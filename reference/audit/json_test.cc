#include "reference/audit/json.h"

#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <string>

namespace sallyport::audit {
namespace {

rapidjson::Document parsed(const Event& event, const Origin& origin = {}) {
  rapidjson::Document document;
  const std::string line = to_json(event, origin, 1785585600123);
  document.Parse(line.c_str());
  EXPECT_FALSE(document.HasParseError()) << line;
  EXPECT_EQ(line.find('\n'), std::string::npos);
  return document;
}

Flow flow() {
  Flow made;
  made.source = Peer{"10.200.0.2", 41000};
  made.destination = Peer{"api.example.com", 443};
  return made;
}

HttpRequest request() {
  HttpRequest made;
  made.method = "GET";
  made.host = "api.example.com";
  made.port = 8080;
  made.path = "/v1/x?key=secret";
  return made;
}

TEST(OcsfJson, WritesADenialWithItsNumbersAndLabels) {
  const auto json =
      parsed(net_denied(flow(), "CONNECT denied api.example.com:443", "why", Rule{"-", "opa"}));
  EXPECT_EQ(json["class_uid"].GetInt(), 4001);
  EXPECT_STREQ(json["class_name"].GetString(), "Network Activity");
  EXPECT_EQ(json["category_uid"].GetInt(), 4);
  EXPECT_STREQ(json["category_name"].GetString(), "Network Activity");
  EXPECT_EQ(json["activity_id"].GetInt(), 1);
  EXPECT_STREQ(json["activity_name"].GetString(), "Open");
  EXPECT_EQ(json["type_uid"].GetInt(), 400101);
  EXPECT_STREQ(json["type_name"].GetString(), "Network Activity: Open");
  EXPECT_EQ(json["time"].GetInt64(), 1785585600123);
  EXPECT_EQ(json["severity_id"].GetInt(), 3);
  EXPECT_STREQ(json["severity"].GetString(), "Medium");
  EXPECT_EQ(json["status_id"].GetInt(), 2);
  EXPECT_STREQ(json["status"].GetString(), "Failure");
  EXPECT_EQ(json["action_id"].GetInt(), 2);
  EXPECT_STREQ(json["action"].GetString(), "Denied");
  EXPECT_EQ(json["disposition_id"].GetInt(), 2);
  EXPECT_STREQ(json["disposition"].GetString(), "Blocked");
  EXPECT_STREQ(json["message"].GetString(), "CONNECT denied api.example.com:443");
  EXPECT_STREQ(json["status_detail"].GetString(), "why");
  EXPECT_STREQ(json["firewall_rule"]["name"].GetString(), "-");
  EXPECT_STREQ(json["firewall_rule"]["type"].GetString(), "opa");
  EXPECT_STREQ(json["src_endpoint"]["ip"].GetString(), "10.200.0.2");
  EXPECT_EQ(json["src_endpoint"]["port"].GetInt(), 41000);
  EXPECT_STREQ(json["dst_endpoint"]["domain"].GetString(), "api.example.com");
  EXPECT_TRUE(json["is_src_dst_assignment_known"].GetBool());
  EXPECT_STREQ(json["metadata"]["version"].GetString(), "1.8.0");
  EXPECT_STREQ(json["metadata"]["product"]["name"].GetString(), "OpenShell Sandbox Supervisor");
  EXPECT_EQ(json["metadata"]["profiles"].Size(), 4U);
}

TEST(OcsfJson, LeavesOutWhatIsAbsent) {
  const auto json = parsed(net_failed(Flow{}, "Proxy connection error: x"));
  for (const char* name :
       {"status_detail", "action", "action_id", "disposition", "src_endpoint", "dst_endpoint",
        "firewall_rule", "http_request", "unmapped", "device", "container", "proxy_endpoint",
        "observation_point_id", "state", "finding_info"}) {
    EXPECT_FALSE(json.HasMember(name)) << name;
  }
  EXPECT_FALSE(json["metadata"].HasMember("uid"));
  EXPECT_EQ(json["activity_id"].GetInt(), 4);
  EXPECT_STREQ(json["activity_name"].GetString(), "Fail");
  EXPECT_STREQ(json["severity"].GetString(), "Low");
}

TEST(OcsfJson, NamesItsOrigin) {
  Origin origin;
  origin.sandbox_id = "sb-1";
  origin.hostname = "box";
  origin.proxy = Peer{"10.200.0.1", 3128};
  const auto json = parsed(net_listening(Peer{"10.200.0.1", 3128}), origin);
  EXPECT_STREQ(json["metadata"]["uid"].GetString(), "sb-1");
  EXPECT_STREQ(json["container"]["uid"].GetString(), "sb-1");
  EXPECT_STREQ(json["device"]["hostname"].GetString(), "box");
  EXPECT_STREQ(json["device"]["os"]["name"].GetString(), "Linux");
  EXPECT_STREQ(json["proxy_endpoint"]["ip"].GetString(), "10.200.0.1");
  EXPECT_EQ(json["activity_id"].GetInt(), 7);
  EXPECT_STREQ(json["message"].GetString(), "Proxy listening on 10.200.0.1:3128");
}

TEST(OcsfJson, WritesAnHttpRequestWithoutItsQuery) {
  const auto json = parsed(http_allowed(flow(), request(), "FORWARD allowed", Rule{"web", "opa"}));
  EXPECT_EQ(json["class_uid"].GetInt(), 4002);
  EXPECT_EQ(json["type_uid"].GetInt(), 400299);
  EXPECT_STREQ(json["activity_name"].GetString(), "Other");
  EXPECT_EQ(json["observation_point_id"].GetInt(), 2);
  EXPECT_STREQ(json["http_request"]["http_method"].GetString(), "GET");
  EXPECT_STREQ(json["http_request"]["url"]["path"].GetString(), "/v1/x");
  EXPECT_STREQ(json["http_request"]["url"]["scheme"].GetString(), "http");
  EXPECT_STREQ(json["http_request"]["url"]["hostname"].GetString(), "api.example.com");
  EXPECT_EQ(json["http_request"]["url"]["port"].GetInt(), 8080);
  EXPECT_STREQ(json["firewall_rule"]["name"].GetString(), "web");
}

TEST(OcsfJson, RendersParseFailuresAndRefusalsAsTheFieldDoes) {
  const auto failed = parsed(http_failed(flow(), request(), "m", "d"));
  EXPECT_EQ(failed["activity_id"].GetInt(), 4);
  EXPECT_STREQ(failed["activity_name"].GetString(), "Head");
  const auto refused = parsed(http_refused(flow(), request(), "m"));
  EXPECT_EQ(refused["activity_id"].GetInt(), 5);
  EXPECT_STREQ(refused["activity_name"].GetString(), "Options");
  EXPECT_EQ(refused["disposition_id"].GetInt(), 25);
  EXPECT_EQ(refused["severity_id"].GetInt(), 1);
}

TEST(OcsfJson, WritesAFinding) {
  Finding what;
  what.uid = "openshell.http.request_authority_mismatch";
  what.title = "Request authority mismatch";
  what.evidence = {{"host", "a"}, {"port", "443"}};
  const auto json = parsed(finding(what, Severity::high, Disposition::blocked));
  EXPECT_EQ(json["class_uid"].GetInt(), 2004);
  EXPECT_EQ(json["category_uid"].GetInt(), 2);
  EXPECT_STREQ(json["finding_info"]["uid"].GetString(), what.uid.c_str());
  EXPECT_STREQ(json["evidences"][0]["data"]["port"].GetString(), "443");
  EXPECT_TRUE(json["is_alert"].GetBool());
  EXPECT_EQ(json["action_id"].GetInt(), 2);
}

TEST(OcsfJson, WritesAConfigState) {
  Event event = config_state("loaded", "Policy loaded");
  event.unmapped = {{"policy_hash", "ab"}, {"policy_version", std::int64_t{3}}};
  const auto json = parsed(event);
  EXPECT_EQ(json["class_uid"].GetInt(), 5019);
  EXPECT_STREQ(json["category_name"].GetString(), "Discovery");
  EXPECT_EQ(json["state_id"].GetInt(), 99);
  EXPECT_STREQ(json["state"].GetString(), "loaded");
  EXPECT_STREQ(json["unmapped"]["policy_hash"].GetString(), "ab");
  EXPECT_EQ(json["unmapped"]["policy_version"].GetInt(), 3);
  EXPECT_EQ(parsed(config_state("Enabled", "x"))["state_id"].GetInt(), 2);
}

TEST(OcsfJson, NestsTheProgramsParentsNearestFirst) {
  Flow by_curl = flow();
  by_curl.actor = Actor{"/usr/bin/curl", 58, "/etc/x", {"/bin/sh", "/sbin/init"}};
  const auto json = parsed(net_allowed(by_curl, "m", Rule{"web", "opa"}));
  const auto& process = json["actor"]["process"];
  EXPECT_STREQ(process["name"].GetString(), "/usr/bin/curl");
  EXPECT_EQ(process["pid"].GetInt(), 58);
  EXPECT_STREQ(process["cmd_line"].GetString(), "/etc/x");
  EXPECT_STREQ(process["parent_process"]["name"].GetString(), "/bin/sh");
  const auto& outer = process["parent_process"]["parent_process"];
  EXPECT_STREQ(outer["name"].GetString(), "/sbin/init");
  EXPECT_FALSE(outer.HasMember("parent_process"));
}

TEST(OcsfJson, WritesADashForAParentThatIsNotKnown) {
  Flow by_curl = flow();
  by_curl.actor = Actor{"/usr/bin/curl", 58, "", {}};
  const auto json = parsed(net_denied(by_curl, "m", "why", Rule{"-", "opa"}));
  const auto& process = json["actor"]["process"];
  EXPECT_FALSE(process.HasMember("cmd_line"));
  EXPECT_STREQ(process["parent_process"]["name"].GetString(), "-");
  EXPECT_EQ(process["parent_process"]["pid"].GetInt(), 0);
}

TEST(OcsfJson, NamesNobodyWhereNobodyIsKnown) {
  EXPECT_FALSE(parsed(net_allowed(flow(), "m", Rule{"web", "opa"})).HasMember("actor"));
}

TEST(OcsfJson, WritesAModelCall) {
  const auto json = parsed(api_called(ApiCall{"chat", "m-1", "https://p.example/v1"}, true, 12));
  EXPECT_EQ(json["class_uid"].GetInt(), 6003);
  EXPECT_EQ(json["activity_id"].GetInt(), 99);
  EXPECT_STREQ(json["api"]["operation"].GetString(), "chat");
  EXPECT_STREQ(json["ai_model"]["name"].GetString(), "m-1");
  EXPECT_STREQ(json["ai_model"]["ai_provider"].GetString(), "https://p.example/v1");
  EXPECT_EQ(json["unmapped"]["latency_ms"].GetInt(), 12);
  EXPECT_STREQ(json["metadata"]["profiles"][0].GetString(), "ai_operation");
}

TEST(OcsfJson, NamesAnActivityOfItsOwn) {
  Event event = net_allowed(flow(), "101 Switching Protocols", Rule{"web", "l7"});
  event.activity = activity::kOther;
  event.activity_name = "Upgrade";
  const auto json = parsed(event);
  EXPECT_EQ(json["type_uid"].GetInt(), 400199);
  EXPECT_STREQ(json["type_name"].GetString(), "Network Activity: Upgrade");
}

TEST(OcsfJson, EscapesLineBreaksAndReplacesWhatIsNotUtf8) {
  Event event = net_failed(Flow{}, "a\nb\"c\\\x01");
  event.status_detail = "x\xC3(\xFF\xED\xA0\x80\xE2\x82\xAC\xE2\x82";
  const auto json = parsed(event);
  EXPECT_STREQ(json["message"].GetString(), "a\nb\"c\\\x01");
  EXPECT_STREQ(json["status_detail"].GetString(),
               "x\uFFFD(\uFFFD\uFFFD\uFFFD\uFFFD\u20AC\uFFFD\uFFFD");
}

}  // namespace
}  // namespace sallyport::audit
