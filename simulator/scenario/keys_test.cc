// The tables, and what is made from them.

#include "simulator/scenario/keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <fstream>
#include <set>
#include <sstream>

#include "simulator/scenario/reader.h"
#include "simulator/scenario/reference_page.h"
#include "simulator/scenario/schema.h"

namespace sallyport::sim::scenario {
namespace {

std::string contents(const char* path) {
  std::ifstream stream(path);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

TEST(Keys, AreToldOnceInEachTable) {
  for (const Keys* keys : keys::all()) {
    std::set<std::string_view> seen;
    for (const Key& key : keys->keys) {
      EXPECT_TRUE(seen.insert(key.name).second) << keys->name << "." << key.name;
      EXPECT_FALSE(key.meaning.empty()) << keys->name << "." << key.name;
      EXPECT_FALSE(key.meaning.ends_with('.')) << keys->name << "." << key.name;
    }
  }
}

TEST(Keys, HaveEveryVerbOfTheLanguage) {
  const std::set<std::string_view> known(verbs().begin(), verbs().end());
  const Words tables = keys::verbs();
  EXPECT_EQ(std::set<std::string_view>(tables.begin(), tables.end()), known);
}

TEST(Keys, HaveEveryTopLevelKey) {
  const auto names = keys::scenario().names();
  const auto known = top_level_keys();
  EXPECT_EQ(std::set<std::string_view>(names.begin(), names.end()),
            std::set<std::string_view>(known.begin(), known.end()));
}

TEST(ReaderDeathTest, BreaksOnAKeyThatTheTableLacks) {
  base::Diagnostics diagnostics;
  Complaints complaints(diagnostics);
  Node node;
  node.kind = Node::Kind::map;
  node.file = std::make_shared<const std::string>("a.yaml");
  Reader reader(node, keys::tool(), complaints);
  EXPECT_DEATH((void)reader.text("colour"), "CHECK|known");
  EXPECT_DEATH((void)reader.duration("exit", {}), "CHECK|kinds");
}

TEST(Schema, IsTheOneInDocs) {
  EXPECT_EQ(contents("docs/scenario.schema.json"), json_schema())
      << "run ci/generate, which writes what `sallyport schema` prints";
}

TEST(Schema, IsJsonWhoseReferencesLeadSomewhere) {
  rapidjson::Document schema;
  const std::string text = json_schema();
  schema.Parse(text.c_str());
  ASSERT_FALSE(schema.HasParseError());
  constexpr std::string_view kRef = "\"$ref\": \"#/definitions/";
  for (std::size_t at = text.find(kRef); at != std::string::npos; at = text.find(kRef, at + 1)) {
    const std::size_t begin = at + kRef.size();
    const std::string name = text.substr(begin, text.find('"', begin) - begin);
    EXPECT_TRUE(schema["definitions"].HasMember(name.c_str())) << name;
  }
}

TEST(ReferencePage, IsTheOneInDocs) {
  EXPECT_EQ(contents("docs/scenario-reference.md"), reference_page(reference_prose()).text)
      << "run ci/generate, which writes what `sallyport reference` prints";
}

TEST(ReferencePage, AsksForTablesThatThereAreOnly) {
  EXPECT_THAT(reference_page(reference_prose()).unknown, ::testing::IsEmpty());
  EXPECT_THAT(reference_page("<!-- keys: nothing -->\n").unknown,
              ::testing::ElementsAre("<!-- keys: nothing -->"));
}

TEST(ReferencePage, TellsEveryTable) {
  const std::string prose(reference_prose());
  for (const Keys* keys : keys::all()) {
    const std::set<std::string_view> told{"included", "name_answer", "websocket_bytes", "span"};
    if (told.contains(keys->name)) continue;  // in words
    EXPECT_NE(prose.find("<!-- keys: " + std::string(keys->name) + " -->"), std::string::npos)
        << keys->name;
  }
}

TEST(ReferencePage, TellsEveryFact) {
  const std::string prose(reference_prose());
  for (const SourceType type :
       {SourceType::request, SourceType::run, SourceType::gate, SourceType::control}) {
    for (const Field& fact : facts_of(type)) {
      if (fact.name.empty()) continue;
      EXPECT_NE(prose.find("`" + std::string(fact.name) + "`"), std::string::npos) << fact.name;
    }
  }
}

}  // namespace
}  // namespace sallyport::sim::scenario
