// Mistakes about control verbs, the gateway, middleware and checkers are told where they are.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulator/scenario/load.h"

namespace sallyport::sim::scenario {
namespace {

// Six lines, so that what a test adds begins on the seventh.
constexpr std::string_view kHead =
    "scenario: A claim\n"
    "reproduces: [NVIDIA/OpenShell#1]\n"
    "kills: [x]\n"
    "providers: {api: {keys: [k1, k2]}, open: {}}\n"
    "gateway: {}\n"
    "middleware: {guard: {}}\n";

// Complaints about `text`, one a line, with the file's name for its path.
std::string told(const std::string& text) {
  const std::string folder = "/nowhere/";
  std::string out = load_text(text, folder + "s.yaml").complaints.to_string();
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

class ControlMistakes : public ::testing::TestWithParam<Mistake> {};

TEST_P(ControlMistakes, AreToldWithTheirPlace) {
  std::string text(GetParam().body);
  if (text.find("steps:") == std::string::npos) text += "steps:\n  s: {request: http://a.test/}\n";
  EXPECT_EQ(told(std::string(kHead) + text), "s.yaml:" + std::string(GetParam().complaint) + "\n");
}

const Mistake kSteps[] = {
    {"NearVerb", "steps:\n  a: {rotat: api, key: k2}\n",
     "8:7: unknown verb \"rotat\"; did you mean \"rotate\"?"},
    {"NoVerb", "steps:\n  a: {key: k2}\n",
     "8:3: the step \"a\" has no verb; it must be one of request, websocket, raw, "
     "run, gate, policy, inference, dns, firewall, providers, middleware, rotate, revoke, update, "
     "delete, "
     "fault, lift, stop, start, restart, pause"},
    {"UnknownField", "steps:\n  a: {rotate: api, kay: k2, key: k2}\n",
     "8:20: unknown key \"kay\" in a rotate step; did you mean \"key\"?"},
    {"ArticleOfAVowel", "steps:\n  a: {update: api, key: k2, forced: true}\n",
     "8:29: unknown key \"forced\" in an update step; it must be one of update, key, background, "
     "after, expect, timeout"},
    {"FromOfAControlStep", "steps:\n  a: {update: api, key: k2, from: box}\n",
     "8:29: unknown key \"from\" in an update step; it must be one of update, key, background, "
     "after, expect, timeout"},
    {"RotateWithoutAKey", "steps:\n  a: {rotate: api}\n", "8:6: a rotate step needs \"key\""},
    {"RotateOfNoProvider", "steps:\n  a: {rotate: apo, key: k2}\n",
     "8:15: there is no provider \"apo\"; did you mean \"api\"?"},
    {"RotateToNoKey", "steps:\n  a: {rotate: api, key: k3}\n",
     "8:25: there is no key \"k3\"; did you mean \"k1\"?"},
    {"RotateWhereThereAreNoKeys", "steps:\n  a: {rotate: open, key: k1}\n",
     "8:26: \"open\" has no keys; list them, as in keys: [k1, k2]"},
    {"ForceThatIsNoBoolean", "steps:\n  a: {delete: api, force: 1}\n",
     "8:27: \"1\" isn't true or false"},
    {"UnknownFault", "steps:\n  a: {fault: refuse, target: api}\n",
     "8:14: \"refuse\" isn't a fault; did you mean \"refused\"?"},
    {"FaultAtTheNameServer", "steps:\n  a: {fault: refused, target: dns}\n",
     "8:31: there is no actor \"dns\"; it must be one of api, gateway, guard, open, supervisor"},
    {"FaultWithoutTarget", "steps:\n  a: {fault: refused}\n", "8:6: a fault step needs \"target\""},
    {"FaultOfNoActor", "steps:\n  a: {fault: refused, target: gurd}\n",
     "8:31: there is no actor \"gurd\"; did you mean \"guard\"?"},
    {"MalformedGateway", "steps:\n  a: {fault: malformed, target: gateway}\n",
     "8:33: \"gateway\" is the gateway; the fault \"malformed\" takes one of: a middleware "
     "service"},
    {"SlowSupervisor", "steps:\n  a: {fault: slow, target: supervisor}\n",
     "8:28: \"supervisor\" is the supervisor; the fault \"slow\" takes one of: a provider, a "
     "middleware service"},
    {"DelayOfAnotherFault", "steps:\n  a: {fault: refused, target: api, delay: 1s}\n",
     "8:43: \"delay\" is for the fault slow and impaired"},
    {"OffsetOfAnotherFault", "steps:\n  a: {fault: refused, target: api, offset: 1}\n",
     "8:44: \"offset\" is for the fault reset and impaired"},
    {"LiftOfNoFault", "steps:\n  out: {fault: refused, target: api}\n  b: {lift: outs}\n",
     "9:13: there is no fault step \"outs\"; did you mean \"out\"?"},
    {"LiftOfALaterFault", "steps:\n  b: {lift: out}\n  out: {fault: refused, target: api}\n",
     "8:13: \"out\" doesn't come before \"b\", so there is nothing to lift"},
    {"UnknownSignal", "steps:\n  a: {stop: gateway, signal: SIGTERM}\n",
     "8:30: \"SIGTERM\" isn't a signal; it must be one of TERM, KILL, INT, QUIT, ABRT"},
    {"SignalThatEndsNothing", "steps:\n  a: {stop: gateway, signal: CONT}\n",
     "8:30: \"CONT\" isn't a signal; it must be one of TERM, KILL, INT, QUIT, ABRT"},
    {"SignalOfAStart", "steps:\n  a: {start: gateway, signal: TERM}\n",
     "8:23: unknown key \"signal\" in a start step; it must be one of start, background, after, "
     "expect, timeout"},
    {"PolicyThatIsAList", "steps:\n  a: {policy: []}\n",
     "8:15: a policy is a map, or the path of one"},
    {"PolicyFileThatIsNotThere", "steps:\n  a: {policy: no.yaml}\n",
     "8:15: the file no.yaml can't be read"},
    {"RouteToNoProvider", "steps:\n  a: {inference: {provider: apo}}\n",
     "8:29: there is no provider \"apo\"; did you mean \"api\"?"},
    {"UnknownControlFact", "steps:\n  a: {stop: gateway, expect: {clas: ok}}\n",
     "8:31: a control step has no \"clas\"; did you mean \"class\"?"},
    {"UnknownCode", "steps:\n  a: {delete: api, expect: {code: FAILED_PRECONDITON}}\n",
     "8:35: \"FAILED_PRECONDITON\" isn't a value of \"code\"; did you mean "
     "\"FAILED_PRECONDITION\"?"},
};

const Mistake kRepeats[] = {
    {"RateWithoutRepeat", "steps:\n  a: {request: http://a.test/, rate: 10/s}\n",
     "8:38: \"rate\" is about repetitions; say how many at most, as in repeat: 100"},
    {"UntilWithoutRepeat", "steps:\n  a: {request: http://a.test/, until: api.request}\n",
     "8:39: \"until\" is about repetitions; say how many at most, as in repeat: 100"},
    {"ConnectionsWithoutRepeat", "steps:\n  a: {request: http://a.test/, connections: 4}\n",
     "8:45: \"connections\" is about repetitions; say how many at most, as in repeat: 100"},
    {"RateWithoutUnit", "steps:\n  a: {request: http://a.test/, repeat: 9, rate: 10}\n",
     "8:49: this must be a rate (200/s)"},
    {"ConnectionsOfOneName",
     "steps:\n  a: {request: http://a.test/, repeat: 9, connections: 2, connection: c}\n",
     "8:71: a \"connection\" by name is one, so it can't stand beside several \"connections\""},
    {"RepeatAndRetry",
     "steps:\n  a: {request: http://a.test/, repeat: 9, retry: 1s, expect: {status: 200}}\n",
     "8:6: a step has \"repeat\" or \"retry\", not both"},
    {"RateOfARun", "steps:\n  a: {run: [ls], rate: 10/s}\n",
     "8:18: unknown key \"rate\" in a run step"},
};

const Mistake kActors[] = {
    {"RouteInFractionsOfSeconds", "inference: {provider: api, timeout: 1500ms}\n",
     "7:37: with a gateway a route's timeout is in whole seconds; leave the gateway out for a "
     "shorter one"},
    {"RouteOfAStepInFractionsOfSeconds",
     "steps:\n  a: {inference: {provider: api, timeout: 300ms}}\n",
     "8:43: with a gateway a route's timeout is in whole seconds; leave the gateway out for a "
     "shorter one"},
    {"CallOfNoKind", "expect:\n  - {count: gateway.calls, is: 1}\n",
     "8:13: \"gateway\" has no event \"calls\"; did you mean \"call\"?"},
    {"FieldOfNoCall", "expect:\n  - {count: {event: gateway.call, where: {rpcs: x}}, is: 1}\n",
     "8:43: the event \"gateway.call\" has no \"rpcs\"; did you mean \"rpc\"?"},
    {"HitOfNoFault", "expect:\n  - {count: s.hit, is: 1}\n",
     "8:13: \"s\" has no event \"hit\"; it must be one of start, response, sse, outcome, done"},
    {"SessionOfALaterVersion", "expect:\n  - {count: guard.preflight, is: 1}\n",
     "8:13: the event \"guard.preflight\" isn't supported yet"},
    {"MiddlewareAsAName", "decoys: {guard: 10.0.0.9:80}\n",
     "6:14: \"guard\" is already a decoy; names of hosts, networks, actors, "
     "rules and steps all differ"},
    {"SupervisorThatNeverStarts", "supervisor: {initially: down}\n",
     "7:13: a supervisor that is down at first needs a step that starts it"},
    {"PollOfNothing", "supervisor: {poll: 0ms}\n", "7:20: \"poll\" must be more than nothing"},
    {"InitiallyOtherwise", "supervisor: {initially: off}\n",
     "7:25: \"off\" isn't a value of \"initially\"; it must be one of up, down"},
    {"PlaceholderOfNoCredential",
     "steps:\n  s: {request: http://a.test/, body: $(api.placeholder)}\n",
     "8:38: $(api.placeholder) \"api\" has no credential; name its variable, as in credential: "
     "API_KEY"},
    {"BoundOfNoActor", "expect:\n  - {eventually: s.done, within: guards.timeout}\n",
     "8:34: \"guards.timeout\" isn't a bound: a duration (250us, 10ms, 2s, 5min), SERVICE.timeout, "
     "supervisor.poll or supervisor.limits.NAME, perhaps times a number"},
    {"BoundOfNoTime", "expect:\n  - {eventually: s.done, within: guard.timeouts}\n",
     "8:34: \"guard\" has no time \"timeouts\"; did you mean \"timeout\"?"},
    {"BoundOfTheSupervisorsNone", "expect:\n  - {eventually: s.done, within: supervisor.pol}\n",
     "8:34: \"supervisor\" has no time \"pol\"; did you mean \"poll\"?"},
    {"UnknownChecker", "expect:\n  - {checker: credential_epoch, provider: api}\n",
     "8:15: \"credential_epoch\" isn't a checker; did you mean \"credential_epochs\"?"},
    {"CheckerWithoutProvider", "expect:\n  - {checker: forwarded_once}\n",
     "8:5: a \"checker\" item needs \"provider\""},
    {"CheckerWithTooMuch", "expect:\n  - {checker: generation_monotonic, provider: api}\n",
     "8:37: unknown key \"provider\" in a \"checker\" item; it must be one of checker, when"},
    {"PrefixOfNoRequest",
     "steps:\n  s: {run: [ls]}\nexpect:\n  - {checker: stream_prefix, provider: api, step: s}\n",
     "10:51: \"stream_prefix\" is about a request; \"s\" is none"},
    {"CheckerWithAWitness", "expect:\n  - {checker: generation_monotonic, witness: s.done}\n",
     "8:37: unknown key \"witness\" in a \"checker\" item; it must be one of checker, when"},
};

std::string name_of(const ::testing::TestParamInfo<Mistake>& mistake) { return mistake.param.what; }

INSTANTIATE_TEST_SUITE_P(Steps, ControlMistakes, ::testing::ValuesIn(kSteps), name_of);
INSTANTIATE_TEST_SUITE_P(Repeats, ControlMistakes, ::testing::ValuesIn(kRepeats), name_of);
INSTANTIATE_TEST_SUITE_P(Actors, ControlMistakes, ::testing::ValuesIn(kActors), name_of);

// The mistakes of one service, whose map begins at 4:21.
std::string told_of_service(const std::string& fields) {
  return told(
      "scenario: A claim\nreproduces: [NVIDIA/OpenShell#1]\nkills: [x]\nmiddleware: {guard: " +
      fields + "}\nsteps:\n  s: {request: http://a.test/}\n");
}

struct ServiceMistake {
  const char* what;
  const char* fields;
  const char* complaint;
};

class MiddlewareMistakes : public ::testing::TestWithParam<ServiceMistake> {};

TEST_P(MiddlewareMistakes, AreToldWithTheirPlace) {
  EXPECT_EQ(told_of_service(GetParam().fields),
            "s.yaml:" + std::string(GetParam().complaint) + "\n");
}

const ServiceMistake kServices[] = {
    {"UnknownKey", "{timeouts: 1s}",
     "4:22: unknown key \"timeouts\" in a middleware service; did you mean \"timeout\"?"},
    {"NoMap", "none", "4:21: a middleware service must be a map"},
    {"UnknownHost", "{host: boxx}", "4:28: there is no host \"boxx\"; did you mean \"box\"?"},
    {"LoopbackOfAnotherHost", "{host: agent}",
     "4:21: \"guard\" listens on 127.0.0.1 of \"agent\", where the supervisor in \"box\" can't "
     "reach it; give it a \"listen\""},
    {"UnknownOperation", "{describe: {operations: [http]}}",
     "4:46: \"http\" isn't an operation; it must be one of http_request, websocket_message"},
    {"DescribesNothing", "{describe: {max_payload: 0B}}",
     "4:46: a service describes at least 1B; leave \"max_payload\" out for what is registered"},
    {"ScriptThatIsAMap", "{script: {}}", "4:30: a script is a list of entries"},
    {"Preflight", "{script: [{call: preflight}]}",
     "4:38: the call \"preflight\" isn't supported yet"},
    {"Message", "{script: [{call: message}]}", "4:38: the call \"message\" isn't supported yet"},
    {"UnknownCall", "{script: [{call: evaluat}]}",
     "4:38: \"evaluat\" isn't a value of \"call\"; did you mean \"evaluate\"?"},
    {"Skip", "{script: [{decision: skip}]}", "4:42: the decision \"skip\" isn't supported yet"},
    {"UnknownField", "{script: [{where: {pth: /}}]}",
     "4:40: the event \"guard.evaluate\" has no \"pth\"; did you mean \"path\"?"},
    {"UnknownStep", "{script: [{where: {step: t}}]}",
     "4:46: there is no step \"t\"; did you mean \"s\"?"},
    {"BodyAndReplace", "{script: [{body: a, replace: {b: c}}]}",
     "4:31: an entry has \"body\" or \"replace\", not both"},
    {"ReplacesNothing", "{script: [{replace: {}}]}",
     "4:41: \"replace\" needs at least one OLD: NEW"},
    {"ReplacesEmptyText", "{script: [{replace: {\"\": c}}]}",
     "4:41: an empty text can't be replaced"},
    {"UnknownChange", "{script: [{headers: [{set: X-A, value: a}]}]}",
     "4:42: a change of a header has one of append, overwrite, skip, remove, write, empty\n"
     "s.yaml:4:43: unknown key \"set\" in a change of a header; it must be one of append, "
     "overwrite, skip, remove, write, empty, value, on_existing"},
    {"ChangeWithoutValue", "{script: [{headers: [{append: X-A}]}]}",
     "4:42: a change of a header needs \"value\""},
    {"RemovalWithValue", "{script: [{headers: [{remove: X-A, value: a}]}]}",
     "4:63: a header is removed by its name; leave \"value\" out"},
    {"FindingWithoutType", "{script: [{findings: [{count: 2}]}]}",
     "4:43: a finding needs \"type\""},
    {"FindingsThatAreNoList", "{script: [{findings: {type: a}}]}",
     "4:42: \"findings\" is a list of maps"},
    {"CountOfTooMuch", "{script: [{findings: [{type: a, count: 4294967296}]}]}",
     "4:60: a count has 32 bits"},
    {"UnknownStatus", "{script: [{status: UNAVAILBLE}]}",
     "4:40: \"UNAVAILBLE\" isn't a value of \"status\"; did you mean \"UNAVAILABLE\"?"},
    {"UnknownMalformed", "{script: [{malformed: oversized}]}",
     "4:43: \"oversized\" isn't a value of \"malformed\"; did you mean \"oversize\"?"},
    {"WrongSequence", "{script: [{malformed: wrong_sequence}]}",
     "4:43: the answer \"wrong_sequence\" isn't supported yet"},
    {"UnknownDecision", "{script: [{decision: dney}]}",
     "4:42: \"dney\" isn't a value of \"decision\"; did you mean \"deny\"?"},
    {"StatusZero", "{script: [{status: 0}]}", "4:40: the number of a status is 1 to 2147483647"},
    {"FillOfTooMuch", "{script: [{fill: {body: 65MiB}}]}", "4:45: 67108864 at most"},
    {"FillOfNothingKnown", "{script: [{fill: {bodi: 1B}}]}",
     "4:39: unknown key \"bodi\" in a filler; did you mean \"body\"?"},
    {"BindingsAndOperations", "{describe: {operations: [], bindings: []}}",
     "4:59: a description has \"operations\" or \"bindings\", not both"},
    {"UnknownPhase", "{describe: {bindings: [{phase: pre_retrun}]}}",
     "4:52: \"pre_retrun\" isn't a value of \"phase\"; did you mean \"pre_return\"?"},
    {"NoDescription", "{describe: []}", "4:32: \"describe\" needs one at least"},
    {"TrustWithoutTls", "{trust: system}", "4:29: a service without \"tls\" has nothing to trust"},
    {"UnknownTls", "{tls: expird}",
     "4:27: \"expird\" isn't a value of \"tls\"; did you mean \"expired\"?"},
    {"StatusAndMalformed", "{script: [{status: INTERNAL, malformed: oversize}]}",
     "4:31: an entry has \"status\" or \"malformed\", not both"},
};

INSTANTIATE_TEST_SUITE_P(All, MiddlewareMistakes, ::testing::ValuesIn(kServices),
                         [](const auto& mistake) { return mistake.param.what; });

// What needs a gateway says so.
std::string told_without_gateway(const std::string& body) {
  return told(
      "scenario: A claim\nreproduces: [NVIDIA/OpenShell#1]\nkills: [x]\n"
      "providers: {api: {keys: [k1]}}\n" +
      body);
}

TEST(WithoutAGateway, NothingIsDeletedFromIt) {
  EXPECT_EQ(told_without_gateway("steps:\n  a: {delete: api}\n"),
            "s.yaml:6:15: \"delete\" takes a record from the gateway, and there is none in this "
            "world; write gateway: {}\n");
}

TEST(WithoutAGateway, ItIsNoTargetAndNoSource) {
  EXPECT_EQ(told_without_gateway("steps:\n  a: {stop: gateway}\n"),
            "s.yaml:6:13: there is no gateway in this world; write gateway: {}\n");
  EXPECT_EQ(told_without_gateway("steps:\n  a: {fault: frozen, target: gateway}\n"),
            "s.yaml:6:30: there is no gateway in this world; write gateway: {}\n");
  EXPECT_EQ(told_without_gateway("steps:\n  a: {request: http://a.test/}\nexpect:\n"
                                 "  - {count: gateway.ready, is: 1}\n"),
            "s.yaml:8:13: there is no gateway in this world; write gateway: {}\n");
}

TEST(WithoutAGateway, KeysPolicyAndRouteStillChange) {
  EXPECT_EQ(told_without_gateway("steps:\n"
                                 "  a: {update: api, key: k1}\n"
                                 "  b: {policy: {}}\n"
                                 "  c: {inference: none}\n"),
            "");
}

TEST(Gateway, MistakesInItAreTold) {
  EXPECT_EQ(told_without_gateway("gateway: {store: file, hosts: box}\nsteps:\n  a: {stop: "
                                 "gateway}\n"),
            "s.yaml:5:24: unknown key \"hosts\" in a gateway; did you mean \"host\"?\n");
  EXPECT_EQ(told_without_gateway("gateway: {host: agent}\nsteps:\n  a: {stop: gateway}\n"),
            "s.yaml:5:10: \"gateway\" listens on 127.0.0.1 of \"agent\", where the supervisor in "
            "\"box\" can't reach it; give it a \"listen\"\n");
}

TEST(Provider, ACredentialIsAVariableThatStandsForAKey) {
  const auto told_of = [](const std::string& provider, const char* gateway = "gateway: {}\n") {
    return told(
        "scenario: A claim\nreproduces: [NVIDIA/OpenShell#1]\nkills: [x]\nproviders: {api: " +
        provider + "}\n" + gateway + "steps:\n  a: {request: http://a.test/}\n");
  };
  EXPECT_EQ(told_of("{credential: API_KEY, keys: [k1]}", ""),
            "s.yaml:4:31: a credential comes by the gateway, and there is none in this world; "
            "write gateway: {}\n");
  EXPECT_EQ(told_of("{credential: API_KEY, keys: [k1]}"), "");
  EXPECT_EQ(told_of("{credential: api-key, keys: [k1]}"),
            "s.yaml:4:31: \"api-key\" can't be a variable's name (API_KEY)\n");
  EXPECT_EQ(told_of("{credential: API_KEY}"),
            "s.yaml:4:31: a credential stands for a key; give the provider \"keys\"\n");
}

}  // namespace
}  // namespace sallyport::sim::scenario
