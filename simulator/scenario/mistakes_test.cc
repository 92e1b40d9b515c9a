// Every kind of mistake is told where it is, with what to write instead. The mistakes themselves
// stand in testdata/mistakes.yaml, which ci/schema reads too.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "reference/base/yaml.h"
#include "simulator/scenario/load.h"

namespace sallyport::sim::scenario {
namespace {

// What every text begins with, but for keys that it has itself.
constexpr std::string_view kHead[] = {"scenario: A claim", "reproduces: [NVIDIA/OpenShell#1]",
                                      "kills: [x]", "providers: {api: {keys: [k1]}}",
                                      "inference: {provider: api}"};
constexpr std::string_view kMark = "<!>";

struct Mistake {
  std::string name;
  std::string text;  // with a mark at its place
  std::string says;
};

std::string complaints(const std::string& text) {
  return load_text(text, "/nowhere/s.yaml").complaints.to_string();
}

std::string text_of(const base::yaml::Node& node, std::string_view key) {
  for (const base::yaml::Entry& entry : node.entries) {
    if (entry.key == key) return entry.value->text;
  }
  return {};
}

std::vector<Mistake> mistakes() {
  std::ifstream stream("simulator/scenario/testdata/mistakes.yaml");
  std::ostringstream text;
  text << stream.rdbuf();
  base::Diagnostics diagnostics;
  const auto root = base::yaml::parse(text.str(), "mistakes.yaml", diagnostics);
  std::vector<Mistake> all;
  if (!root) return all;
  for (const base::yaml::Entry& entry : root->entries) {
    all.push_back({entry.key, text_of(*entry.value, "text"), text_of(*entry.value, "says")});
  }
  return all;
}

bool has_key(const std::string& text, std::string_view line) {
  const std::string key = std::string(line.substr(0, line.find(':') + 1));
  return text.starts_with(key) || text.starts_with(std::string(kMark) + key) ||
         text.find("\n" + key) != std::string::npos ||
         text.find("\n" + std::string(kMark) + key) != std::string::npos;
}

// The scenario without its mark, and the mark's `LINE:COLUMN`.
std::pair<std::string, std::string> planted(const Mistake& mistake) {
  std::string text;
  for (const std::string_view line : kHead) {
    if (!has_key(mistake.text, line)) text += std::string(line) + "\n";
  }
  text += mistake.text;
  const std::size_t at = text.find(kMark);
  EXPECT_NE(at, std::string::npos);
  text.erase(at, kMark.size());
  const std::string before = text.substr(0, at);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t column = at - (before.rfind('\n') + 1) + 1;
  return {text, std::to_string(line) + ":" + std::to_string(column)};
}

class Mistakes : public ::testing::TestWithParam<Mistake> {};

TEST_P(Mistakes, AreToldWithTheirPlace) {
  const auto [text, place] = planted(GetParam());
  const std::string told = complaints(text);
  std::istringstream lines(told);
  bool found = false;
  for (std::string line; std::getline(lines, line);) {
    found |= line.starts_with("/nowhere/s.yaml:" + place + ": ") &&
             line.find(GetParam().says) != std::string::npos;
  }
  EXPECT_TRUE(found) << place << ": " << GetParam().says << "\nwas told:\n" << told << text;
}

INSTANTIATE_TEST_SUITE_P(All, Mistakes, ::testing::ValuesIn(mistakes()),
                         [](const auto& mistake) { return mistake.param.name; });

TEST(Mistakes, AreManyKinds) { EXPECT_GE(mistakes().size(), 60U); }

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
  EXPECT_EQ(complaints("scenario: A claim\n"
                       "reproduces: [NVIDIA/OpenShell#1]\n"
                       "kills: [x]\n"
                       "providers: {api: {}}\n"
                       "matrix:\n"
                       "  w:\n"
                       "    a: {want: {staus: 200}}\n"
                       "steps:\n"
                       "  s: {request: $(api.url), expect: $(matrix.w.want)}\n"),
            "/nowhere/s.yaml:7:16: a request has no \"staus\"; did you mean \"status\"? (used at "
            "line 9, column 36)\n");
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
  EXPECT_EQ(complaints("scenario: A claim\n"
                       "reproduces: [NVIDIA/OpenShell#1]\n"
                       "kills: [x]\n"
                       "providers: {api: {}}\n"
                       "matrix: {w: [a, b, c]}\n"
                       "steps:\n"
                       "  s: {request: $(api.url)/$(matrix.w), from: boxs}\n"),
            "/nowhere/s.yaml:7:46: there is no host \"boxs\"; did you mean \"box\"?\n");
}

}  // namespace
}  // namespace sallyport::sim::scenario
