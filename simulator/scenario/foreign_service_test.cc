// Middleware services that are other programs, as loaded.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "simulator/scenario/load.h"

namespace sallyport::sim::scenario {
namespace {

using middleware::ServiceSpec;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kProgram = "command: [guard, --listen, \"$(guard.address):$(guard.port)\"]";

Loaded load(const std::string& guard, const std::string& rest = {}) {
  return load_text("scenario: A claim\nrequirement: MW-010\nkills: [x]\nmiddleware:\n  guard: {" +
                       guard + "}\n  other: {}\nsteps:\n  call: {request: http://a.test/}\n" + rest,
                   "/nowhere/s.yaml");
}

ServiceSpec service(const std::string& guard) {
  const Loaded out = load(guard);
  EXPECT_EQ(out.complaints.to_string(), "");
  return out.scenario ? out.scenario->cells[0].middleware.at(0) : ServiceSpec{};
}

std::string complaint(const std::string& guard, const std::string& rest = {}) {
  return load(guard, rest).complaints.to_string();
}

std::string complaint_of(const std::string& rest) { return complaint(kProgram, rest); }

TEST(ForeignService, IsItsCommandAndWhatThatFinds) {
  const ServiceSpec spec =
      service(std::string(kProgram) + ", environment: {LEVEL: high}, timeout: 5s");
  EXPECT_THAT(spec.command, ElementsAre("guard", "--listen", "$(guard.address):$(guard.port)"));
  EXPECT_EQ(spec.environment.at("LEVEL"), "high");
  EXPECT_EQ(spec.timeout, std::chrono::seconds(5));
  EXPECT_THAT(service("timeout: 1s").command, IsEmpty());
}

TEST(ForeignService, MustBeToldWhereToListen) {
  EXPECT_THAT(complaint("command: [guard]"), HasSubstr("the program must be told where to listen: "
                                                       "$(guard.address):$(guard.port)"));
  EXPECT_EQ(complaint("command: [guard], listen: 127.0.0.1:9000"), "");
  EXPECT_EQ(complaint("command: [guard, $(guard.url)]"), "");
  EXPECT_EQ(complaint("command: [guard], environment: {PORT: $(guard.port)}"), "");
  EXPECT_THAT(complaint("command: [], listen: 127.0.0.1:9000"),
              HasSubstr("a command needs at least its name"));
}

TEST(ForeignService, HasNothingOfTheScriptedOnes) {
  for (const char* key : {"script: []", "describe: {}", "validate: ok"}) {
    EXPECT_THAT(complaint(std::string(kProgram) + ", " + key),
                HasSubstr("is of the scripted service; \"guard\" is another program"))
        << key;
  }
  EXPECT_THAT(complaint("environment: {A: b}"), HasSubstr("\"environment\" is of a \"command\""));
}

TEST(ForeignService, TellsOfNoCall) {
  const auto counts = [](const std::string& event) {
    return complaint_of("expect: [{count: " + event + ", is: 1}]\n");
  };
  EXPECT_THAT(counts("guard.evaluate"),
              HasSubstr("\"guard\" is another program and tells of no \"evaluate\""));
  EXPECT_THAT(counts("guard.connection"), HasSubstr("tells of no \"connection\""));
  EXPECT_THAT(counts("guard.evaluat"), HasSubstr("has no event"));
  for (const char* event :
       {"guard.ready", "guard.exit", "guard.attempt", "other.evaluate", "middleware.evaluate"})
    EXPECT_EQ(counts(event), "") << event;
}

TEST(ForeignService, LeavesNothingToTellWhereAllAre) {
  const Loaded out =
      load_text("scenario: A claim\nrequirement: MW-010\nkills: [x]\nmiddleware:\n  guard: {" +
                    std::string(kProgram) +
                    "}\nsteps:\n  call: {request: http://a.test/}\n"
                    "expect: [{count: middleware.evaluate, is: 1}]\n",
                "/nowhere/s.yaml");
  EXPECT_THAT(out.complaints.to_string(), HasSubstr("tells of no \"evaluate\""));
}

TEST(ForeignService, HasNoPlaceInAChainThatIsSeen) {
  EXPECT_THAT(complaint_of("expect: [{checker: chain_order, middleware: [other, guard]}]\n"),
              HasSubstr("\"guard\" is another program and tells of no call"));
}

TEST(ForeignService, HasTheFaultsOfAProcessAndOfPackets) {
  for (const char* kind : {"slow", "unavailable", "internal", "malformed"}) {
    EXPECT_THAT(complaint_of(std::string("  broken: {fault: ") + kind + ", target: guard}\n"),
                HasSubstr("is the scripted service's own"))
        << kind;
  }
  for (const char* kind : {"frozen", "refused", "blackhole"})
    EXPECT_EQ(complaint_of(std::string("  broken: {fault: ") + kind + ", target: guard}\n"), "");
  EXPECT_EQ(complaint_of("  broken: {stop: guard, signal: KILL}\n  back: {start: guard}\n"), "");
}

TEST(ForeignService, StaysTheProgramThatItIs) {
  EXPECT_THAT(complaint_of("  change: {middleware: {guard: {command: [other]}}}\n"),
              HasSubstr("\"command\" of a middleware service can't change while it lives"));
  EXPECT_THAT(complaint_of("  change: {middleware: {guard: {script: []}}}\n"),
              HasSubstr("is of the scripted service"));
  EXPECT_EQ(complaint_of("  gone: {middleware: {guard: none}}\n"), "");
}

TEST(ForeignService, IsACommandThatTheScenarioNeeds) {
  const auto needs = [](const Loaded& out) {
    std::vector<std::string> all;
    for (const Need& need : out.scenario->needs) all.push_back(need.name + " " + need.command);
    return all;
  };
  EXPECT_THAT(needs(load(kProgram)), ElementsAre("command guard"));
  EXPECT_THAT(needs(load("command: [../bin/guard], listen: 127.0.0.1:9000")),
              ElementsAre("command /bin/guard"));
  EXPECT_THAT(needs(load("command: [sh, run], listen: 127.0.0.1:9000")), IsEmpty());
}

}  // namespace
}  // namespace sallyport::sim::scenario
