// Mistakes about hosts, networks, packet filters, several subjects, scripts and changes are told
// where they are.

#include <gtest/gtest.h>

#include "simulator/scenario/load.h"

namespace sallyport::sim::scenario {
namespace {

// Four lines, so that what a test adds begins on the fifth.
constexpr std::string_view kHead =
    "scenario: A claim\n"
    "reproduces: [NVIDIA/OpenShell#1]\n"
    "kills: [x]\n"
    "providers: {api: {}, hop: {dialect: proxy}}\n";

std::string told(const std::string& text) {
  const std::string folder = "/nowhere/s.yaml:";
  std::string out = load_text(text, "/nowhere/s.yaml").complaints.to_string();
  for (std::size_t at = out.find(folder); at != std::string::npos; at = out.find(folder)) {
    out.erase(at, folder.size());
  }
  return out;
}

struct Mistake {
  const char* what;
  const char* body;
  const char* complaint;
};

class WorldMistakes : public ::testing::TestWithParam<Mistake> {};

TEST_P(WorldMistakes, AreToldWithTheirPlace) {
  std::string text(GetParam().body);
  if (text.find("steps:") == std::string::npos) text += "steps: {s: {request: http://a.test/}}\n";
  EXPECT_EQ(told(std::string(kHead) + text), std::string(GetParam().complaint) + "\n");
}

const Mistake kWorld[] = {
    {"SharingWithFields", "hosts: {side: {shares: agent, forward: true}}\n",
     "5:31: \"side\" is another name for \"agent\", so \"forward\" is said there"},
    {"SharingItself", "hosts: {side: {shares: side}}\n", "5:24: \"side\" shares itself"},
    {"RouteToAWord", "hosts: {box: {routes: {10.0.0.0/8: blackhol}}}\n",
     "5:36: \"blackhol\" isn't an address; did you mean \"blackhole\"?"},
    {"RouteOfAnotherFamily", "hosts: {box: {routes: {\"fd00::/8\": 10.0.0.1}}}\n",
     "5:36: a route and the address that it goes by are of one family"},
    {"MtuOfTooLittle", "hosts: {agent: {mtu: 10}}\n", "5:22: an \"mtu\" is 68 to 65535 octets"},
    {"MtuOfNoLink", "hosts: {box: {mtu: 1400}}\n",
     "5:20: \"mtu\" is of the link that an inner host has; \"box\" is inside none"},
    {"MadeByNobody", "hosts: {side: {by: supervisor}}\n",
     "5:15: \"side\" is made by the supervisor that serves it, and none does"},
    {"MemberOutsideItsSubnet", "networks: {n: {subnet: 10.1.0.0/24, members: {box: 10.2.0.1}}}\n",
     "5:52: 10.2.0.1 isn't in the subnet 10.1.0.0/24"},
    {"MemberThatIsNoHost", "networks: {n: {subnet: 10.1.0.0/24, members: {bx: 10.1.0.1}}}\n",
     "5:47: there is no host \"bx\"; did you mean \"box\"?"},
    {"MembersAtOneAddress",
     "networks: {n: {subnet: 10.1.0.0/24, members: {box: 10.1.0.1, agent: 10.1.0.1}}}\n",
     "5:69: \"box\" has 10.1.0.1 already"},
    {"OverlappingNetworks",
     "networks:\n  n: {subnet: 10.1.0.0/16, members: {box: 10.1.0.1}}\n"
     "  m: {subnet: 10.1.2.0/24, members: {box: 10.1.2.1}}\n",
     "7:15: 10.1.2.0/24 overlaps 10.1.0.0/16 of \"n\""},
    {"NetworkOverAnInnerLink",
     "networks: {n: {subnet: 10.200.0.0/16, members: {box: 10.200.9.1}}}\n",
     "5:24: 10.200.0.0/16 overlaps 10.200.0.0/24, the link of \"agent\" to \"box\""},
    {"AddressOfALink", "decoys: {trap: 10.200.0.9:80}\n",
     "5:16: 10.200.0.9 is in 10.200.0.0/24, the link of \"agent\" to \"box\": 10.200.0.1 is "
     "\"box\"'s, 10.200.0.2 \"agent\"'s"},
    {"TwoAtOnePlace", "decoys: {trap: 20.0.0.1:80}\n",
     "5:16: \"api\" and \"trap\" both listen on 20.0.0.1:80"},
    {"TwoAtOnePlaceByAnotherName",
     "hosts: {side: {shares: box}}\ndecoys: {trap: {host: side, listen: 0.0.0.0:80}}\n",
     "6:16: \"api\" and \"trap\" both listen on 0.0.0.0:80\n"
     "6:16: \"hop\" and \"trap\" both listen on 0.0.0.0:80"},
    {"Ipv6WithoutIpv6", "decoys: {trap: \"[fd01::1]:80\"}\n",
     "5:16: fd01::1 is an address of \"box\", which has no IPv6; give it ipv6: enabled"},
    {"RuleWithoutVerdict", "firewall: {r: {host: box}}\n",
     "5:15: a firewall rule needs \"verdict\""},
    {"RuleOfNoVerdict", "firewall: {r: {host: box, verdict: rejct}}\n",
     "5:36: \"rejct\" isn't a value of \"verdict\"; did you mean \"reject\"?"},
    {"RuleFromNowhere", "firewall: {r: {host: box, verdict: drop, from: agnt}}\n",
     "5:48: there is no network, address or host \"agnt\"; did you mean \"agent\"?"},
    {"BothSupervisors", "supervisor: {}\nsupervisors: {a: {}}\n",
     "6:1: a scenario has \"supervisor\" or \"supervisors\", not both"},
    {"TwoThatServeOne", "supervisors: {a: {}, b: {listen: 10.200.0.1:3129}}\n",
     "5:25: \"a\" and \"b\" both serve \"agent\""},
    {"UpstreamThatIsNoProxy", "supervisor: {upstream_proxy: api}\n",
     "5:30: \"api\" is no proxy; give it dialect: proxy"},
    {"RouteOfOneBesideAGateway", "gateway: {}\nsupervisors: {a: {inference: {provider: api}}}\n",
     "6:30: a gateway has one route for every supervisor; write \"inference\" at the top, or leave "
     "the gateway out"},
};

const Mistake kSteps[] = {
    {"GateOfNoRule", "steps: {a: {gate: ollama-local, rule: lax}}\n",
     "5:39: \"lax\" isn't a value of \"rule\"; it must be one of observed, strict, invocation"},
    {"GateOfNoResult", "steps: {a: {gate: ollama-local, exec: [not_ran]}}\n",
     "5:40: \"not_ran\" isn't a result; did you mean \"not_run\"?"},
    {"GateWithATimeout", "steps: {a: {gate: ollama-local, timeout: 1s}}\n",
     "5:33: unknown key \"timeout\" in a gate step"},
    {"GateWithoutASupervisor", "supervisor: none\nsteps: {a: {gate: ollama-local}}\n",
     "3:8: without a supervisor there is nothing to kill; write []\n"
     "6:19: the gate asks what a supervisor serves, and there is none in this world"},
    {"ViaNoProxy", "steps: {a: {request: http://a.test/, via: api}}\n",
     "5:43: there is no way \"api\"; it must be one of auto, direct, hop, supervisor"},
    {"WebSocketOfHttp", "steps: {a: {websocket: http://a.test/, script: [reset]}}\n",
     "5:24: a URL begins with ws://, wss:// or $(ACTOR.url)"},
    {"EchoOfAClient", "steps: {a: {websocket: ws://a.test/, script: [echo]}}\n",
     "5:47: only an answer echoes; a client sends what it means to"},
    {"SplitThatTurnsBack",
     "steps: {a: {websocket: ws://a.test/, script: [{send: abcd, split: [3, 1]}]}}\n",
     "5:71: offsets of a \"split\" ascend"},
    {"SplitBehindTheEnd",
     "steps: {a: {websocket: ws://a.test/, script: [{send: ab, split: [3]}]}}\n",
     "5:66: the message has 2 octets"},
    {"CloseCode", "steps: {a: {websocket: ws://a.test/, script: [{close: 99}]}}\n",
     "5:55: a close code is 1000 to 4999"},
    {"TwoMovesInOne", "steps: {a: {raw: [{send: a, expect: eof}], to: http://a.test}}\n",
     "5:19: a move is one thing; write a move for each"},
    {"ChunkOfNothing", "steps: {a: {raw: [{expect: eof, chunk: 1B}], to: http://a.test}}\n",
     "5:40: \"chunk\" is of what is sent"},
    {"RetryOfRawBytes", "steps: {a: {raw: x, to: http://a.test, retry: 1s, expect: {class: ok}}}\n",
     "5:40: unknown key \"retry\" in a raw step"},
    {"OperatorOfNoGateway", "steps: {a: {run: [ls], environment: operator}}\n",
     "5:37: an operator speaks to the gateway, and there is none in this world; write gateway: {}"},
    {"CutWithoutSilence", "steps: {a: {fault: idle_cut, target: api}}\n",
     "5:12: the fault idle_cut needs \"silence\""},
    {"ImpairedByNothing", "steps: {a: {fault: impaired, target: api}}\n",
     "5:12: the fault impaired needs at least one of \"delay\", \"rate\", \"offset\""},
    {"RateWithoutOctets", "steps: {a: {fault: impaired, target: api, rate: 9/s}}\n",
     "5:49: this must be octets a second (64KiB/s)"},
    {"NameOfALink", "steps: {a: {fault: refused, target: api, name: a.test}}\n",
     "5:48: \"name\" is for the faults of dns"},
    {"ListenerOfAProvider", "steps: {a: {providers: {api: {listen: 10.0.0.1:80}}}}\n",
     "5:31: \"listen\" of a provider can't change while it lives: it listens there as long as the "
     "world stands"},
    {"ProviderOfAStep", "steps: {a: {providers: {apo: {}}}}\n",
     "5:25: there is no provider \"apo\"; did you mean \"api\"?"},
    {"ProxyOfAStep", "steps: {a: {providers: {api: {dialect: proxy}}}}\n",
     "5:40: a provider is a proxy from its start, or never"},
    {"RuleThatIsNotThere", "steps: {a: {firewall: {r: none}}}\n",
     "5:27: there is no firewall rule \"r\""},
    {"NameThatIsNotThere", "steps: {a: {dns: {api.tes: none}}}\n",
     "5:28: there is no name \"api.tes\"; did you mean \"api.test\"?"},
    {"PolicyOfNobody", "steps: {a: {policy: {}, supervisor: superviser}}\n",
     "5:37: there is no supervisor \"superviser\"; did you mean \"supervisor\"?"},
    {"ResourcesOfAStepThatDoesNotRepeat",
     "steps: {s: {request: http://a.test/}}\n"
     "expect: [{checker: resources_flat, actor: supervisor, step: s}]\n",
     "6:61: \"resources_flat\" watches a step that repeats; \"s\" doesn't"},
    {"ResourcesOfAProvider",
     "steps: {s: {request: http://a.test/, repeat: 9}}\n"
     "expect: [{checker: resources_flat, actor: api, step: s}]\n",
     "6:43: \"api\" is a provider; \"resources_flat\" takes one of: the supervisor, the gateway, a "
     "middleware service"},
    {"ChainOfNoServices", "expect: [{checker: chain_order, middleware: []}]\n",
     "5:45: \"middleware\" is a list of services, in the order of the chain"},
};

std::string name_of(const ::testing::TestParamInfo<Mistake>& mistake) { return mistake.param.what; }

INSTANTIATE_TEST_SUITE_P(World, WorldMistakes, ::testing::ValuesIn(kWorld), name_of);
INSTANTIATE_TEST_SUITE_P(Steps, WorldMistakes, ::testing::ValuesIn(kSteps), name_of);

}  // namespace
}  // namespace sallyport::sim::scenario
