#include "simulator/middleware/script.h"

#include <gtest/gtest.h>

#include "reference/base/yaml.h"

namespace sallyport::sim::middleware {
namespace {

using std::chrono::milliseconds;

ServiceSpec full_spec() {
  ServiceSpec spec;
  spec.name = "guard";
  spec.max_payload = 4096;
  spec.describe[0].operations = {"http_request", "websocket_message"};
  spec.describe[0].max_payload = 17;
  spec.describe[0].timeout = "300ms";
  spec.describe[0].audience = "us";
  spec.validate[0] = {false, "no such thing", {}};
  Reaction reaction;
  journal::Matcher path;
  path.has_equals = true;
  path.equals_any = {"/a", "/b"};
  reaction.where["path"] = path;
  journal::Matcher header;
  header.contains = "x \"y\"";
  header.count = 1;
  reaction.where["headers"].members["user-agent"] = header;
  journal::Matcher pointer;
  pointer.not_ = std::make_shared<journal::Matcher>();
  pointer.not_->equals_json = journal::Json{R"({"a":[1,2]})"};
  reaction.where["json"].members["/model"] = pointer;
  journal::Matcher body;
  body.starts = "s";
  body.ends = "e";
  body.matches = "m+";
  body.absent = false;
  body.at_least = 3;
  body.at_most = 4;
  reaction.where["body"] = body;
  reaction.decision = Reaction::Decision::deny;
  reaction.reason_code = "found_it";
  reaction.body = std::string("new\0body", 8);
  reaction.replace = {{"old", "new"}, {"$(", ""}};
  reaction.headers = {{HeaderChange::How::overwrite, "x-openshell-middleware-a", "1"},
                      {HeaderChange::How::remove, "user-agent", ""}};
  reaction.findings = {{"pii", "high", 3, "a label", "sure"}};
  reaction.headers.push_back({HeaderChange::How::write, "x-a", "1", 7});
  reaction.headers.push_back({HeaderChange::How::empty, "", ""});
  reaction.reason = "because";
  reaction.has_body = false;
  reaction.metadata = {{"a", "1"}};
  reaction.fill.body = 17;
  reaction.fill.metadata_bytes = 32769;
  reaction.times = 2;
  reaction.delay = milliseconds(20);
  reaction.status = "UNAVAILABLE";
  reaction.malformed = Malformed::oversize;
  spec.script.push_back(reaction);
  Reaction other;
  other.decision_number = 7;
  other.never = true;
  other.status = "99";
  spec.script.push_back(other);
  Describe later;
  later.bindings = {{"websocket_message", "pre_return", 0, "300ms"}, {"9", "0", {}, {}}};
  later.name = "someone else";
  later.version = "2";
  later.ending = {milliseconds(30), false, "INTERNAL", true};
  spec.describe.push_back(later);
  spec.validate.push_back({true, "", {milliseconds(0), true, {}, false}});
  spec.tls = Tls::expired;
  spec.goaway = 10;
  spec.strict_pings = true;
  return spec;
}

TEST(Script, ComesBackAsItWasWritten) {
  const std::string json = to_json(full_spec());
  const auto read = read_script(json);
  ASSERT_TRUE(read.spec) << read.complaint;
  EXPECT_EQ(to_json(*read.spec), json);
  const Reaction& reaction = read.spec->script.at(0);
  EXPECT_EQ(reaction.body, std::string("new\0body", 8));
  EXPECT_EQ(reaction.delay, milliseconds(20));
  EXPECT_EQ(reaction.where.at("headers").members.at("user-agent").contains, "x \"y\"");
  EXPECT_EQ(reaction.where.at("json").members.at("/model").not_->equals_json->text,
            R"({"a":[1,2]})");
  EXPECT_EQ(reaction.headers.at(1).how, HeaderChange::How::remove);
  EXPECT_EQ(read.spec->validate.at(0).reason, "no such thing");
}

TEST(Script, HasCallsOneByOne) {
  const auto read = read_script(to_json(full_spec()));
  ASSERT_TRUE(read.spec) << read.complaint;
  ASSERT_EQ(read.spec->describe.size(), 2U);
  const Describe& later = read.spec->describe[1];
  ASSERT_TRUE(later.bindings);
  ASSERT_EQ(later.bindings->size(), 2U);
  EXPECT_EQ(later.bindings->at(0).phase, "pre_return");
  EXPECT_EQ(later.bindings->at(0).max_payload, 0U);
  EXPECT_FALSE(later.bindings->at(1).max_payload);
  EXPECT_TRUE(later.ending.undecodable);
  EXPECT_EQ(later.ending.status, "INTERNAL");
  EXPECT_TRUE(read.spec->validate.at(1).ending.never);
  EXPECT_EQ(read.spec->script.at(1).decision_number, 7U);
  EXPECT_EQ(read.spec->script.at(0).fill.metadata_bytes, 32769U);
  EXPECT_EQ(read.spec->tls, Tls::expired);
}

TEST(Script, ARefusalIsATextOrAVerdict) {
  const auto read = read_script(R"({"validate": ["no", "ok", {"status": 14}, {"reason": "r"}]})");
  ASSERT_TRUE(read.spec) << read.complaint;
  EXPECT_FALSE(read.spec->validate.at(0).valid);
  EXPECT_EQ(read.spec->validate[0].reason, "no");
  EXPECT_TRUE(read.spec->validate.at(1).valid);
  EXPECT_EQ(read.spec->validate.at(2).ending.status, "14");
  EXPECT_FALSE(read.spec->validate.at(3).valid);
}

TEST(Script, AComplaintIsFoundInTheYaml) {
  base::Diagnostics none;
  const auto mark = [&](const char* yaml) {
    const auto node = base::yaml::parse(yaml, "s.yaml", none);
    const auto place = mark_of(*node, read_script(base::yaml::to_json(*node)).complaint);
    return std::to_string(place.line) + ":" + std::to_string(place.column);
  };
  EXPECT_EQ(mark("name: g\nscript:\n  - {}\n  - {delay: 1s, decision: no}\n"), "4:17");
  EXPECT_EQ(mark("describe:\n  bindings:\n    - {phase: late}\n"), "3:8");
  EXPECT_EQ(mark("script:\n  - 17\n"), "2:5");
  EXPECT_EQ(mark("a b: 1\n"), "1:1");
}

TEST(Script, ThatIsEmptyAllowsEverything) {
  const auto read = read_script("{}");
  ASSERT_TRUE(read.spec) << read.complaint;
  EXPECT_TRUE(read.spec->script.empty());
  EXPECT_TRUE(read.spec->validate.at(0).valid);
  EXPECT_EQ(read.spec->max_payload, 64U * 1024);
}

TEST(Script, IsSlowedWithTheRun) {
  const auto read = read_script(to_json(full_spec(), 4.0));
  ASSERT_TRUE(read.spec);
  EXPECT_EQ(read.spec->script.at(0).delay, milliseconds(80));
}

TEST(Script, TakesScalarsAsAPersonWritesThem) {
  const auto read = read_script(
      R"({"name": "g", "listen": "127.0.0.1:9", "max_payload": "64KiB", "validate": "ok",)"
      R"( "script": [{"where": {"body_size": 17}, "delay": "2s", "findings": [{"type": "t"}]}]})");
  ASSERT_TRUE(read.spec) << read.complaint;
  EXPECT_EQ(read.spec->max_payload, 65536U);
  EXPECT_TRUE(read.spec->validate.at(0).valid);
  EXPECT_EQ(read.spec->script.at(0).where.at("body_size").equals_any.at(0), "17");
  EXPECT_EQ(read.spec->script.at(0).findings.at(0).count, 1U);
}

TEST(Script, MistakesAreToldWithTheirPlace) {
  const auto complaint = [](const char* json) { return read_script(json).complaint; };
  EXPECT_EQ(complaint("{"), "not JSON, at octet 1");
  EXPECT_EQ(complaint("[]"), "the script must be a map");
  EXPECT_EQ(complaint(R"({"scripts": []})"), "scripts isn't known");
  EXPECT_EQ(complaint(R"({"script": {}})"), "script must be a list");
  EXPECT_EQ(complaint(R"({"script": [{}, {"decision": "no"}]})"),
            "script[1].decision must be one of allow, deny, skip");
  EXPECT_EQ(complaint(R"({"script": [{"delay": 3}]})").find("script[0].delay must be a duration"),
            0U);
  EXPECT_EQ(complaint(R"({"script": [{"status": "TEAPOT"}]})"),
            "script[0].status must be a gRPC code (UNAVAILABLE, INTERNAL ...), or a number over 0");
  EXPECT_EQ(complaint(R"({"script": [{"headers": [{"value": "v"}]}]})"),
            "script[0].headers[0] needs one of append, overwrite, skip, remove, write, empty");
  EXPECT_EQ(complaint(R"({"script": [{"where": {"path": {"matches": "("}}}]})")
                .find("script[0].where.path.matches isn't a pattern"),
            0U);
  EXPECT_EQ(complaint(R"({"script": [{"where": {"path": {"contians": "x"}}}]})"),
            "script[0].where.path.contians isn't known");
  EXPECT_EQ(complaint(R"({"describe": {"operations": ["tcp"]}})"),
            "describe.operations must be of http_request, websocket_message");
  EXPECT_EQ(complaint(R"({"describe": [{}, {"bindings": [{"phase": "late"}]}]})"),
            "describe[1].bindings[0].phase must be pre_credentials, pre_return or a number");
  EXPECT_EQ(complaint(R"({"describe": {"operations": [], "bindings": []}})"),
            "describe.bindings can't stand beside operations");
  EXPECT_EQ(complaint(R"({"validate": []})"), "validate needs one at least");
  EXPECT_EQ(complaint(R"({"script": [{"status": 0}]})"),
            "script[0].status must be a gRPC code (UNAVAILABLE, INTERNAL ...), or a number over 0");
  EXPECT_EQ(complaint(R"({"script": [{"fill": {"body": "65MiB"}}]})"),
            "script[0].fill.body must be 67108864 at most");
  EXPECT_EQ(complaint(R"({"script": [{"fill": {"bodies": 1}}]})"),
            "script[0].fill.bodies isn't known");
  EXPECT_EQ(complaint(R"({"tls": {"key": "k"}})"), "tls needs certificate and key, or is a word");
  EXPECT_EQ(complaint(R"({"script": [{"replace": {"": "x"}}]})"),
            "script[0].replace must hold texts");
}

}  // namespace
}  // namespace sallyport::sim::middleware
