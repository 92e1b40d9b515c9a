// Middleware services as loaded.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulator/scenario/load.h"

namespace sallyport::sim::scenario {
namespace {

using middleware::HeaderChange;
using middleware::Malformed;
using middleware::Reaction;
using middleware::ServiceSpec;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

ServiceSpec service(const std::string& fields, const std::string& more = {}) {
  const Loaded out = load_text("scenario: A claim\nrequirement: MW-010\nkills: [x]\n" + more +
                                   "middleware: {guard: " + fields +
                                   "}\nsteps:\n  call: {request: http://a.test/}\n",
                               "/nowhere/s.yaml");
  EXPECT_EQ(out.complaints.to_string(), "");
  if (!out.scenario || out.scenario->cells[0].middleware.empty()) return {};
  return out.scenario->cells[0].middleware[0];
}

Reaction entry(const std::string& fields) {
  const ServiceSpec spec = service("{script: [" + fields + "]}");
  return spec.script.empty() ? Reaction{} : spec.script[0];
}

TEST(Middleware, HasDefaultsForEverything) {
  const ServiceSpec spec = service("{}");
  EXPECT_EQ(spec.name, "guard");
  EXPECT_EQ(spec.host, "box");
  EXPECT_EQ(spec.listen.to_string(), "127.0.0.1:0");
  EXPECT_TRUE(spec.up);
  EXPECT_TRUE(spec.registered);
  EXPECT_EQ(spec.timeout, milliseconds(500));
  EXPECT_EQ(spec.max_payload, 65536U);
  EXPECT_THAT(spec.describe[0].operations, ElementsAre("http_request"));
  EXPECT_EQ(spec.describe[0].max_payload, 65536U);
  EXPECT_TRUE(spec.validate[0].valid);
  EXPECT_THAT(spec.script, IsEmpty());
}

TEST(Middleware, IsRegisteredAsItSays) {
  const ServiceSpec spec = service(
      "{host: far, listen: 10.9.0.1:9000, initially: down, registered: false, timeout: 80ms, "
      "max_payload: 1KiB}",
      "hosts: {far: {addresses: [10.9.0.1/24]}}\n");
  EXPECT_EQ(spec.host, "far");
  EXPECT_EQ(spec.listen.to_string(), "10.9.0.1:9000");
  EXPECT_FALSE(spec.up);
  EXPECT_FALSE(spec.registered);
  EXPECT_EQ(spec.timeout, milliseconds(80));
  EXPECT_EQ(spec.max_payload, 1024U);
  EXPECT_EQ(spec.describe[0].max_payload, 1024U);
}

TEST(Middleware, MayDescribeWhatTheContractForbids) {
  const ServiceSpec spec =
      service("{describe: {operations: [], max_payload: 5MiB, timeout: soon, audience: else}}");
  EXPECT_THAT(spec.describe[0].operations, IsEmpty());
  EXPECT_EQ(spec.describe[0].max_payload, 5U * 1024 * 1024);
  EXPECT_EQ(spec.describe[0].timeout, "soon");
  EXPECT_EQ(spec.describe[0].audience, "else");
  const ServiceSpec both = service("{describe: {operations: [http_request, websocket_message]}}");
  EXPECT_THAT(both.describe[0].operations, ElementsAre("http_request", "websocket_message"));
}

TEST(Middleware, ValidatesOrRefusesWithAReason) {
  EXPECT_TRUE(service("{validate: ok}").validate[0].valid);
  const middleware::Verdict refusal = service("{validate: terms are missing}").validate[0];
  EXPECT_FALSE(refusal.valid);
  EXPECT_EQ(refusal.reason, "terms are missing");
}

TEST(Middleware, DecidesByTheCallsEvent) {
  const Reaction reaction = entry(
      "{where: {path: {starts: /v1}, method: [POST, PUT]}, decision: deny, reason_code: bad_word}");
  EXPECT_EQ(reaction.call, Reaction::Call::evaluate);
  EXPECT_EQ(reaction.decision, Reaction::Decision::deny);
  EXPECT_EQ(reaction.reason_code, "bad_word");
  EXPECT_EQ(*reaction.where.at("path").starts, "/v1");
  EXPECT_THAT(reaction.where.at("method").equals_any, ElementsAre("POST", "PUT"));
}

TEST(Middleware, ReplacesBodies) {
  EXPECT_EQ(*entry("{body: \"\"}").body, "");
  const Reaction reaction = entry("{replace: {secret: \"[FILTERED]\", other: \"\"}}");
  EXPECT_FALSE(reaction.body.has_value());
  EXPECT_EQ(reaction.replace.at("secret"), "[FILTERED]");
  EXPECT_EQ(reaction.replace.at("other"), "");
}

TEST(Middleware, ChangesHeadersInEachWay) {
  const Reaction reaction = entry(
      "{headers: [{append: X-A, value: a}, {overwrite: X-B, value: b}, {skip: X-C, value: c}, "
      "{remove: X-D}]}");
  ASSERT_EQ(reaction.headers.size(), 4U);
  EXPECT_EQ(reaction.headers[0].how, HeaderChange::How::append);
  EXPECT_EQ(reaction.headers[0].name, "X-A");
  EXPECT_EQ(reaction.headers[0].value, "a");
  EXPECT_EQ(reaction.headers[1].how, HeaderChange::How::overwrite);
  EXPECT_EQ(reaction.headers[2].how, HeaderChange::How::skip);
  EXPECT_EQ(reaction.headers[3].how, HeaderChange::How::remove);
  EXPECT_EQ(reaction.headers[3].value, "");
}

TEST(Middleware, ReportsFindings) {
  const Reaction reaction =
      entry("{findings: [{type: regex.key, severity: high, count: 3}, {type: other}]}");
  ASSERT_EQ(reaction.findings.size(), 2U);
  EXPECT_EQ(reaction.findings[0].type, "regex.key");
  EXPECT_EQ(reaction.findings[0].severity, "high");
  EXPECT_EQ(reaction.findings[0].count, 3U);
  EXPECT_EQ(reaction.findings[1].severity, "medium");
  EXPECT_EQ(reaction.findings[1].count, 1U);
}

TEST(Middleware, FailsInEachWay) {
  EXPECT_EQ(entry("{delay: 20ms}").delay, milliseconds(20));
  EXPECT_EQ(*entry("{status: RESOURCE_EXHAUSTED}").status, "RESOURCE_EXHAUSTED");
  EXPECT_EQ(entry("{malformed: decision_0}").malformed, Malformed::decision_0);
  EXPECT_EQ(entry("{malformed: bad_reason_code}").malformed, Malformed::bad_reason_code);
  EXPECT_EQ(entry("{malformed: oversize}").malformed, Malformed::oversize);
  EXPECT_EQ(entry("{malformed: undecodable}").malformed, Malformed::undecodable);
}

TEST(Middleware, DescribesAndValidatesCallByCall) {
  const ServiceSpec spec = service(
      "{describe: [{status: 14, delay: 11s}, {malformed: undecodable}, {name: other, version: "
      "\"2\", "
      "bindings: [{}, {operation: websocket_message, phase: pre_return, max_payload: 0B}, "
      "{operation: 7, phase: 9, timeout: 1s}]}], validate: [\"no\", {delay: never}, {reason: "
      "bad}]}");
  ASSERT_EQ(spec.describe.size(), 3U);
  EXPECT_EQ(spec.describe[0].ending.status, "14");
  EXPECT_EQ(spec.describe[0].ending.delay, std::chrono::seconds(11));
  EXPECT_TRUE(spec.describe[1].ending.undecodable);
  EXPECT_EQ(spec.describe[2].name, "other");
  ASSERT_EQ(spec.describe[2].bindings->size(), 3U);
  EXPECT_EQ(spec.describe[2].bindings->at(0).operation, "http_request");
  EXPECT_FALSE(spec.describe[2].bindings->at(0).max_payload);
  EXPECT_EQ(spec.describe[2].bindings->at(1).phase, "pre_return");
  EXPECT_EQ(spec.describe[2].bindings->at(1).max_payload, 0U);
  EXPECT_EQ(spec.describe[2].bindings->at(2).operation, "7");
  EXPECT_EQ(spec.describe[2].bindings->at(2).timeout, "1s");
  ASSERT_EQ(spec.validate.size(), 3U);
  EXPECT_EQ(spec.validate[0].reason, "no");
  EXPECT_TRUE(spec.validate[1].ending.never);
  EXPECT_FALSE(spec.validate[2].valid);
}

TEST(Middleware, AnswersWhatTheContractDoesNotHave) {
  const Reaction reaction = entry(
      "{times: 2, decision: 7, reason: why, has_body: true, metadata: {a: b}, delay: never, "
      "fill: {body: 4194305B, findings: 33}, headers: [{write: x, value: \"a\\r\\nb\", "
      "on_existing: 9}, {empty: true}], findings: [{type: t, label: l, confidence: high}]}");
  EXPECT_EQ(reaction.times, 2U);
  EXPECT_EQ(reaction.decision_number, 7U);
  EXPECT_EQ(reaction.reason, "why");
  EXPECT_EQ(reaction.has_body, true);
  EXPECT_EQ(reaction.metadata.at("a"), "b");
  EXPECT_TRUE(reaction.never);
  EXPECT_EQ(reaction.fill.body, 4194305U);
  EXPECT_EQ(reaction.fill.findings, 33U);
  EXPECT_FALSE(reaction.fill.headers);
  EXPECT_EQ(reaction.headers.at(0).value, "a\r\nb");
  EXPECT_EQ(reaction.headers.at(0).on_existing, 9U);
  EXPECT_EQ(reaction.headers.at(1).how, HeaderChange::How::empty);
  EXPECT_EQ(reaction.findings.at(0).label, "l");
  EXPECT_EQ(reaction.findings.at(0).confidence, "high");
}

TEST(Middleware, SpeaksTlsAndSendsAway) {
  const ServiceSpec spec =
      service("{tls: wrong_name, trust: system, goaway: 3, strict_pings: true}");
  EXPECT_EQ(spec.tls, middleware::Tls::wrong_name);
  EXPECT_EQ(spec.trust, middleware::Trust::system);
  EXPECT_EQ(spec.goaway, 3U);
  EXPECT_TRUE(spec.strict_pings);
}

TEST(Middleware, MayBeSetFromTheCommandLineLikeOtherActors) {
  LoadOptions options;
  options.sets = {"middleware.guard.timeout=90ms", "gateway.initially=down"};
  const Loaded out = load_text(
      "scenario: A claim\nrequirement: MW-010\nkills: [x]\n"
      "steps:\n  call: {request: http://a.test/}\n",
      "/nowhere/s.yaml", options);
  ASSERT_TRUE(out.scenario.has_value()) << out.complaints.to_string();
  EXPECT_EQ(out.scenario->cells[0].middleware.at(0).timeout, milliseconds(90));
  EXPECT_FALSE(out.scenario->cells[0].gateway->up);
}

}  // namespace
}  // namespace sallyport::sim::scenario
