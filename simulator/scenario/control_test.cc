// Control verbs, the gateway and what repetition has beside it, as loaded.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "simulator/scenario/load.h"
#include "simulator/scenario/plan.h"

namespace sallyport::sim::scenario {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

Scenario loaded(const std::string& body, const std::string& of_provider = {}) {
  Loaded out = load_text(
      "scenario: A claim\nrequirement: POL-001\nkills: [x]\n"
      "providers: {api: {keys: [k1, k2]" +
          of_provider + "}}\n" + body,
      "/nowhere/s.yaml");
  EXPECT_EQ(out.complaints.to_string(), "");
  return out.scenario ? std::move(*out.scenario) : Scenario{};
}

// The verb of a step called `it`, beside a gateway and a middleware service.
template <class Verb>
Verb verb(const std::string& step, const std::string& more = {}) {
  const Scenario scenario = loaded(
      "gateway: {}\n"
      "middleware: {guard: {timeout: 80ms}}\n"
      "decoys: {trap: 10.0.0.9:80}\n"
      "steps:\n" +
      more + "  it: " + step + "\n");
  if (scenario.cells.empty()) return {};
  const auto* found = std::get_if<Verb>(&scenario.cells[0].steps.back().verb);
  EXPECT_NE(found, nullptr);
  return found == nullptr ? Verb{} : *found;
}

TEST(Control, KeysAreRotatedRevokedAndUpdated) {
  const auto rotate = verb<KeyChange>("{rotate: api, key: k2}");
  EXPECT_EQ(rotate.kind, KeyChange::Kind::rotate);
  EXPECT_EQ(rotate.provider, "api");
  EXPECT_EQ(rotate.key, "k2");
  EXPECT_EQ(verb<KeyChange>("{revoke: api, key: k1}").kind, KeyChange::Kind::revoke);
  EXPECT_EQ(verb<KeyChange>("{update: api, key: k1}").kind, KeyChange::Kind::update);
}

TEST(Control, AColumnOfTheMatrixMayBeAWholeCommand) {
  const Scenario scenario = loaded(
      "matrix: {client: {list: {argv: [echo, a b]}, text: {argv: 'echo $(id)'}}}\n"
      "steps: {it: {run: $(matrix.client.argv)}}\n");
  ASSERT_EQ(scenario.cells.size(), 2U);
  const auto argv = [&](std::size_t cell) {
    return std::get<agents::RunSpec>(scenario.cells[cell].steps[0].verb).argv;
  };
  EXPECT_THAT(argv(0), ::testing::ElementsAre("echo", "a b"));
  EXPECT_THAT(argv(1), ::testing::ElementsAre("sh", "-c", "echo $$(id)"));
}

TEST(Control, AToolMayBeOneThatIsNotThere) {
  const auto run = verb<agents::RunSpec>("{run: [sh], tools: {curl: none, jq: {exit: 2}}}");
  ASSERT_EQ(run.tools.size(), 2U);
  EXPECT_TRUE(run.tools[0].missing);
  EXPECT_FALSE(run.tools[1].missing);
  EXPECT_EQ(run.tools[1].exit, 2);
}

TEST(Control, ExpectsToBeDoneUnlessToldOtherwise) {
  const Scenario scenario = loaded(
      "gateway: {}\n"
      "steps:\n"
      "  a: {rotate: api, key: k2}\n"
      "  b: {delete: api, timeout: 5s, expect: {class: rejected, code: FAILED_PRECONDITION, "
      "detail: {contains: in use}}}\n");
  const auto& steps = scenario.cells[0].steps;
  EXPECT_EQ(steps[0].expect.at("class").equals_any[0], "ok");
  EXPECT_EQ(steps[0].timeout, milliseconds(2000));
  EXPECT_EQ(steps[1].expect.at("code").equals_any[0], "FAILED_PRECONDITION");
  EXPECT_EQ(steps[1].timeout, milliseconds(5000));
  EXPECT_FALSE(std::get<DeleteRecord>(steps[1].verb).force);
}

TEST(Control, ADeletionMayBeForced) {
  EXPECT_TRUE(verb<DeleteRecord>("{delete: api, force: true}").force);
}

TEST(Control, FaultsNameTheirKindAndTarget) {
  const auto fault = verb<Fault>("{fault: blackhole, target: api}");
  EXPECT_EQ(fault.kind, FaultKind::blackhole);
  EXPECT_EQ(fault.target, "api");
  EXPECT_EQ(verb<Fault>("{fault: refused, target: trap}").kind, FaultKind::refused);
  EXPECT_EQ(verb<Fault>("{fault: frozen, target: supervisor}").kind, FaultKind::frozen);
  EXPECT_EQ(verb<Fault>("{fault: frozen, target: gateway}").target, "gateway");
  EXPECT_EQ(verb<Fault>("{fault: malformed, target: guard}").kind, FaultKind::malformed);
  EXPECT_EQ(verb<Fault>("{fault: internal, target: guard}").kind, FaultKind::internal);
  EXPECT_EQ(verb<Fault>("{fault: none, target: guard}").kind, FaultKind::none);
}

TEST(Control, ASlowTargetIsTwiceAsLateAsItsCallerWaits) {
  EXPECT_EQ(*verb<Fault>("{fault: slow, target: guard}").delay, milliseconds(160));
  EXPECT_EQ(*verb<Fault>("{fault: slow, target: api}").delay, milliseconds(1000));
  EXPECT_EQ(*verb<Fault>("{fault: slow, target: api, delay: 30ms}").delay, milliseconds(30));
}

TEST(Control, AResetMayComeAfterSomeOctets) {
  EXPECT_EQ(verb<Fault>("{fault: reset, target: api}").offset, 0U);
  EXPECT_EQ(verb<Fault>("{fault: reset, target: api, offset: 12}").offset, 12U);
  EXPECT_EQ(verb<Fault>("{fault: reset, target: api, offset: 1KiB}").offset, 1024U);
}

TEST(Control, AKindOfTheMatrixMayStandBesideTheFieldsOfAny) {
  const Scenario scenario = loaded(
      "matrix: {kind: [refused, slow, reset]}\n"
      "steps:\n  it: {fault: $(matrix.kind), target: api, delay: 30ms, offset: 4}\n");
  ASSERT_EQ(scenario.cells.size(), 3U);
  const auto fault = [&](std::size_t cell) {
    return std::get<Fault>(scenario.cells[cell].steps[0].verb);
  };
  EXPECT_FALSE(fault(0).delay.has_value());
  EXPECT_EQ(fault(1).delay, milliseconds(30));
  EXPECT_FALSE(fault(1).offset.has_value());
  EXPECT_EQ(fault(2).offset, 4U);
}

TEST(Control, ALiftNamesTheStepThatBeganTheFault) {
  EXPECT_EQ(verb<Lift>("{lift: outage}", "  outage: {fault: refused, target: api}\n").step,
            "outage");
}

TEST(Control, ProcessesAreStoppedStartedAndRestarted) {
  EXPECT_EQ(verb<ProcessControl>("{stop: gateway}").signal, SIGTERM);
  const auto killed = verb<ProcessControl>("{stop: guard, signal: KILL}");
  EXPECT_EQ(killed.kind, ProcessControl::Kind::stop);
  EXPECT_EQ(killed.actor, "guard");
  EXPECT_EQ(killed.signal, SIGKILL);
  EXPECT_EQ(verb<ProcessControl>("{start: supervisor}").kind, ProcessControl::Kind::start);
  const auto restarted = verb<ProcessControl>("{restart: gateway, signal: INT}");
  EXPECT_EQ(restarted.kind, ProcessControl::Kind::restart);
  EXPECT_EQ(restarted.signal, SIGINT);
}

TEST(Control, APolicyOfAStepIsCompletedAsTheFilesIs) {
  const auto policy = verb<SetPolicy>(
      "{policy: {network_policies: {a: {endpoints: [{host: a.test, port: 80}]}}, "
      "network_middlewares: {g: {middleware: guard, order: 3, config: {a: 1, b: \"1\"}, "
      "endpoints: {include: [a.test]}}}}}");
  EXPECT_THAT(policy.yaml, HasSubstr("version: 1"));
  EXPECT_THAT(policy.yaml, HasSubstr("binaries:"));
  EXPECT_THAT(policy.yaml, HasSubstr("network_middlewares:\n  g:\n    middleware: guard\n"));
  EXPECT_THAT(policy.yaml, HasSubstr("      a: 1\n      b: \"1\"\n"));
}

TEST(Control, TheFilesPolicyKeepsItsMiddleware) {
  const Scenario scenario = loaded(
      "middleware: {guard: {}}\n"
      "policy:\n"
      "  network_middlewares:\n"
      "    g: {middleware: guard, on_error: fail_open, endpoints: {include: [\"*.test\"]}}\n"
      "steps:\n  call: {request: http://a.test/}\n");
  EXPECT_EQ(scenario.cells[0].policy_yaml,
            "network_middlewares:\n"
            "  g:\n"
            "    middleware: guard\n"
            "    on_error: fail_open\n"
            "    endpoints:\n"
            "      include:\n"
            "        - \"*.test\"\n"
            "version: 1\n"
            "network_policies: {}\n");
}

TEST(Control, ARouteOfAStepGetsItsModelOrIsTakenAway) {
  const auto route = verb<SetInference>("{inference: {provider: api, timeout: 3s}}");
  ASSERT_TRUE(route.route.has_value());
  EXPECT_EQ(route.route->model, "m1");
  EXPECT_EQ(*route.route->timeout, milliseconds(3000));
  EXPECT_FALSE(verb<SetInference>("{inference: none}").route.has_value());
}

TEST(Control, SelectorsKnowWhatTheJournalHoldsOfConfigurationsAndExchanges) {
  const Scenario scenario = loaded(
      "steps:\n  call: {request: http://a.test/}\n"
      "expect:\n"
      "  - {count: {event: supervisor.config, where: {state: failed, part: policy, detail: x,\n"
      "     config_revision: a, bundle_revision: b, environment_revision: c}}, at_least: 1}\n"
      "  - {count: {event: api.request, where: {nonce: n1}}, at_least: 1}\n"
      "  - {count: {event: call.outcome, where: {nonce: n1}}, at_least: 1}\n");
  EXPECT_EQ(std::get<Count>(scenario.cells[0].expect[0].item).selector.where.size(), 6U);
}

TEST(Gateway, ListensInTheBoxUnlessToldOtherwise) {
  const std::string step = "steps:\n  call: {request: http://a.test/}\n";
  EXPECT_FALSE(loaded(step).cells[0].gateway.has_value());
  EXPECT_FALSE(loaded("gateway: none\n" + step).cells[0].gateway.has_value());
  const Gateway gateway = *loaded("gateway: {}\n" + step).cells[0].gateway;
  EXPECT_EQ(gateway.host, "box");
  EXPECT_EQ(gateway.listen.to_string(), "127.0.0.1:0");
  EXPECT_TRUE(gateway.up);
  const Scenario other = loaded(
      "hosts: {far: {addresses: [10.9.0.1/24]}}\n"
      "gateway: {host: far, listen: 10.9.0.1:8080, initially: down}\n" +
      step);
  EXPECT_EQ(other.cells[0].gateway->listen.to_string(), "10.9.0.1:8080");
  EXPECT_FALSE(other.cells[0].gateway->up);
  EXPECT_EQ(other.cells[0].hosts.back().name, "far");
}

TEST(Gateway, TheSupervisorPollsItAndMayStartLater) {
  const Scenario scenario = loaded(
      "gateway: {}\n"
      "supervisor: {initially: down, poll: 20ms}\n"
      "steps:\n  started: {start: supervisor}\n");
  EXPECT_FALSE(scenario.cells[0].supervisors.front().up);
  EXPECT_EQ(scenario.cells[0].supervisors.front().poll, milliseconds(20));
}

TEST(Provider, CredentialsHavePlaceholders) {
  const Scenario scenario =
      loaded("gateway: {}\nsteps:\n  call: {request: http://a.test/, body: $(api.placeholder)}\n",
             ", credential: API_KEY");
  EXPECT_EQ(scenario.cells[0].providers[0].credential, "API_KEY");
}

TEST(Repeat, HasConnectionsARateAndAnEnd) {
  const Scenario scenario = loaded(
      "steps:\n"
      "  call:\n"
      "    request: http://a.test/\n"
      "    repeat: 100\n"
      "    connections: 4\n"
      "    rate: 200/s\n"
      "    until: {event: api.request, since: later, nth: 7}\n"
      "    background: true\n"
      "  later: {rotate: api, key: k2}\n");
  const Step& step = scenario.cells[0].steps[0];
  EXPECT_EQ(step.repeat, 100U);
  EXPECT_EQ(step.connections, 4U);
  EXPECT_EQ(*step.interval, milliseconds(5));
  EXPECT_EQ(step.until->nth, 7U);
  EXPECT_EQ(step.until->since, "later");
}

TEST(Events, OfEveryActorOfAGatewaysWorldAreKnown) {
  const Scenario scenario = loaded(
      "gateway: {}\n"
      "middleware: {guard: {}}\n"
      "decoys: {trap: 10.0.0.9:80}\n"
      "steps:\n"
      "  outage: {fault: refused, target: gateway}\n"
      "  call: {request: http://a.test/, after: outage.hit}\n"
      "expect:\n"
      "  - ordered: [gateway.ready, {event: gateway.call, where: {rpc: x, code: OK}}, "
      "gateway.exit, "
      "gateway.attempt]\n"
      "  - ordered: [guard.ready, guard.connection, guard.describe, guard.validate, "
      "guard.evaluate, guard.exit, "
      "guard.attempt]\n"
      "  - ordered: [supervisor.attempt, api.attempt, trap.attempt, outage.start, outage.done, "
      "outage.hit]\n"
      "  - count: {event: middleware.evaluate, where: {method: POST, json: {/a: 1}, "
      "decision: deny}}\n"
      "    at_least: 1\n"
      "  - count: {event: call.done, where: {class: ok}}\n"
      "    is: 1\n");
  EXPECT_EQ(scenario.cells[0].steps[1].after_event->kind, "hit");
}

TEST(Bounds, AreTakenFromServicesAndPolling) {
  const Scenario scenario = loaded(
      "gateway: {}\n"
      "middleware: {guard: {timeout: 80ms}}\n"
      "steps:\n  call: {request: http://a.test/}\n"
      "expect:\n"
      "  - span: {from: call.start, to: call.done}\n"
      "    at_most: guard.timeout * 1.5\n"
      "  - {eventually: call.done, within: supervisor.poll * 2}\n"
      "  - {eventually: call.done, within: supervisor.limits.connect}\n");
  const auto& expect = scenario.cells[0].expect;
  EXPECT_EQ(*std::get<Span>(expect[0].item).at_most, milliseconds(120));
  EXPECT_EQ(std::get<Eventually>(expect[1].item).within, milliseconds(100));
  EXPECT_EQ(std::get<Eventually>(expect[2].item).within, milliseconds(30'000));
}

TEST(Checkers, TakeTheArgumentsThatTheyHave) {
  const Scenario scenario = loaded(
      "steps:\n  call: {request: http://a.test/}\n"
      "expect:\n"
      "  - {checker: credential_epochs, provider: api}\n"
      "  - {checker: forwarded_once, provider: api}\n"
      "  - {checker: generation_monotonic}\n"
      "  - {checker: stream_prefix, provider: api, step: call}\n");
  const auto checker = [&](std::size_t at) {
    return std::get<Checker>(scenario.cells[0].expect[at].item);
  };
  EXPECT_EQ(checker(0).name, "credential_epochs");
  EXPECT_EQ(checker(1).provider, "api");
  EXPECT_EQ(checker(2).provider, "");
  EXPECT_EQ(checker(3).step, "call");
}

TEST(Control, PlanWritesItsDefaultsOut) {
  const Scenario scenario = loaded(
      "gateway: {}\n"
      "middleware: {guard: {timeout: 80ms, script: [{decision: deny}]}}\n"
      "steps:\n"
      "  outage: {fault: slow, target: guard}\n"
      "  killed: {stop: gateway}\n"
      "  removed: {delete: api}\n");
  const std::string plan = to_yaml(scenario);
  EXPECT_THAT(plan, HasSubstr("delay: 160ms"));
  EXPECT_THAT(plan, HasSubstr("signal: TERM"));
  EXPECT_THAT(plan, HasSubstr("force: false"));
  EXPECT_THAT(plan, HasSubstr("poll: 50ms"));
  EXPECT_THAT(plan, HasSubstr("store: memory"));
  EXPECT_THAT(plan, HasSubstr("max_payload: 64KiB"));
  EXPECT_THAT(plan, HasSubstr("call: evaluate"));
  EXPECT_THAT(plan, HasSubstr("class: ok"));
}

}  // namespace
}  // namespace sallyport::sim::scenario
