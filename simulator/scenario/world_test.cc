// Hosts, networks, packet filters, several subjects, scripts and changes, as loaded.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulator/scenario/load.h"
#include "simulator/scenario/plan.h"

namespace sallyport::sim::scenario {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kStep = "steps: {call: {request: http://a.test/}}\n";

Scenario loaded(const std::string& body) {
  Loaded out = load_text(
      "scenario: A claim\nrequirement: POL-001\n" +
          std::string(body.find("supervisor: none") == std::string::npos ? "kills: [x]\n"
                                                                         : "kills: []\n") +
          body,
      "/nowhere/s.yaml");
  EXPECT_EQ(out.complaints.to_string(), "");
  return out.scenario ? std::move(*out.scenario) : Scenario{};
}

Cell cell_of(const std::string& body) {
  const std::string steps = body.find("steps:") == std::string::npos ? std::string(kStep) : "";
  Scenario scenario = loaded(body + steps);
  return scenario.cells.empty() ? Cell{} : scenario.cells[0];
}

template <class Verb>
Verb last_verb(const std::string& body) {
  const Cell cell = cell_of(body);
  if (cell.steps.empty()) return {};
  const auto* found = std::get_if<Verb>(&cell.steps.back().verb);
  EXPECT_NE(found, nullptr);
  return found == nullptr ? Verb{} : *found;
}

TEST(Hosts, HaveRoutesFamiliesAndTheSizeOfTheirPackets) {
  const Cell cell = cell_of(
      "hosts:\n"
      "  box: {ipv6: enabled, forward: true}\n"
      "  agent: {ipv6: blackholed, mtu: 1280, routes: {10.9.0.0/16: 10.200.0.1, "
      "10.8.0.0/16: prohibit, \"fd01::/64\": blackhole}}\n");
  EXPECT_TRUE(cell.hosts[0].forward);
  EXPECT_EQ(cell.hosts[0].ipv6, topology::Ipv6::enabled);
  const topology::HostSpec& agent = cell.hosts[1];
  EXPECT_EQ(agent.ipv6, topology::Ipv6::blackholed);
  EXPECT_EQ(agent.mtu, 1280U);
  ASSERT_EQ(agent.routes.size(), 3U);
  EXPECT_EQ(agent.routes[0].via.to_string(), "10.200.0.1");
  EXPECT_EQ(agent.routes[1].kind, topology::RouteSpec::Kind::prohibit);
  EXPECT_EQ(agent.routes[2].kind, topology::RouteSpec::Kind::blackhole);
}

TEST(Hosts, AnInnerLinkHasIpv6WhereBothOfItsEndsHave) {
  const Cell both = cell_of("hosts: {box: {ipv6: enabled}, agent: {ipv6: enabled}}\n");
  EXPECT_EQ(both.inner_links.at("agent").outer6->to_string(), "fd00:10:200::1");
  EXPECT_EQ(both.inner_links.at("agent").inner6->to_string(), "fd00:10:200::2");
  const Cell one = cell_of("hosts: {agent: {ipv6: enabled}}\n");
  EXPECT_FALSE(one.inner_links.at("agent").outer6.has_value());
}

TEST(Hosts, MayShareTheNamespaceOfAnother) {
  const Cell cell = cell_of(
      "hosts: {side: {shares: agent}}\n"
      "steps: {call: {request: http://a.test/, from: side}}\n");
  EXPECT_EQ(cell.hosts.back().name, "side");
  EXPECT_EQ(cell.hosts.back().shares, "agent");
}

TEST(Hosts, MayBeMadeByTheSubject) {
  EXPECT_TRUE(cell_of("hosts: {agent: {by: supervisor}}\n").hosts[1].made_by_subject);
}

TEST(Networks, HaveMembersAndUseTheirHosts) {
  const Cell cell = cell_of(
      "hosts: {sandbox: {}}\n"
      "networks: {bridge: {subnet: 172.18.0.0/16, members: {box: 172.18.0.1, "
      "sandbox: 172.18.0.2}, mtu: 1400}}\n"
      "supervisor: none\n"
      "steps: {call: {request: http://a.test/, from: sandbox}}\n");
  ASSERT_EQ(cell.networks.size(), 1U);
  EXPECT_EQ(cell.networks[0].subnet.to_string(), "172.18.0.0/16");
  EXPECT_EQ(cell.networks[0].members.at("sandbox").to_string(), "172.18.0.2");
  EXPECT_EQ(cell.networks[0].mtu, 1400U);
  ASSERT_EQ(cell.hosts.size(), 2U);
  EXPECT_EQ(cell.hosts[1].name, "sandbox");
}

TEST(Firewall, RulesKeepTheirOrderAndAreSources) {
  const Scenario scenario = loaded(
      "firewall:\n"
      "  second: {host: box, verdict: reset, from: agent, port: 80}\n"
      "  first: {host: box, verdict: drop, direction: output, to: 10.0.0.0/8}\n" +
      std::string(kStep) +
      "expect: [{count: {event: second.hit, where: {port: 80, from: agent}}, at_least: 1}]\n");
  const auto& rules = scenario.cells.at(0).firewall;
  ASSERT_EQ(rules.size(), 2U);
  EXPECT_EQ(rules[0].name, "second");
  EXPECT_EQ(rules[0].verdict, topology::FirewallRule::Verdict::reset);
  EXPECT_EQ(rules[0].from.host, "agent");
  EXPECT_EQ(rules[0].port, 80);
  EXPECT_EQ(rules[1].direction, topology::FirewallRule::Direction::output);
  EXPECT_EQ(rules[1].to.network->to_string(), "10.0.0.0/8");
  ASSERT_EQ(scenario.needs.size(), 1U);
  EXPECT_EQ(scenario.needs[0].name, "firewall");
}

TEST(Names, AnswerInEveryWay) {
  const Cell cell = cell_of(
      "dns: {A.test.: wrong_id, b.test: truncated, c.test: {sequence: [10.0.0.1, "
      "{sequence: [silent, servfail]}]}}\n");
  EXPECT_EQ(cell.zone.at("a.test").kind, topology::DnsAnswer::Kind::wrong_id);
  EXPECT_EQ(cell.zone.at("b.test").kind, topology::DnsAnswer::Kind::truncated);
  const auto& inner = cell.zone.at("c.test").sequence.at(1);
  EXPECT_EQ(inner.sequence.at(0).kind, topology::DnsAnswer::Kind::silent);
}

TEST(Supervisors, ServeAHostEachWithTheirOwnConfiguration) {
  const Cell cell = cell_of(
      "hosts: {other: {inside: box}}\n"
      "providers: {api: {}, hop: {dialect: proxy}}\n"
      "supervisors:\n"
      "  left: {upstream_proxy: hop, rlimits: {nofile: 64}}\n"
      "  right: {serves: other, policy: {network_policies: {}}, inference: {provider: api}}\n");
  ASSERT_EQ(cell.supervisors.size(), 2U);
  EXPECT_EQ(cell.supervisors[0].name, "left");
  EXPECT_EQ(cell.supervisors[0].listen.to_string(), "10.200.0.1:3128");
  EXPECT_EQ(cell.supervisors[0].upstream_proxy, "hop");
  EXPECT_EQ(cell.supervisors[0].rlimits.at("nofile"), 64U);
  EXPECT_FALSE(cell.supervisors[0].inference.has_value());
  EXPECT_EQ(cell.supervisors[1].listen.to_string(), "10.200.1.1:3128");
  EXPECT_EQ(cell.supervisors[1].inference->model, "m1");
  EXPECT_THAT(cell.supervisors[1].policy_yaml, HasSubstr("version: 1"));
}

TEST(Supervisors, ListenWhereTheirNetworkReachesThem) {
  const Cell cell = cell_of(
      "hosts: {pod: {}}\n"
      "networks: {bridge: {subnet: 172.18.0.0/16, members: {box: 172.18.0.1, pod: 172.18.0.2}}}\n"
      "supervisor: {serves: pod}\n"
      "steps: {call: {request: http://a.test/, from: pod}}\n");
  EXPECT_EQ(cell.supervisors.at(0).listen.to_string(), "172.18.0.1:3128");
}

TEST(Supervisors, AStepNamesTheOneThatItConfigures) {
  const std::string world =
      "hosts: {other: {inside: box}}\nsupervisors: {left: {}, right: {serves: other}}\n";
  EXPECT_EQ(
      last_verb<SetPolicy>(world + "steps: {s: {policy: {}, supervisor: right}}\n").supervisor,
      "right");
  EXPECT_EQ(last_verb<SetInference>(world + "steps: {s: {inference: none, supervisor: left}}\n")
                .supervisor,
            "left");
}

TEST(Gateway, MayKeepItsStoreAndBeHeldToBounds) {
  const Cell cell = cell_of("gateway: {store: file, rlimits: {nofile: 32}}\n");
  EXPECT_TRUE(cell.gateway->store_file);
  EXPECT_EQ(cell.gateway->rlimits.at("nofile"), 32U);
}

TEST(Provider, HasDialectsEncodingsAndARecordByDialect) {
  const Scenario scenario = loaded(
      "providers:\n"
      "  a: {dialect: anthropic, initially: down, routes: {GET /: {body: x, encoding: br}}}\n"
      "  o: {dialect: ollama}\n" +
      std::string(kStep));
  const auto& providers = scenario.cells.at(0).providers;
  EXPECT_EQ(providers[0].dialect, providers::Dialect::anthropic);
  EXPECT_FALSE(providers[0].up);
  EXPECT_EQ(providers[0].record_type, "anthropic");
  EXPECT_EQ(providers[0].routes[0].answers[0].encoding, providers::Answer::Encoding::br);
  EXPECT_EQ(providers[1].record_type, "openai");
  EXPECT_THAT(to_yaml(scenario), HasSubstr("encoding: br"));
}

TEST(Scripts, OfWebSocketsAreDecodedOnBothSides) {
  const Cell cell = cell_of(
      "providers: {rt: {routes: {GET /: {websocket: [{send: ready}, echo]}}}}\n"
      "steps:\n"
      "  s: {websocket: ws://rt.test/, subprotocols: [v1], deflate: true, script: [{expect: "
      "ready},\n"
      "      {send: {hex: 00ff}}, {send: ping, split: [2, 3]}, {ping: p},\n"
      "      {await: rt.message}, {close: 1001}], expect: {close_code: 1001, messages: 2}}\n");
  const auto& answer = *cell.providers[0].routes[0].answers[0].websocket;
  EXPECT_EQ(answer[1].kind, wire::WebSocketMove::Kind::echo);
  const auto& spec = std::get<agents::WebSocketSpec>(cell.steps[0].verb);
  EXPECT_TRUE(spec.deflate);
  ASSERT_EQ(spec.moves.size(), 6U);
  EXPECT_EQ(spec.moves[0].matcher.equals_any[0], "ready");
  EXPECT_TRUE(spec.moves[1].binary);
  EXPECT_EQ(spec.moves[1].bytes, std::string("\0\xff", 2));
  EXPECT_THAT(spec.moves[2].split, ElementsAre(2U, 3U));
  EXPECT_EQ(spec.moves[3].kind, wire::WebSocketMove::Kind::ping);
  EXPECT_EQ(spec.moves[4].kind, wire::WebSocketMove::Kind::await);
  EXPECT_EQ(spec.moves[5].code, 1001);
}

TEST(Scripts, OfRawBytesAreATextOrMovesAndMayRepeat) {
  const auto text = last_verb<agents::RawSpec>("steps: {s: {raw: abc, to: http://a.test}}\n");
  ASSERT_EQ(text.moves.size(), 1U);
  EXPECT_EQ(text.moves[0].bytes, "abc");
  const Cell cell = cell_of(
      "steps: {s: {raw: [{send: ab, chunk: 1B, gap: 2ms}, {expect: head}, half_close], "
      "to: http://a.test, adapter: forward, repeat: 3, connections: 2}}\n");
  const auto& raw = std::get<agents::RawSpec>(cell.steps[0].verb);
  EXPECT_EQ(raw.adapter, agents::Adapter::forward);
  EXPECT_EQ(raw.moves[0].chunk, 1U);
  EXPECT_EQ(raw.moves[2].kind, wire::Move::Kind::half_close);
  EXPECT_EQ(cell.steps[0].connections, 2U);
}

TEST(Runs, MayBeTheOperatorsAnotherUsersAndConfined) {
  const Cell cell = cell_of(
      "hosts: {far: {addresses: [10.9.0.1/24]}}\n"
      "gateway: {host: far, listen: 10.9.0.1:8080}\n"
      "steps:\n"
      "  a: {run: [ls], environment: operator}\n"
      "  b: {run: [ls], user: nobody, confine: agent}\n");
  EXPECT_EQ(cell.steps[0].from, "far");
  EXPECT_EQ(std::get<agents::RunSpec>(cell.steps[0].verb).environment,
            agents::RunSpec::Environment::operator_);
  const auto& run = std::get<agents::RunSpec>(cell.steps[1].verb);
  EXPECT_EQ(run.user, "nobody");
  EXPECT_TRUE(run.confined);
}

TEST(Faults, OfLinksClocksFilesAndNames) {
  const auto fault = [](const std::string& step) {
    return last_verb<Fault>("gateway: {}\nproviders: {api: {}}\nsteps: {s: " + step + "}\n");
  };
  const Fault cut = fault("{fault: idle_cut, target: api, silence: 30ms, how: fin}");
  EXPECT_EQ(cut.silence, milliseconds(30));
  EXPECT_EQ(cut.how, providers::CutHow::fin);
  const Fault hop = fault("{fault: impaired, target: api, delay: 5ms, rate: 64KiB/s, how: stall}");
  EXPECT_EQ(*hop.rate, 65536U);
  EXPECT_EQ(hop.how, providers::CutHow::stall);
  EXPECT_EQ(fault("{fault: shifted, target: gateway, by: -2s}").by, milliseconds(-2000));
  EXPECT_EQ(fault("{fault: shifted, target: gateway, by: 43200min}").by, std::chrono::hours(720));
  EXPECT_EQ(fault("{fault: servfail, target: dns, name: A.test}").name, "a.test");
  EXPECT_EQ(fault("{fault: disk_full, target: gateway}").kind, FaultKind::disk_full);
  EXPECT_EQ(fault("{fault: frozen, target: api}").target, "api");
}

TEST(Changes, AreMergedIntoWhatThereIs) {
  const Cell cell = cell_of(
      "firewall: {ufw: {host: box, verdict: drop, port: 80}}\n"
      "steps:\n"
      "  a: {firewall: {ufw: {verdict: accept}, fresh: {host: box, verdict: reset}}}\n"
      "  b: {firewall: {ufw: {port: 81}, fresh: none}}\n");
  const auto& first = std::get<SetFirewall>(cell.steps[0].verb);
  ASSERT_EQ(first.rules.size(), 2U);
  EXPECT_EQ(first.rules[0].verdict, topology::FirewallRule::Verdict::accept);
  EXPECT_EQ(first.rules[0].port, 80);
  const auto& second = std::get<SetFirewall>(cell.steps[1].verb);
  EXPECT_EQ(second.rules[0].verdict, topology::FirewallRule::Verdict::accept);
  EXPECT_EQ(second.rules[0].port, 81);
  EXPECT_THAT(second.removed, ElementsAre("fresh"));
}

TEST(Changes, OfProvidersKeepTheirAddressAndTheirOtherRoutes) {
  const Cell cell = cell_of(
      "providers: {gone: {}, api: {routes: {GET /a: {body: a}, GET /b: {body: b}}}}\n"
      "steps:\n"
      "  a: {providers: {gone: none, api: {routes: {GET /b: {size: 4B}}}}}\n"
      "  b: {providers: {gone: {models: [m2]}}}\n");
  const auto& first = std::get<SetProviders>(cell.steps[0].verb);
  EXPECT_THAT(first.removed, ElementsAre("gone"));
  ASSERT_EQ(first.providers.size(), 1U);
  EXPECT_EQ(first.providers[0].listen.to_string(), "20.0.0.2:80");
  ASSERT_EQ(first.providers[0].routes.size(), 2U);
  EXPECT_EQ(*first.providers[0].routes[1].answers[0].size, 4U);
  EXPECT_FALSE(first.providers[0].routes[1].answers[0].body.has_value());
  const auto& second = std::get<SetProviders>(cell.steps[1].verb);
  EXPECT_EQ(second.providers.at(0).listen.to_string(), "20.0.0.1:80");
}

TEST(Changes, OfNamesAndServices) {
  const auto dns = last_verb<SetDns>(
      "providers: {api: {}}\nsteps: {s: {dns: {api.test: none, b.test: nxdomain}}}\n");
  EXPECT_THAT(dns.removed, ElementsAre("api.test"));
  EXPECT_EQ(dns.zone.at("b.test").kind, topology::DnsAnswer::Kind::nxdomain);
  const auto services = last_verb<SetMiddleware>(
      "middleware: {guard: {timeout: 80ms}}\n"
      "steps: {s: {middleware: {guard: {script: [{decision: deny}]}}}}\n");
  EXPECT_EQ(services.services.at(0).timeout, milliseconds(80));
  EXPECT_EQ(services.services.at(0).script.size(), 1U);
}

TEST(Checkers, OfChainsAuditsAndResources) {
  const Scenario scenario = loaded(
      "middleware: {one: {}, two: {}}\n"
      "steps: {call: {request: http://a.test/, repeat: 9}}\n"
      "expect:\n"
      "  - {checker: chain_order, middleware: [two, one]}\n"
      "  - {checker: audit_complete}\n"
      "  - {checker: resources_flat, actor: supervisor, step: call, rss: 2MiB}\n");
  const auto& expect = scenario.cells.at(0).expect;
  EXPECT_THAT(std::get<Checker>(expect[0].item).middleware, ElementsAre("two", "one"));
  EXPECT_EQ(std::get<Checker>(expect[1].item).name, "audit_complete");
  EXPECT_EQ(std::get<Checker>(expect[2].item).rss, 2U * 1024 * 1024);
  EXPECT_EQ(std::get<Checker>(expect[2].item).fds, 0U);
}

TEST(Scale, MultipliesWhatScriptsFaultsAndChangesTake) {
  Cell cell = cell_of(
      "providers: {api: {}}\n"
      "steps:\n"
      "  r: {raw: [{send: ab, chunk: 1B, gap: 2ms}], to: http://a.test}\n"
      "  f: {fault: impaired, target: api, delay: 5ms, rate: 64KiB/s}\n"
      "  c: {providers: {api: {sse: {every: 3ms}}}}\n");
  scale(cell, 4);
  EXPECT_EQ(std::get<agents::RawSpec>(cell.steps[0].verb).moves[0].gap, milliseconds(8));
  const auto& fault = std::get<Fault>(cell.steps[1].verb);
  EXPECT_EQ(*fault.delay, milliseconds(20));
  EXPECT_EQ(*fault.rate, 16384U);
  const auto& change = std::get<SetProviders>(cell.steps[2].verb);
  EXPECT_EQ(change.providers[0].sse.every, milliseconds(12));
}

}  // namespace
}  // namespace sallyport::sim::scenario
