#include "simulator/subject/description.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulator/subject/launch.h"

namespace sallyport::sim::subject {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kLeast = "name: theirs\ncommand: [./theirs]\n";

std::string complaints_of(const std::string& text) {
  base::Diagnostics complaints;
  const auto description = parse_description(text, "theirs.yaml", complaints);
  EXPECT_EQ(description.has_value(), complaints.empty());
  return complaints.to_string();
}

Description parsed(const std::string& text) {
  base::Diagnostics complaints;
  auto description = parse_description(text, "/opt/theirs/theirs.yaml", complaints);
  EXPECT_EQ(complaints.to_string(), "");
  return description.value_or(Description{});
}

TEST(Description, NeedsANameAndACommandAndHasDefaultsForTheRest) {
  const Description least = parsed(kLeast);
  EXPECT_EQ(least.name, "theirs");
  EXPECT_EQ(least.here, "/opt/theirs");
  EXPECT_EQ(least.agent, Description::Agent::given);
  EXPECT_EQ(least.ready.way, Description::Way::line);
  EXPECT_EQ(least.policy, Description::Form::yaml);
  EXPECT_EQ(least.routes, Description::Form::none);
  EXPECT_EQ(least.reload.by, Description::ReloadBy::none);
  EXPECT_FALSE(least.tells_configuration);
  EXPECT_EQ(complaints_of("version: \"1\"\n"),
            "theirs.yaml:1:1: a description needs \"name\"\n"
            "theirs.yaml:1:1: a description needs \"command\"\n");
}

TEST(Description, LacksWhatItDeclaresAndWhatFollowsFromIt) {
  EXPECT_EQ(to_string(parsed(kLeast).lacks),
            "audit, reload_policy, reload_routes, gateway, inference, middleware, credentials, "
            "own_namespace, upstream_proxy, limits, identity, gate");
  const Description full = parsed(
      "name: theirs\ncommand: [./theirs]\nconfig: reference\nroutes: yaml\n"
      "ca: {folder: ca, certificate: ca/ca.pem, environment: ca/agent.env}\n"
      "reload: {signal: HUP}\nevents: fd\nconfiguration: event\nlacks: [websocket]\n");
  EXPECT_EQ(to_string(full.lacks), "websocket, own_namespace, gate");
  const Description maker = parsed(std::string(kLeast) + "agent: made_by_subject\n");
  EXPECT_TRUE(maker.lacks.contains(Ability::given_namespace));
  EXPECT_FALSE(maker.lacks.contains(Ability::own_namespace));
}

TEST(Description, OfTheReferenceIsInTheSameWords) {
  const Description& reference = reference_description();
  SubjectSpec spec;
  spec.binary = "/bin/reference";
  spec.folder = "/run/s";
  spec.sandbox_net_namespace = 7;
  std::string missing;
  const auto argv = fill(reference.command, variables_of(spec, 0), missing);
  ASSERT_TRUE(argv);
  EXPECT_THAT(*argv,
              ElementsAre("/bin/reference", "serve", "--config", "/run/s/config.yaml", "--ready-fd",
                          "10", "--audit-fd", "11", "--sandbox-netns-fd", "12"));
}

TEST(Description, LeavesOutGroupsOfArgumentsWhoseVariablesHaveNoValue) {
  const Description theirs = parsed(
      "name: theirs\ncommand: [./theirs, [--netns, \"${netns_fd}\"], [--slow, \"${slow}\"], -v]\n");
  SubjectSpec spec;
  spec.slow = 4;
  std::string missing;
  EXPECT_THAT(fill(theirs.command, variables_of(spec, 0), missing).value(),
              ElementsAre("./theirs", "--slow", "4", "-v"));
  const Description wants = parsed("name: theirs\ncommand: [./theirs, \"${netns_fd}\"]\n");
  EXPECT_FALSE(fill(wants.command, variables_of(spec, 0), missing));
  EXPECT_EQ(missing, "netns_fd");
}

TEST(Description, FillsVariablesWithinTextsAndKeepsLiteralOnes) {
  std::string missing;
  const Variables variables{{"listen", "10.0.0.1:3128"}};
  EXPECT_EQ(fill("http://${listen}/ $${listen} $5 ${", variables, missing),
            "http://10.0.0.1:3128/ ${listen} $5 ${");
  EXPECT_EQ(fill("${none}", variables, missing), std::nullopt);
}

TEST(Description, IsRefusedWithThePlaceOfEachMistake) {
  const std::string least = kLeast;
  EXPECT_EQ(complaints_of(least + "comand: [x]\n"),
            "theirs.yaml:3:1: a description has no \"comand\"; did you mean \"command\"?\n");
  EXPECT_THAT(complaints_of("name: theirs\ncommand: [./theirs, \"${lisen}\"]\n"),
              HasSubstr("2:21: there is no variable \"lisen\"; did you mean \"listen\"?"));
  EXPECT_THAT(complaints_of("name: theirs\ncommand: [./theirs, \"${listen\"]\n"),
              HasSubstr("has no \"}\""));
  EXPECT_THAT(complaints_of(least + "lacks: [web_socket]\n"),
              HasSubstr("3:9: there is no ability \"web_socket\"; did you mean \"websocket\"?"));
  EXPECT_THAT(complaints_of(least + "ready: {output: \"(\"}\n"), HasSubstr("3:17: not a pattern"));
  EXPECT_THAT(complaints_of(least + "ready: soon\n"), HasSubstr("is line, port, {output"));
  EXPECT_THAT(complaints_of(least + "events: {file: /var/log/x}\n"),
              HasSubstr("a path in the subject's own folder"));
  EXPECT_THAT(complaints_of(least + "events: {file: ../x}\n"), HasSubstr("without \"..\""));
  EXPECT_THAT(complaints_of(least + "holder: line\n"), HasSubstr("has a holder"));
  EXPECT_THAT(complaints_of("name: reference\ncommand: [x]\n"), HasSubstr("isn't \"reference\""));
  EXPECT_THAT(complaints_of("name: x\ncommand: x\n"), HasSubstr("a command is a list"));
  EXPECT_THAT(complaints_of("name: x\ncommand: [[x]]\n"), HasSubstr("can't be left out"));
  EXPECT_THAT(complaints_of("[1]"), HasSubstr("a description is a map"));
}

TEST(Description, SaysHowItsReloadsAreSeenToBeDone) {
  const std::string least = kLeast;
  EXPECT_THAT(complaints_of(least + "reload: {signal: HUP}\n"),
              HasSubstr("without `configuration: event`"));
  EXPECT_THAT(complaints_of(least + "reload: {signal: KILL, done: sent}\n"),
              HasSubstr("a signal is one of"));
  EXPECT_THAT(complaints_of(least + "reload: {signal: HUP, done: exit}\n"),
              HasSubstr("a signal has no exit"));
  EXPECT_THAT(complaints_of(least + "reload: {done: sent}\n"),
              HasSubstr("needs a signal or a command"));
  EXPECT_THAT(complaints_of(least + "configuration: event\n"), HasSubstr("there are no events"));
  const Description by_command = parsed(least + "reload: {command: [./theirs, reload]}\n");
  EXPECT_EQ(by_command.reload.done, Description::ReloadDone::exit);
}

TEST(Forms, APolicyCanBeWrittenAsJson) {
  EXPECT_EQ(as_json("version: 1\nlist: [a, \"1\"]\n"), R"({"version":1,"list":["a","1"]})");
  EXPECT_EQ(as_json("a: ["), std::nullopt);
}

}  // namespace
}  // namespace sallyport::sim::subject
