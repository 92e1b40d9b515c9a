#include "reference/policy/binaries.h"

#include <gtest/gtest.h>

#include "reference/policy/engine.h"
#include "reference/policy/loader.h"

namespace sallyport::policy {
namespace {

Policy policy_of(const std::string& binaries) {
  base::Diagnostics complaints;
  auto policy = load_policy_text(
      "version: 1\nnetwork_policies:\n  web:\n    endpoints: [{host: api.example.com, port: 443}]\n"
      "    binaries: " +
          binaries + "\n",
      "p.yaml", complaints);
  EXPECT_TRUE(policy) << complaints.to_string();
  return policy.value_or(Policy());
}

Program program(std::string binary, std::vector<std::string> ancestors = {}) {
  Program one;
  one.binary = std::move(binary);
  one.ancestors = std::move(ancestors);
  return one;
}

TEST(Binaries, NameTheProgramOrOneOfItsAncestors) {
  const struct {
    const char* binaries;
    Program program;
    bool named;
  } kRows[] = {
      {"[{path: /usr/bin/curl}]", program("/usr/bin/curl"), true},
      {"[{path: /usr/bin/curl}]", program("/usr/bin/curl2"), false},
      {"[{path: /usr/bin/curl}]", program("/bin/curl"), false},
      {"[{path: /usr/bin/curl}]", program("/bin/sh", {"/bin/bash", "/usr/bin/curl"}), true},
      {"[{path: /a}, {path: /b}]", program("/b"), true},
      {"[{path: \"/usr/bin/*\"}]", program("/usr/bin/curl"), true},
      {"[{path: \"/usr/bin/*\"}]", program("/usr/bin/x/curl"), false},
      {"[{path: \"/usr/**\"}]", program("/usr/lib/x/curl"), true},
      {"[{path: \"/opt/*\"}]", program("/bin/sh", {"/opt/tool"}), true},
      {"[{path: \"/usr/bin/cur?\"}]", program("/usr/bin/curl"), false},
      {"[{path: \"/usr/bin/cur?\"}]", program("/usr/bin/cur?"), true},
      {"[{path: \"/**\"}]", program("/anything"), true},
      {"[{path: \"/**\"}]", program(""), false},
  };
  for (const auto& row : kRows) {
    const Policy policy = policy_of(row.binaries);
    EXPECT_EQ(names(policy.network_policies.at("web"), &row.program), row.named)
        << row.binaries << " " << row.program.binary;
    EXPECT_EQ(find(policy, &row.program, "api.example.com", 443).allowed, row.named);
  }
}

TEST(Binaries, AreNotAskedWhereProgramsAreNotToldApart) {
  EXPECT_TRUE(find(policy_of("[{path: /usr/bin/curl}]"), nullptr, "api.example.com", 443).allowed);
}

TEST(Binaries, AreNeverGrantedByTheCommandLine) {
  Program one = program("/bin/sh");
  one.cmdline = {"/usr/bin/curl"};
  const Match match = find(policy_of("[{path: /usr/bin/curl}]"), &one, "api.example.com", 443);
  EXPECT_FALSE(match.allowed);
  EXPECT_TRUE(match.endpoint_is_known);
}

TEST(Binaries, ARuleWithoutAnyNamesNobody) {
  const Program one = program("/bin/sh");
  EXPECT_FALSE(names(Rule(), &one));
}

TEST(Binaries, SayWhetherProgramsMustBeKnown) {
  EXPECT_FALSE(tells_programs_apart(policy_of("[{path: \"/**\"}]")));
  EXPECT_FALSE(tells_programs_apart(policy_of("[{path: /a}, {path: \"/**\"}]")));
  EXPECT_TRUE(tells_programs_apart(policy_of("[{path: /usr/bin/curl}]")));
  EXPECT_TRUE(tells_programs_apart(policy_of("[{path: \"/usr/**\"}]")));
  EXPECT_FALSE(tells_programs_apart(Policy()));
}

TEST(Binaries, AreListedOnceEachWithoutPatterns) {
  const Policy policy = policy_of("[{path: /b}, {path: \"/c/*\"}, {path: /a}, {path: /b}]");
  EXPECT_EQ(exact_binaries(policy), (std::vector<std::string>{"/a", "/b"}));
}

TEST(Binaries, AreAddedWhereALinkLeadsTo) {
  const Policy before = policy_of("[{path: /usr/bin/python}, {path: /usr/bin/curl}]");
  const Policy after = with_resolved_binaries(
      before, {{"/usr/bin/python", "/usr/bin/python3.11"}, {"/usr/bin/curl", "/usr/bin/curl"}});
  const Program real = program("/usr/bin/python3.11");
  EXPECT_FALSE(find(before, &real, "api.example.com", 443).allowed);
  EXPECT_TRUE(find(after, &real, "api.example.com", 443).allowed);
  const Program link = program("/usr/bin/python");
  EXPECT_TRUE(find(after, &link, "api.example.com", 443).allowed);
  EXPECT_EQ(after.network_policies.at("web").binaries.size(), 3U);
  EXPECT_EQ(after.revision, before.revision);
}

}  // namespace
}  // namespace sallyport::policy
