#include "reference/sandbox/events.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

namespace sallyport::sandbox {
namespace {

linux::BypassAttempt attempt(std::uint8_t protocol, const char* to) {
  return {*net::Endpoint::parse("10.200.0.2:40000"), *net::Endpoint::parse(to), protocol, 1000};
}

TEST(BypassEvents, AreARefusalAndAFinding) {
  const auto events = bypass_events(attempt(IPPROTO_TCP, "192.0.2.7:443"));
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].kind, audit::EventClass::network_activity);
  EXPECT_EQ(events[0].activity, audit::activity::kNetRefuse);
  EXPECT_EQ(events[0].severity, audit::Severity::medium);
  EXPECT_EQ(events[0].disposition, audit::Disposition::blocked);
  EXPECT_EQ(events[0].rule->policy, "bypass-detect");
  EXPECT_EQ(events[0].rule->engine, "nftables");
  EXPECT_EQ(events[0].destination->host, "192.0.2.7");
  EXPECT_EQ(events[1].kind, audit::EventClass::detection_finding);
  EXPECT_EQ(events[1].finding->uid, "bypass-detect");
  EXPECT_EQ(events[1].finding->title, "Proxy Bypass Detected");
}

TEST(BypassHint, IsAboutNamesForDns) {
  EXPECT_NE(bypass_hint(attempt(IPPROTO_UDP, "192.0.2.53:53")).find("DNS"), std::string::npos);
}

TEST(BypassHint, IsAboutTheProxyForTheRest) {
  EXPECT_NE(bypass_hint(attempt(IPPROTO_UDP, "192.0.2.7:443")).find("UDP"), std::string::npos);
  EXPECT_NE(bypass_hint(attempt(IPPROTO_TCP, "192.0.2.7:443")).find("NODE_USE_ENV_PROXY=1"),
            std::string::npos);
}

Plan confined() {
  Plan plan;
  plan.files.confined = true;
  plan.files.places = {{"/usr"}, {"/etc"}, {"/tmp", linux::FileAccess::all}};
  return plan;
}

TEST(StartEvents, SayHowFilesAreConfined) {
  Report report;
  report.landlock = 7;
  report.rules = 2;
  report.missing = {"/etc"};
  const auto events = start_events(confined(), report);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].message,
            "Applying Landlock filesystem sandbox [abi:V7 compat:BestEffort ro:2 rw:1]");
  EXPECT_EQ(events[1].message, "Landlock ruleset built [rules_applied:2 skipped:1]");
}

TEST(StartEvents, AreAFindingWithoutLandlock) {
  const auto events = start_events(confined(), {});
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].severity, audit::Severity::high);
  EXPECT_EQ(events[0].finding->uid, "landlock-unavailable");
}

TEST(StartEvents, TellEachThingThatCouldntBeHad) {
  Report report;
  report.degraded = {"no /proc of its own"};
  const auto events = start_events({}, report);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].state, "degraded");
  EXPECT_EQ(events[0].severity, audit::Severity::medium);
}

TEST(EnrichedEvent, NamesThePaths) {
  const audit::Event event = enriched_event({"/usr", "/tmp"});
  EXPECT_EQ(event.state, "Enabled");
  EXPECT_NE(event.message.find("[added:2]"), std::string::npos);
}

}  // namespace
}  // namespace sallyport::sandbox
