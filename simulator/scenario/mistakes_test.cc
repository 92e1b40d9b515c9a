// Every kind of mistake is told where it is, with what to write instead.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulator/scenario/load.h"

namespace sallyport::sim::scenario {
namespace {

// Five lines, so that what a test adds begins on the sixth.
constexpr std::string_view kHead =
    "scenario: A claim\n"
    "reproduces: [NVIDIA/OpenShell#1]\n"
    "kills: [x]\n"
    "providers: {api: {keys: [k1]}}\n"
    "inference: {provider: api}\n";

struct Mistake {
  const char* what;
  const char* body;
  const char* complaint;
};

std::string complaints(const std::string& text) {
  return load_text(text, "/nowhere/s.yaml").complaints.to_string();
}

class Mistakes : public ::testing::TestWithParam<Mistake> {};

TEST_P(Mistakes, AreToldWithTheirPlace) {
  const std::string told = complaints(std::string(kHead) + GetParam().body);
  EXPECT_EQ(told, "/nowhere/s.yaml:" + std::string(GetParam().complaint) + "\n");
}

const Mistake kMistakes[] = {
    {"UnknownTopLevelKey", "polices: {}\nsteps:\n  a: {request: $(api.url)}\n",
     "6:1: unknown key \"polices\" in a scenario; did you mean \"policy\"?"},
    {"DuplicateKey", "tags: []\ntags: []\nsteps:\n  a: {request: $(api.url)}\n",
     "7:1: \"tags\" stands here a second time; a key may be given once"},
    {"UnknownKeyInAStep", "steps:\n  a: {request: $(api.url), methd: GET}\n",
     "7:28: unknown key \"methd\" in a request step; did you mean \"method\"?"},
    {"UnknownVerb", "steps:\n  a: {requests: $(api.url)}\n",
     "7:7: unknown verb \"requests\"; did you mean \"request\"?"},
    {"VerbOfALaterVersion", "steps:\n  a: {websocket: ws://api.test/}\n",
     "7:7: the verb \"websocket\" isn't supported yet"},
    {"TwoVerbs", "steps:\n  a: {request: $(api.url), run: [ls]}\n",
     "7:3: a step has one verb; \"a\" has request and run"},
    {"SectionOfALaterVersion", "networks: {}\nsteps:\n  a: {request: $(api.url)}\n",
     "6:1: \"networks\" isn't supported yet"},
    {"UnknownFact", "steps:\n  a: {request: $(api.url), expect: {staus: 200}}\n",
     "7:37: a request has no \"staus\"; did you mean \"status\"?"},
    {"UnknownClass", "steps:\n  a: {request: $(api.url), expect: {class: refuse}}\n",
     "7:44: \"refuse\" isn't a value of \"class\"; did you mean \"refused\"?"},
    {"FactOfAnotherVerb", "steps:\n  a: {run: [ls], expect: {status: 200}}\n",
     "7:27: a run has no \"status\"; it must be one of class, exit, signal, stdout, stderr, total, "
     "attempts, exchanges"},
    {"NumberThatIsNone", "steps:\n  a: {request: $(api.url), expect: {status: ok}}\n",
     "7:45: \"status\" is a number; \"ok\" isn't an integer (0, 42)"},
    {"DurationWithoutUnit", "steps:\n  a: {request: $(api.url), timeout: 5}\n",
     "7:37: \"5\" isn't a duration (250us, 10ms, 2s, 5min)"},
    {"BareBooleanAsText", "steps:\n  a: {request: $(api.url), body: yes}\n",
     "7:34: bare yes in a text place; write \"yes\" in quotes"},
    {"UnknownHost", "steps:\n  a: {request: $(api.url), from: boxs}\n",
     "7:34: there is no host \"boxs\"; did you mean \"box\"?"},
    {"UnknownVariable", "steps:\n  a: {request: $(apj.url)}\n",
     "7:16: $(apj.url) names nothing; did you mean \"api\"?; $$( is a literal $("},
    {"UnknownFieldOfAnActor", "steps:\n  a: {request: $(api.uri)}\n",
     "7:16: $(api.uri) names nothing; did you mean \"url\"?"},
    {"UnknownKeyOfAProvider", "steps:\n  a: {request: $(api.url), body: $(api.key.k2)}\n",
     "7:34: $(api.key.k2) \"api\" has no key \"k2\"; did you mean \"k1\"?"},
    {"VariableOutOfPlace",
     "supervisor: {args: [$(step.nonce)]}\nsteps:\n  a: {request: $(api.url)}\n",
     "6:21: $(step.nonce) is known only in a step and its expect"},
    {"UnknownAxis",
     "matrix: {way: [a]}\nsteps:\n  a: {request: $(api.url)/$(matrix.wey), "
     "body: $(matrix.way)}\n",
     "8:16: $(matrix.wey): the matrix has no axis \"wey\"; did you mean \"way\"?"},
    {"UnknownColumn",
     "matrix: {w: {a: {path: /}}}\nsteps:\n  a: {request: $(api.url)"
     "$(matrix.w.pth)}\n",
     "8:16: $(matrix.w.pth): the axis \"w\" has no column \"pth\"; did you mean \"path\"?"},
    {"UnusedColumn",
     "matrix: {w: {a: {path: /, left: 1}}}\nsteps:\n"
     "  a: {request: $(api.url)$(matrix.w.path)}\n",
     "6:27: nothing uses the column \"left\" of the axis \"w\"; write $(matrix.w.left), or take it "
     "away"},
    {"UnusedAxis", "matrix: {w: [a]}\nsteps:\n  a: {request: $(api.url)}\n",
     "6:10: nothing uses the axis \"w\""},
    {"RecordWithoutAColumn",
     "matrix:\n  w:\n    a: {path: /}\n    b: {}\nsteps:\n"
     "  a: {request: $(api.url)$(matrix.w.path)}\n",
     "9:5: the record \"b\" has no \"path\", which others of the axis \"w\" have; write it, or "
     "give a default"},
    {"VariableInAKey", "steps:\n  a: {request: $(api.url), headers: {$(api.host): x}}\n",
     "7:38: a variable stands in a value, not in a key; a record's column can hold the whole map"},
    {"WhenOfNoCell",
     "matrix: {w: [a]}\nsteps:\n  s: {request: $(api.url)/$(matrix.w)}\n"
     "expect:\n  - {count: s.done, is: 1, when: {w: b}}\n",
     "10:38: the axis \"w\" has no value \"b\"; did you mean \"a\"?"},
    {"NeverWithoutWitness",
     "steps:\n  a: {request: $(api.url)}\nexpect:\n"
     "  - never: api.request\n",
     "9:5: a never holds for an empty journal, so it needs a \"witness\": an event that proves "
     "that the situation arose"},
    {"CountOfNoneWithoutWitness",
     "steps:\n  a: {request: $(api.url)}\nexpect:\n"
     "  - {count: api.request, at_most: 3}\n",
     "9:5: a count that may be 0 holds for an empty journal, so it needs a \"witness\": an event "
     "that proves that the situation arose"},
    {"UnknownEvent",
     "steps:\n  a: {request: $(api.url)}\nexpect:\n"
     "  - {count: api.requests, is: 1}\n",
     "9:13: \"api\" has no event \"requests\"; did you mean \"request\"?"},
    {"UnknownSource",
     "steps:\n  a: {request: $(api.url)}\nexpect:\n"
     "  - {count: apo.request, is: 1}\n",
     "9:13: no actor or step is called \"apo\"; did you mean \"api\"?"},
    {"UnknownFieldOfAnEvent",
     "steps:\n  a: {request: $(api.url)}\nexpect:\n"
     "  - {count: {event: api.request, where: {pth: /}}, is: 1}\n",
     "9:42: the event \"api.request\" has no \"pth\"; did you mean \"path\"?"},
    {"UnknownStepInWhere",
     "steps:\n  call: {request: $(api.url)}\nexpect:\n"
     "  - {count: {event: api.request, where: {step: cal}}, is: 1}\n",
     "9:48: there is no step \"cal\"; did you mean \"call\"?"},
    {"NthOutsideATrigger",
     "steps:\n  a: {request: $(api.url)}\nexpect:\n"
     "  - {count: {event: api.request, nth: 2}, is: 1}\n",
     "9:39: \"nth\" picks one event, so it stands only in triggers, \"ordered\" and \"span\""},
    {"AfterALaterStep",
     "steps:\n  a: {request: $(api.url), after: b}\n"
     "  b: {request: $(api.url)}\n",
     "7:35: \"b\" doesn't come before \"a\": waiting for it would never end"},
    {"RetryWithoutSuccess",
     "steps:\n  a: {request: $(api.url), retry: 1s, expect: "
     "{class: refused}}\n",
     "7:35: \"retry\" stands only where a success is expected: class: ok, exit: 0, or a status "
     "under 400"},
    {"ReservedName", "steps:\n  world: {request: $(api.url)}\n",
     "7:3: \"world\" can't be a step: it is a word of the language"},
    {"NameTwice", "steps:\n  api: {request: $(api.url)}\n",
     "7:3: \"api\" is already a provider; names of hosts, actors and steps all differ"},
    {"NameOfOtherLetters", "steps:\n  A-b: {request: $(api.url)}\n",
     "7:3: \"A-b\" can't be a step; a name is [a-z][a-z0-9_]*, at most 40 long"},
    {"UnknownLimit", "supervisor: {limits: {conect: 1s}}\nsteps:\n  a: {request: $(api.url)}\n",
     "6:23: there is no limit \"conect\"; did you mean \"connect\"?"},
    {"BadPattern", "steps:\n  a: {request: $(api.url), expect: {body: {matches: \"(\"}}}\n",
     "7:53: not a pattern (RE2): missing ): ("},
    {"HostsThatAreNoMap", "hosts: none\nsteps:\n  a: {request: $(api.url)}\n",
     "6:8: \"hosts\" is a map from name to host"},
    {"HostInsideItself",
     "hosts: {a: {inside: b}, b: {inside: a}}\nsteps:\n"
     "  s: {request: $(api.url), from: a}\n",
     "6:21: \"a\" is inside itself"},
    {"CheckerOfALaterVersion",
     "steps:\n  a: {request: $(api.url)}\nexpect:\n"
     "  - {checker: chain_order, middleware: [g]}\n",
     "9:15: the checker \"chain_order\" isn't supported yet"},
    {"PauseWithoutWhy", "steps:\n  a: {pause: 1ms}\n", "7:6: a pause step needs \"why\""},
    {"DecoyWithoutAPort", "decoys: {d: 10.0.0.1}\nsteps:\n  a: {request: $(api.url)}\n",
     "6:13: this must be an address and a port (10.0.0.1:80, \"[::1]:80\")"},
};

INSTANTIATE_TEST_SUITE_P(All, Mistakes, ::testing::ValuesIn(kMistakes),
                         [](const auto& mistake) { return mistake.param.what; });

TEST(Mistakes, InsideAnAliasNameBothPlaces) {
  EXPECT_EQ(complaints("scenario: A claim\n"
                       "reproduces: [NVIDIA/OpenShell#1]\n"
                       "kills: [x]\n"
                       "providers:\n"
                       "  a: &provider\n"
                       "    dialct: plain\n"
                       "  b: *provider\n"
                       "steps:\n"
                       "  s: {request: $(b.url)}\n"),
            "/nowhere/s.yaml:6:5: unknown key \"dialct\" in a provider; did you mean "
            "\"dialect\"?\n"
            "/nowhere/s.yaml:6:5: unknown key \"dialct\" in a provider; did you mean "
            "\"dialect\"? (used at line 7, column 6)\n");
}

TEST(Mistakes, InsideARecordNameBothPlaces) {
  EXPECT_EQ(
      complaints(std::string(kHead) + "matrix:\n"
                                      "  w:\n"
                                      "    a: {want: {staus: 200}}\n"
                                      "steps:\n"
                                      "  s: {request: $(api.url), expect: $(matrix.w.want)}\n"),
      "/nowhere/s.yaml:8:16: a request has no \"staus\"; did you mean \"status\"? (used at "
      "line 10, column 36)\n");
}

TEST(Mistakes, ADialectOfALaterVersionIsNamed) {
  EXPECT_EQ(complaints("scenario: A claim\n"
                       "reproduces: [NVIDIA/OpenShell#1]\n"
                       "kills: [x]\n"
                       "providers: {api: {dialect: ollama}}\n"
                       "steps: {s: {request: $(api.url)}}\n"),
            "/nowhere/s.yaml:4:28: the dialect \"ollama\" isn't supported yet\n");
}

TEST(Mistakes, AllOfAFileAreToldAtOnce) {
  const std::string told = complaints(
      "scenario: A claim\n"
      "kills: [x]\n"
      "steps:\n"
      "  a: {request: ftp://x/}\n"
      "  b: {run: []}\n");
  EXPECT_EQ(told,
            "/nowhere/s.yaml:1:1: a scenario needs \"reproduces\" or \"requirement\"\n"
            "/nowhere/s.yaml:4:16: a URL begins with http://, https:// or $(ACTOR.url)\n"
            "/nowhere/s.yaml:5:12: a command needs at least its name\n");
}

TEST(Mistakes, AreToldOnceForAllCells) {
  EXPECT_EQ(complaints(std::string(kHead) + "matrix: {w: [a, b, c]}\n"
                                            "steps:\n"
                                            "  s: {request: $(api.url)/$(matrix.w), from: boxs}\n"),
            "/nowhere/s.yaml:8:46: there is no host \"boxs\"; did you mean \"box\"?\n");
}

}  // namespace
}  // namespace sallyport::sim::scenario
