#include <gtest/gtest.h>

#include "simulator/scenario/load.h"

namespace sallyport::sim::scenario {
namespace {

using std::chrono::milliseconds;

TEST(Scale, MultipliesEveryBoundButCountsAndTheSubjectsLimits) {
  Loaded loaded = load_text(
      "scenario: A claim\n"
      "requirement: POL-001\n"
      "kills: [x]\n"
      "providers: {api: {sse: {every: 10ms}, routes: {GET /: {delay: 5ms}}}}\n"
      "inference: {provider: api, timeout: 1s}\n"
      "supervisor: {limits: {connect: 200ms, connections: 7}}\n"
      "steps:\n"
      "  call: {request: http://a.test/, retry: 100ms, expect: {status: 200, "
      "total: {at_most: 1s}, sse_count: {at_most: 3}}}\n"
      "  rest: {pause: 20ms, why: to let it rest}\n"
      "expect:\n"
      "  - {eventually: call.done, within: 50ms}\n",
      "/nowhere/s.yaml");
  ASSERT_EQ(loaded.complaints.to_string(), "");
  Cell& cell = loaded.scenario->cells[0];
  scale(cell, 4);
  EXPECT_EQ(cell.providers[0].sse.every, milliseconds(40));
  EXPECT_EQ(cell.providers[0].routes[0].answers[0].delay, milliseconds(20));
  EXPECT_EQ(*cell.inference->timeout, milliseconds(4000));
  // The subject is told the factor.
  EXPECT_EQ(cell.supervisors.front().limits.at("connect").value, 200'000'000);
  EXPECT_EQ(cell.supervisors.front().limits.at("connections").value, 7);
  EXPECT_EQ(cell.steps[0].timeout, milliseconds(8000));
  EXPECT_EQ(*cell.steps[0].retry, milliseconds(400));
  EXPECT_EQ(*cell.steps[0].expect.at("total").at_most, 4'000'000'000);
  EXPECT_EQ(*cell.steps[0].expect.at("sse_count").at_most, 3);
  EXPECT_EQ(std::get<agents::PauseSpec>(cell.steps[1].verb).duration, milliseconds(80));
  EXPECT_EQ(std::get<Eventually>(cell.expect[0].item).within, milliseconds(200));
}

TEST(Scale, MultipliesThePacesOfServicesFaultsAndRepetitionButNotWhatTheSubjectIsTold) {
  Loaded loaded = load_text(
      "scenario: A claim\n"
      "requirement: POL-001\n"
      "kills: [x]\n"
      "providers: {api: {}}\n"
      "middleware: {guard: {timeout: 80ms, describe: {timeout: 50ms}, script: [{delay: 7ms}]}}\n"
      "gateway: {}\n"
      "supervisor: {poll: 20ms}\n"
      "steps:\n"
      "  call: {request: http://a.test/, repeat: 9, rate: 100/s}\n"
      "  outage: {fault: slow, target: guard}\n"
      "  route: {inference: {provider: api, timeout: 1s}}\n"
      "expect:\n"
      "  - {span: {from: call.start, to: {event: call.done, where: {total: {at_most: 1s}}}},\n"
      "     at_most: guard.timeout * 2}\n",
      "/nowhere/s.yaml");
  ASSERT_EQ(loaded.complaints.to_string(), "");
  Cell& cell = loaded.scenario->cells[0];
  scale(cell, 4);
  EXPECT_EQ(cell.middleware[0].timeout, milliseconds(80));
  EXPECT_EQ(cell.middleware[0].describe[0].timeout, "50ms");
  EXPECT_EQ(cell.middleware[0].script[0].delay, milliseconds(28));
  EXPECT_EQ(cell.supervisors.front().poll, milliseconds(20));
  EXPECT_EQ(*cell.steps[0].interval, milliseconds(40));
  EXPECT_EQ(*std::get<Fault>(cell.steps[1].verb).delay, milliseconds(640));
  EXPECT_EQ(*std::get<SetInference>(cell.steps[2].verb).route->timeout, milliseconds(4000));
  const auto& span = std::get<Span>(cell.expect[0].item);
  EXPECT_EQ(*span.at_most, milliseconds(640));
  EXPECT_EQ(*span.to.where.at("total").at_most, 4'000'000'000);
}

TEST(Scale, KeepsARoutesTimeoutInWholeSecondsForAGateway) {
  const auto scaled = [](const std::string& more) {
    Loaded loaded = load_text(
        "scenario: A claim\n"
        "requirement: POL-001\n"
        "kills: [x]\n"
        "providers: {api: {}}\n"
        "inference: {provider: api, timeout: 1s}\n"
        "steps: {call: {request: http://a.test/}}\n" +
            more,
        "/nowhere/s.yaml");
    Cell& cell = loaded.scenario->cells[0];
    scale(cell, 1.5);
    return *cell.inference->timeout;
  };
  EXPECT_EQ(scaled(""), milliseconds(1500));
  EXPECT_EQ(scaled("gateway: {}\n"), milliseconds(2000));
}

}  // namespace
}  // namespace sallyport::sim::scenario
