#include "reference/base/yaml.h"

#include <gtest/gtest.h>

#include <array>

namespace sallyport::base::yaml {
namespace {

std::string complaints_of(std::string_view text) {
  Diagnostics complaints;
  static_cast<void>(parse(text, "f.yaml", complaints));
  return complaints.to_string();
}

TEST(Yaml, KeepsTextAsWritten) {
  Diagnostics complaints;
  const NodePtr root = parse("a: 010\nb: yes\nc: '1'\n", "f.yaml", complaints);
  ASSERT_TRUE(root);
  EXPECT_EQ(root->find("a")->text, "010");
  EXPECT_EQ(root->find("b")->text, "yes");
  EXPECT_FALSE(root->find("b")->quoted);
  EXPECT_TRUE(root->find("c")->quoted);
  EXPECT_EQ(root->find("c")->mark, (Mark{3, 4}));
}

TEST(Yaml, RefusesADuplicateKey) {
  EXPECT_EQ(complaints_of("a: 1\nb: 2\na: 3\n"),
            "f.yaml:3:1: \"a\" stands here a second time; a key may be given once\n");
}

TEST(Yaml, RefusesAMergeKey) {
  EXPECT_EQ(complaints_of("x: &x {a: 1}\ny:\n  <<: *x\n"),
            "f.yaml:3:3: merge keys (<<) are not used here; write the keys out, or use include\n");
}

TEST(Yaml, RefusesATag) {
  EXPECT_EQ(complaints_of("a: !!int 3\n"),
            "f.yaml:1:4: tags are not used here; remove tag:yaml.org,2002:int\n");
}

TEST(Yaml, RefusesAKeyWithoutAValue) {
  EXPECT_EQ(complaints_of("a:\nb: 1\n"), "f.yaml:1:1: \"a\" has no value; write {} or none\n");
}

TEST(Yaml, RefusesASecondDocument) {
  EXPECT_NE(complaints_of("a: 1\n---\nb: 2\n").find("a second document"), std::string::npos);
}

TEST(Yaml, RefusesAnAliasInsideItsOwnAnchor) {
  EXPECT_NE(complaints_of("a: &a [1, *a]\n").find("an alias inside its own anchor"),
            std::string::npos);
}

TEST(Yaml, RefusesWhatAliasesMakeTooLarge) {
  std::string text = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n";
  for (int i = 1; i < 8; ++i) {
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) text += "*a" + std::to_string(i - 1) + (j < 9 ? "," : "]\n");
  }
  EXPECT_NE(complaints_of(text).find("over 100000 nodes"), std::string::npos);
}

TEST(Yaml, RefusesDeepNesting) {
  EXPECT_NE(complaints_of(std::string(200, '[')).find("f.yaml:1:"), std::string::npos);
}

TEST(Yaml, NamesBothLinesOfAComplaintInsideAnAlias) {
  Diagnostics complaints;
  const NodePtr root = parse("x: &x {port: many}\ny: *x\n", "f.yaml", complaints);
  ASSERT_TRUE(root);
  MapReader reader(*root->find("y"), "f.yaml", "an endpoint", complaints);
  EXPECT_EQ(reader.integer("port", 7), 7U);
  EXPECT_EQ(
      complaints.to_string(),
      "f.yaml:1:14: \"port\" is an integer (0, 42), not \"many\" (used at line 2, column 4)\n");
}

TEST(MapReader, ComplainsAboutAnUnknownKeyWithTheNearest) {
  Diagnostics complaints;
  const NodePtr root = parse("listne: 1\n", "f.yaml", complaints);
  MapReader reader(*root, "f.yaml", "the configuration", complaints);
  EXPECT_EQ(reader.node("listen"), nullptr);
  reader.finish();
  EXPECT_EQ(complaints.to_string(),
            "f.yaml:1:1: the configuration has no \"listne\"; did you mean \"listen\"?\n");
}

TEST(MapReader, RefusesBareWordsThatYamlGuessesAt) {
  Diagnostics complaints;
  const NodePtr root = parse("name: no\n", "f.yaml", complaints);
  MapReader reader(*root, "f.yaml", "it", complaints);
  EXPECT_EQ(reader.text("name", "x"), "x");
  EXPECT_EQ(complaints.to_string(),
            "f.yaml:1:7: write \"no\" in quotes: bare, YAML takes it for another type\n");
}

TEST(MapReader, ReadsEachFormAndSuggestsWords) {
  Diagnostics complaints;
  const NodePtr root =
      parse("d: 2s\ns: 4KiB\nb: true\nw: alow\nl: [a, b]\none: x\n", "f.yaml", complaints);
  MapReader reader(*root, "f.yaml", "it", complaints);
  EXPECT_EQ(reader.duration("d", {}), std::chrono::seconds(2));
  EXPECT_EQ(reader.size("s", 0), 4096U);
  EXPECT_TRUE(reader.boolean("b", false));
  static constexpr std::array<std::string_view, 2> kWords{"allow", "deny"};
  EXPECT_EQ(reader.word("w", kWords, "deny"), "deny");
  EXPECT_EQ(reader.texts("l"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(reader.texts("one"), (std::vector<std::string>{"x"}));
  EXPECT_EQ(complaints.to_string(),
            "f.yaml:4:4: \"w\" can't be \"alow\"; did you mean \"allow\"?\n");
}

TEST(Yaml, WritesJsonByTheCoreSchema) {
  Diagnostics complaints;
  const NodePtr root =
      parse("{a: 1, b: true, c: '1', d: [null, 1.5, x], e: {}}", "f.yaml", complaints);
  EXPECT_EQ(to_json(*root), R"({"a":1,"b":true,"c":"1","d":[null,1.5,"x"],"e":{}})");
}

TEST(Yaml, EmitsWhatItWouldReadAgain) {
  Diagnostics complaints;
  const std::string text =
      "a: {b: [1, {c: 'no'}, \"x: y\"], d: {}}\ne: $(matrix.x)\nf: \"1\"\ng: [[1, 2], []]\n";
  const NodePtr root = parse(text, "f.yaml", complaints);
  const std::string once = emit(*root);
  const NodePtr again = parse(once, "f.yaml", complaints);
  ASSERT_TRUE(again) << once << complaints.to_string();
  EXPECT_EQ(emit(*again), once);
  EXPECT_EQ(to_json(*again), to_json(*root));
}

TEST(Yaml, SurvivesEveryPrefixOfADocument) {
  const std::string text = "a: &x {b: [1, 'two', \"th\\x41\"], c: *x}\n? [k]\n: v\n--- |\n text\n";
  for (std::size_t length = 0; length <= text.size(); ++length) {
    Diagnostics complaints;
    static_cast<void>(parse(std::string_view(text).substr(0, length), "f.yaml", complaints));
  }
}

}  // namespace
}  // namespace sallyport::base::yaml
