#include "reference/supervisor/programs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "reference/policy/binaries.h"
#include "reference/policy/loader.h"

namespace sallyport::supervisor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kForCurl = R"(version: 1
network_policies:
  web:
    endpoints: [{host: a.example, port: 443}]
    binaries: [{path: /bin/curl}]
)";
constexpr std::string_view kForAny = R"(version: 1
network_policies:
  web:
    endpoints: [{host: a.example, port: 443}]
    binaries: [{path: /bin/curl}, {path: /**}]
)";

ServeFlags with_sandbox(int netns, int pid) {
  ServeFlags flags;
  flags.sandbox_netns_fd = netns;
  flags.sandbox_pid = pid;
  return flags;
}

policy::Policy loaded(std::string_view text) {
  base::Diagnostics complaints;
  auto policy = policy::load_policy_text(text, "policy.yaml", complaints);
  EXPECT_TRUE(policy) << complaints.to_string();
  return policy ? *policy : policy::Policy();
}

std::string judged(std::string_view text, const Programs& programs) {
  base::Diagnostics complaints;
  const auto document = base::yaml::parse(text, "policy.yaml", complaints);
  judge_binaries(*document, "policy.yaml", programs, complaints);
  return complaints.to_string();
}

TEST(Programs, AreToldApartWithASandboxUnlessForgone) {
  EXPECT_TRUE(programs_of(IdentityRule::by_sandbox, with_sandbox(3, -1)).told_apart);
  EXPECT_TRUE(programs_of(IdentityRule::by_sandbox, with_sandbox(-1, 7)).told_apart);
  EXPECT_FALSE(programs_of(IdentityRule::by_sandbox, with_sandbox(-1, -1)).told_apart);
  EXPECT_FALSE(programs_of(IdentityRule::endpoints_only, with_sandbox(3, 7)).told_apart);
  EXPECT_TRUE(programs_of(IdentityRule::required, with_sandbox(-1, -1)).told_apart);
}

TEST(Programs, LiveInTheSandboxsRoot) {
  EXPECT_EQ(programs_of(IdentityRule::by_sandbox, with_sandbox(3, 7)).root, "/proc/7/root");
  EXPECT_EQ(programs_of(IdentityRule::by_sandbox, with_sandbox(3, -1)).root, "");
}

TEST(Programs, NobodyCanTellMayNotBeNamed) {
  const Programs nobody = programs_of(IdentityRule::by_sandbox, with_sandbox(-1, -1));
  EXPECT_THAT(judged(kForCurl, nobody),
              HasSubstr("policy.yaml:5:23: rule \"web\" is for some programs only, and programs "
                        "can't be told apart without a sandbox"));
  EXPECT_EQ(judged(kForAny, nobody), "");
}

TEST(Programs, MayBeNamedWhereTheyAreToldOrForgone) {
  EXPECT_EQ(judged(kForCurl, programs_of(IdentityRule::required, {})), "");
  EXPECT_EQ(judged(kForCurl, programs_of(IdentityRule::endpoints_only, {})), "");
}

TEST(Programs, OfAGatewaysPolicyAreJudgedTheSame) {
  policy::Policy policy = loaded(kForCurl);
  EXPECT_THAT(adopt_policy(programs_of(IdentityRule::by_sandbox, {}), policy),
              HasSubstr("the policy is for some programs only"));
  EXPECT_EQ(adopt_policy(programs_of(IdentityRule::endpoints_only, {}), policy), "");
  EXPECT_EQ(policy.network_policies.at("web").binaries.size(), 1U);
}

TEST(Programs, AreAlsoNamedByWhatTheirPathsLinkTo) {
  std::string pattern = ::testing::TempDir() + "programs.XXXXXX";
  const std::string root = ::mkdtemp(pattern.data());
  std::filesystem::create_directories(root + "/usr/bin");
  std::filesystem::create_symlink("usr/bin", root + "/bin");
  std::ofstream(root + "/usr/bin/curl") << "";
  Programs programs = programs_of(IdentityRule::required, {});
  programs.root = root;
  policy::Policy policy = loaded(kForCurl);
  EXPECT_EQ(adopt_policy(programs, policy), "");
  EXPECT_THAT(policy::exact_binaries(policy), ElementsAre("/bin/curl", "/usr/bin/curl"));
  std::filesystem::remove_all(root);
}

TEST(Programs, AreLookedUpInTheNamespaceOfTheirPid) {
  const ServeFlags flags = with_sandbox(-1, ::getpid());
  const auto opened = open_identities(programs_of(IdentityRule::by_sandbox, flags), flags);
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_NE(*opened, nullptr);
}

TEST(Programs, AreNotLookedUpWhereTheyAreForgone) {
  const ServeFlags flags = with_sandbox(-1, ::getpid());
  const auto opened = open_identities(programs_of(IdentityRule::endpoints_only, flags), flags);
  ASSERT_TRUE(opened);
  EXPECT_EQ(*opened, nullptr);
}

}  // namespace
}  // namespace sallyport::supervisor
