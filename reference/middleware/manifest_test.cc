#include "reference/middleware/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "openshell/middleware/v1/middleware.pb.h"
#include "reference/middleware/limits.h"

namespace sallyport::middleware {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
namespace pb = openshell::middleware::v1;

Registration registration() {
  Registration made;
  made.name = "local-guard";
  made.endpoint = "http://127.0.0.1:5000";
  made.payload_bytes_max = 1024;
  return made;
}

void add_binding(pb::MiddlewareManifest& manifest, int operation, int phase,
                 std::uint64_t bytes = 4096, const std::string& timeout = {}) {
  pb::MiddlewareBinding& binding = *manifest.add_bindings();
  binding.set_operation(static_cast<pb::SupervisorMiddlewareOperation>(operation));
  binding.set_phase(static_cast<pb::SupervisorMiddlewarePhase>(phase));
  binding.set_max_payload_bytes(bytes);
  binding.set_timeout(timeout);
}

std::string fault_of(const pb::MiddlewareManifest& manifest) {
  return manifest_fault(registration(), manifest).value_or("");
}

TEST(Timeout, IsReadInMillisecondsAndSeconds) {
  EXPECT_EQ(parse_timeout("500ms"), milliseconds(500));
  EXPECT_EQ(parse_timeout(" 2s\t"), milliseconds(2000));
  EXPECT_EQ(parse_timeout("10ms"), milliseconds(10));
  EXPECT_EQ(parse_timeout("30s"), milliseconds(30'000));
  EXPECT_EQ(parse_timeout("30000ms"), milliseconds(30'000));
  EXPECT_EQ(parse_timeout(""), milliseconds(500));
  EXPECT_EQ(parse_timeout("  "), milliseconds(500));
}

TEST(Timeout, IsNothingElse) {
  for (const char* text : {"9ms", "30001ms", "31s", "0s", "-1s", "+1s", "1.5s", "1 s", "1m", "1",
                           "s", "ms", "1us", "1S", "99999999999999999999s", "1sms"}) {
    EXPECT_FALSE(parse_timeout(text)) << text;
  }
}

TEST(Registration, MustBeSoundBeforeAnybodyIsCalled) {
  EXPECT_FALSE(registration_fault(registration()));
  const auto fault = [](auto edit) {
    Registration made = registration();
    edit(made);
    return registration_fault(made).value_or("");
  };
  EXPECT_THAT(fault([](Registration& one) { one.name = "a b"; }), HasSubstr("name 'a b'"));
  EXPECT_THAT(fault([](Registration& one) { one.name = "openshell/x"; }), HasSubstr("built-ins"));
  EXPECT_THAT(fault([](Registration& one) { one.endpoint = "unix:///x"; }), HasSubstr("https://"));
  EXPECT_THAT(fault([](Registration& one) { one.ca_pem = "x"; }), HasSubstr("CA"));
  EXPECT_THAT(fault([](Registration& one) { one.payload_bytes_max = 0; }),
              HasSubstr("max_payload_bytes"));
  EXPECT_THAT(fault([](Registration& one) { one.payload_bytes_max = kPayloadBytesMax + 1; }),
              HasSubstr("max_payload_bytes"));
  EXPECT_THAT(fault([](Registration& one) { one.timeout = "1m"; }), HasSubstr("timeout"));
  EXPECT_EQ(fault([](Registration& one) { one.payload_bytes_max = kPayloadBytesMax; }), "");
}

TEST(Manifest, NeedsBindingsThatAreKnown) {
  EXPECT_EQ(fault_of({}), "external middleware registration 'local-guard' describes no bindings");
  for (const auto& [operation, phase] : {std::pair{0, 1}, {1, 0}, {1, 2}, {3, 1}, {1, 9}}) {
    pb::MiddlewareManifest manifest;
    add_binding(manifest, operation, phase);
    EXPECT_THAT(fault_of(manifest),
                HasSubstr("advertises an unsupported middleware operation/phase pair"));
  }
  pb::MiddlewareManifest reserved;
  add_binding(reserved, 2, 2);
  EXPECT_THAT(fault_of(reserved), HasSubstr("reserved"));
}

TEST(Manifest, NeedsEachPairOnce) {
  pb::MiddlewareManifest manifest;
  add_binding(manifest, 1, 1);
  add_binding(manifest, 2, 1);
  EXPECT_EQ(fault_of(manifest), "");
  add_binding(manifest, 1, 1);
  EXPECT_THAT(fault_of(manifest), HasSubstr("twice"));
}

TEST(Manifest, NeedsLimitsThatTheOperatorsDoesNotExceed) {
  const auto fault = [](std::uint64_t bytes, const std::string& timeout = {}) {
    pb::MiddlewareManifest manifest;
    add_binding(manifest, 1, 1, bytes, timeout);
    return fault_of(manifest);
  };
  EXPECT_EQ(fault(1024), "");
  EXPECT_THAT(fault(1023), HasSubstr("over the 1023"));
  EXPECT_THAT(fault(0), HasSubstr("payload limit"));
  EXPECT_THAT(fault(kPayloadBytesMax + 1), HasSubstr("payload limit"));
  EXPECT_THAT(fault(4096, "5ms"), HasSubstr("timeout"));

  pb::MiddlewareManifest other;
  add_binding(other, 1, 1);
  add_binding(other, 2, 1, 512);
  EXPECT_THAT(fault_of(other), HasSubstr("over the 512"));
}

TEST(Manifest, HasNoTextOfTheServiceInItsFault) {
  pb::MiddlewareManifest manifest;
  manifest.set_name("evil\nname");
  add_binding(manifest, 1, 1, 4096, "evil");
  EXPECT_EQ(fault_of(manifest).find("evil"), std::string::npos);
}

TEST(Description, TakesTheShorterTimeoutAndTheOperatorsLimit) {
  const auto timeout_of = [](const std::string& mine, const std::string& its, double slow = 1) {
    Registration made = registration();
    made.timeout = mine;
    pb::MiddlewareManifest manifest;
    add_binding(manifest, 1, 1, 4096, its);
    const Implementation one = describe(made, manifest, slow);
    EXPECT_EQ(one.operator_timeout, slowed(*parse_timeout(mine), slow));
    return one.bindings.http->timeout;
  };
  EXPECT_EQ(timeout_of("2s", "10ms"), milliseconds(10));
  EXPECT_EQ(timeout_of("10ms", "2s"), milliseconds(10));
  EXPECT_EQ(timeout_of("10ms", ""), milliseconds(10));
  EXPECT_EQ(timeout_of("", " "), milliseconds(500));
  EXPECT_EQ(timeout_of("", "1s", 4), milliseconds(2000));

  pb::MiddlewareManifest manifest;
  manifest.set_name("something else");
  add_binding(manifest, 1, 1);
  const Implementation one = describe(registration(), manifest, 1);
  EXPECT_EQ(one.name, "local-guard");
  EXPECT_TRUE(one.external);
  ASSERT_TRUE(one.bindings.http);
  EXPECT_EQ(one.bindings.http->payload_bytes_max, 1024U);
  EXPECT_FALSE(one.bindings.websocket);
}

TEST(Description, OfWebSocketsAloneIsUnbound) {
  pb::MiddlewareManifest manifest;
  add_binding(manifest, 2, 1, 4096, "10ms");
  const Implementation one = describe(registration(), manifest, 1);
  EXPECT_FALSE(one.bindings.http);
  ASSERT_TRUE(one.bindings.websocket);
  EXPECT_EQ(one.bindings.websocket->timeout, milliseconds(10));
  EXPECT_EQ(one.bindings.websocket->payload_bytes_max, 1024U);
  EXPECT_EQ(one.operator_timeout, milliseconds(500));
}

TEST(Description, HoldsEachOperationsOwnTimeout) {
  pb::MiddlewareManifest manifest;
  add_binding(manifest, 1, 1, 4096, "20ms");
  add_binding(manifest, 2, 1, 4096, "30ms");
  const Implementation one = describe(registration(), manifest, 1);
  ASSERT_TRUE(one.bindings.http && one.bindings.websocket);
  EXPECT_EQ(one.bindings.http->timeout, milliseconds(20));
  EXPECT_EQ(one.bindings.websocket->timeout, milliseconds(30));
}

TEST(Description, KeepsForWhomTheServiceExpectsTokensToBe) {
  pb::MiddlewareManifest manifest;
  add_binding(manifest, 1, 1);
  manifest.set_expected_audience("urn:acme:guard");
  EXPECT_EQ(describe(registration(), manifest, 1).expected_audience, "urn:acme:guard");
}

}  // namespace
}  // namespace sallyport::middleware
