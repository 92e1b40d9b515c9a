#include "simulator/middleware/script.h"

#include <gtest/gtest.h>

namespace sallyport::sim::middleware {
namespace {

using std::chrono::milliseconds;

ServiceSpec full_spec() {
  ServiceSpec spec;
  spec.name = "guard";
  spec.max_payload = 4096;
  spec.describe.operations = {"http_request", "websocket_message"};
  spec.describe.max_payload = 17;
  spec.describe.timeout = "300ms";
  spec.describe.audience = "us";
  spec.validate = "no such thing";
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
  reaction.findings = {{"pii", "high", 3}};
  reaction.delay = milliseconds(20);
  reaction.status = "UNAVAILABLE";
  reaction.malformed = Malformed::oversize;
  spec.script.push_back(reaction);
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
  EXPECT_EQ(read.spec->validate, "no such thing");
}

TEST(Script, ThatIsEmptyAllowsEverything) {
  const auto read = read_script("{}");
  ASSERT_TRUE(read.spec) << read.complaint;
  EXPECT_TRUE(read.spec->script.empty());
  EXPECT_FALSE(read.spec->validate);
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
  EXPECT_FALSE(read.spec->validate);
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
            "script[0].status must be a gRPC code (UNAVAILABLE, INTERNAL ...)");
  EXPECT_EQ(complaint(R"({"script": [{"headers": [{"value": "v"}]}]})"),
            "script[0].headers[0] needs one of append, overwrite, skip, remove");
  EXPECT_EQ(complaint(R"({"script": [{"where": {"path": {"matches": "("}}}]})")
                .find("script[0].where.path.matches isn't a pattern"),
            0U);
  EXPECT_EQ(complaint(R"({"script": [{"where": {"path": {"contians": "x"}}}]})"),
            "script[0].where.path.contians isn't known");
  EXPECT_EQ(complaint(R"({"describe": {"operations": ["tcp"]}})"),
            "describe.operations must be of http_request, websocket_message");
  EXPECT_EQ(complaint(R"({"script": [{"replace": {"": "x"}}]})"),
            "script[0].replace must hold texts");
}

}  // namespace
}  // namespace sallyport::sim::middleware
