#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "reference/policy/loader.h"
#include "reference/policy/static_reader.h"

namespace sallyport::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

StaticSections sections_of(const std::string& text) {
  base::Diagnostics complaints;
  const auto policy = load_policy_text("version: 1\n" + text, "p.yaml", complaints);
  EXPECT_TRUE(policy) << complaints.to_string();
  return policy.value_or(Policy()).fixed;
}

std::string complaints_of(const std::string& text) {
  base::Diagnostics complaints;
  EXPECT_FALSE(load_policy_text("version: 1\n" + text, "p.yaml", complaints)) << text;
  return complaints.to_string();
}

TEST(StaticSections, AreRead) {
  const StaticSections fixed = sections_of(
      "filesystem_policy: {include_workdir: false, read_only: [/usr, /], read_write: [/tmp]}\n"
      "landlock: {compatibility: hard_requirement}\n"
      "process: {run_as_user: sandbox, run_as_group: 4294967294}\n");
  EXPECT_FALSE(fixed.filesystem->include_workdir);
  EXPECT_THAT(fixed.filesystem->read_only, ElementsAre("/usr", "/"));
  EXPECT_THAT(fixed.filesystem->read_write, ElementsAre("/tmp"));
  EXPECT_EQ(fixed.landlock, LandlockCompatibility::hard_requirement);
  EXPECT_EQ(fixed.run_as_user, "sandbox");
  EXPECT_EQ(fixed.run_as_group, "4294967294");
}

TEST(StaticSections, MayBeLeftOutOrEmpty) {
  const StaticSections none = sections_of("");
  EXPECT_FALSE(none.filesystem || none.landlock || none.run_as_user || none.run_as_group);
  const StaticSections empty = sections_of("filesystem_policy: {}\nlandlock: {}\nprocess: {}\n");
  EXPECT_FALSE(empty.landlock || empty.run_as_user || empty.run_as_group);
  EXPECT_TRUE(empty.filesystem->include_workdir);
}

TEST(StaticSections, NeverRunAsRootOrAsSomebodyElse) {
  for (const char* id : {"root", "nobody", "0", "4294967295", "-1", "+1", "01", "1.5", "\"\""}) {
    EXPECT_THAT(complaints_of(fmt::format("process: {{run_as_user: {}}}\n", id)),
                HasSubstr("p.yaml:2:24: \"run_as_user\" is \"sandbox\" or a number from 1 to "
                          "4294967294"))
        << id;
    EXPECT_THAT(complaints_of(fmt::format("process: {{run_as_group: {}}}\n", id)),
                HasSubstr("\"run_as_group\""));
  }
  for (const char* id : {"1", "1000", "4294967294", "sandbox"}) {
    EXPECT_EQ(sections_of(fmt::format("process: {{run_as_user: {}}}\n", id)).run_as_user, id);
  }
}

TEST(StaticSections, HaveAbsolutePathsThatDoNotClimb) {
  const auto with = [](const std::string& list, const std::string& path) {
    return complaints_of("filesystem_policy: {" + list + ": [\"" + path + "\"]}\n");
  };
  for (const char* list : {"read_only", "read_write"}) {
    EXPECT_THAT(with(list, "usr"), HasSubstr("is not absolute"));
    EXPECT_THAT(with(list, ""), HasSubstr("is not absolute"));
    EXPECT_THAT(with(list, "/usr/../etc"), HasSubstr("has a `..` in it"));
    EXPECT_THAT(with(list, "/.."), HasSubstr("has a `..` in it"));
    EXPECT_THAT(with(list, "/" + std::string(4096, 'a')), HasSubstr("at most 4096 bytes"));
    EXPECT_THAT(with(list, "/a\\0b"), HasSubstr("NUL"));
  }
  sections_of("filesystem_policy: {read_only: [/a..b/..c, \"/" + std::string(4095, 'a') + "\"]}\n");
}

TEST(StaticSections, NeverMakeEverythingWritable) {
  for (const char* root : {"/", "//", "///"}) {
    EXPECT_THAT(complaints_of(fmt::format("filesystem_policy: {{read_write: [\"{}\"]}}\n", root)),
                HasSubstr("p.yaml:2:34: the whole file system can't be writable"));
  }
}

TEST(StaticSections, NameAtMost256Paths) {
  const auto with = [](int read_only, int read_write) {
    std::string text = "filesystem_policy:\n  read_only:\n";
    for (int i = 0; i < read_only; ++i) text += fmt::format("    - /a{}\n", i);
    text += "  read_write:\n";
    for (int i = 0; i < read_write; ++i) text += fmt::format("    - /b{}\n", i);
    return text;
  };
  sections_of(with(200, 56));
  EXPECT_THAT(complaints_of(with(200, 57)), HasSubstr("names 257 paths, more than 256"));
}

TEST(StaticSections, RefuseWordsAndKeysThatNobodyKnows) {
  EXPECT_THAT(complaints_of("landlock: {compatibility: best-effort}\n"),
              HasSubstr("did you mean \"best_effort\"?"));
  EXPECT_THAT(complaints_of("landlock: {mode: x}\n"), HasSubstr("has no \"mode\""));
  EXPECT_THAT(complaints_of("process: {user: sandbox}\n"), HasSubstr("has no \"user\""));
  EXPECT_THAT(complaints_of("filesystem_policy: {readonly: []}\n"),
              HasSubstr("did you mean \"read_only\"?"));
  EXPECT_THAT(complaints_of("filesystem_policy: []\n"), HasSubstr("map"));
  EXPECT_THAT(complaints_of("filesystem_policy: {read_only: /usr}\n"), HasSubstr("list"));
}

}  // namespace
}  // namespace sallyport::policy
