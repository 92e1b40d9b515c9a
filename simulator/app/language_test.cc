// What `list`, `schema`, `reference` and `completion` print.
#include "simulator/app/language_commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

namespace sallyport::sim::app {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kFile = "scenarios/tls/verifies_upstream_certificates.yaml";

template <class Command>
std::string printed(Command command) {
  testing::internal::CaptureStdout();
  EXPECT_EQ(command(), 0);
  return testing::internal::GetCapturedStdout();
}

std::string listed(const ListCommand& command) {
  return printed([&] { return list(command); });
}

TEST(List, TellsAsJsonWhatAScenarioSaysOfItself) {
  rapidjson::Document document;
  const std::string text = listed({.paths = {kFile}, .json = true});
  document.Parse(text.c_str());
  ASSERT_FALSE(document.HasParseError()) << text;
  ASSERT_EQ(document["scenarios"].Size(), 1U);
  const rapidjson::Value& one = document["scenarios"][0];
  EXPECT_STREQ(one["path"].GetString(), kFile);
  for (const char* key : {"title", "reproduces", "kills", "tags", "needs", "cells"}) {
    EXPECT_TRUE(one.HasMember(key)) << key;
  }
  ASSERT_GT(one["cells"].Size(), 1U);
  EXPECT_GT(one["cells"][0]["axes"].MemberCount(), 0U);
}

TEST(List, FindsScenariosByWhatTheySay) {
  EXPECT_THAT(listed({.paths = {"scenarios/tls"}, .words = {"CERTIFICATE"}}), HasSubstr(kFile));
  EXPECT_THAT(listed({.paths = {"scenarios/tls"}, .words = {"certificate", "no such word"}}),
              StartsWith("0 scenarios"));
}

TEST(List, FindsScenariosByTag) {
  EXPECT_THAT(listed({.paths = {"scenarios/tls"}, .tags = {"no such tag"}}),
              StartsWith("0 scenarios"));
}

TEST(List, OfAFileThatIsNotThereIsMisuse) {
  EXPECT_EQ(list({.paths = {"scenarios/none.yaml"}}), 2);
}

TEST(Schema, IsPrinted) { EXPECT_THAT(printed(schema), StartsWith("{\n")); }

TEST(Reference, IsPrintedWithItsTables) {
  const std::string page = printed(reference);
  EXPECT_THAT(page, HasSubstr("# Scenario reference\n"));
  EXPECT_THAT(page, HasSubstr("| `scenario` |"));
  EXPECT_THAT(page, Not(HasSubstr("<!-- keys")));
}

TEST(Completion, OffersEverySubcommandOfTheLanguage) {
  const std::string script = printed(completion);
  for (const char* name : {"run", "list", "lint", "plan", "doctor", "schema", "reference"}) {
    EXPECT_THAT(script, HasSubstr(name)) << name;
  }
}

}  // namespace
}  // namespace sallyport::sim::app
