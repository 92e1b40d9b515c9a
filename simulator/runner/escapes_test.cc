#include "simulator/runner/escapes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulator/runner/judge.h"

namespace sallyport::sim::runner {
namespace {

using testing::Contains;
using testing::ElementsAre;

net::IpAddress address(const char* text) { return *net::IpAddress::parse(text); }

SeenEscape escape(const char* to, std::vector<std::string> under_way = {"call"}) {
  return {{"agent", "tcp", address(to), 443}, std::move(under_way), {}};
}

scenario::Cell cell_with_provider() {
  scenario::Cell cell;
  providers::ProviderSpec provider;
  provider.name = "api";
  provider.listen = *net::Endpoint::parse("20.0.0.1:443");
  provider.mark = {7, 3};
  cell.providers = {provider};
  topology::HostSpec box;
  box.name = "box";
  box.addresses = {{address("10.42.0.1"), 24}, {address("fd00::1"), 64}};
  cell.hosts = {box};
  return cell;
}

std::vector<Failure> judged(const std::vector<SeenEscape>& escapes) {
  scenario::Scenario scenario;
  scenario.path = "file.yaml";
  scenario.title_place.mark = {1, 1};
  return escape_failures(scenario, cell_with_provider(), escapes);
}

TEST(Escapes, NoneIsNoFailure) { EXPECT_TRUE(judged({}).empty()); }

TEST(Escapes, APacketToNobodyIsToldWithItsHostStepAndNearestDeclaration) {
  const auto failures = judged({escape("20.0.0.2")});
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_EQ(failures[0].verdict, Verdict::escape);
  EXPECT_EQ(failures[0].observed, "agent sent tcp to 20.0.0.2:443");
  EXPECT_EQ(failures[0].mark.line, 7);
  EXPECT_THAT(failures[0].notes, ElementsAre("the nearest address: 20.0.0.1 of provider api",
                                             "the step under way: call"));
}

TEST(Escapes, TheNearestIsTheOneWithTheLongestCommonPrefix) {
  EXPECT_THAT(judged({escape("10.42.0.9")})[0].notes,
              Contains("the nearest address: 10.42.0.1 of host box"));
  EXPECT_THAT(judged({escape("fd00::9")})[0].notes,
              Contains("the nearest address: fd00::1 of host box"));
}

TEST(Escapes, OfSeveralStepsAllAreNamedAndOfNoneTheLast) {
  EXPECT_THAT(judged({escape("20.0.0.2", {"a", "b"})})[0].notes,
              Contains("the steps under way: a, b"));
  SeenEscape after = escape("20.0.0.2", {});
  after.last = "b";
  EXPECT_THAT(judged({after})[0].notes, Contains("no step was under way; the last one: b"));
}

TEST(Escapes, WithoutAPortThereIsTheAddressAlone) {
  SeenEscape ping = escape("20.0.0.2");
  ping.packet.protocol = "icmp";
  ping.packet.port = 0;
  EXPECT_EQ(judged({ping})[0].observed, "agent sent icmp to 20.0.0.2");
}

TEST(Escapes, OfManyAFewAreShownAndTheRestCounted) {
  const auto failures = judged(std::vector<SeenEscape>(10, escape("20.0.0.2")));
  ASSERT_EQ(failures.size(), 4U);
  EXPECT_EQ(failures.back().notes.back(), "and 6 more destinations");
}

TEST(Escapes, StandAboveFailuresAndBelowLeaks) {
  Failure escaped = judged({escape("20.0.0.2")})[0];
  Failure plain;
  Failure leak;
  leak.verdict = Verdict::leak;
  EXPECT_EQ(verdict_of({plain, escaped}, false), Verdict::escape);
  EXPECT_EQ(verdict_of({plain, escaped}, true), Verdict::escape);
  EXPECT_EQ(verdict_of({plain, escaped, leak}, false), Verdict::leak);
}

}  // namespace
}  // namespace sallyport::sim::runner
