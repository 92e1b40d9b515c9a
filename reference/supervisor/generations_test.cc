#include "reference/supervisor/generations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "reference/credentials/store.h"

namespace sallyport::supervisor {
namespace {

using ::testing::HasSubstr;

class GenerationsTest : public ::testing::Test {
 protected:
  GenerationsTest() {
    std::string pattern = ::testing::TempDir() + "generations.XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    config_.file = folder_ + "/supervisor.yaml";
    config_.policy_file = folder_ + "/policy.yaml";
    put("policy.yaml", "version: 1\n");
  }
  ~GenerationsTest() override { std::filesystem::remove_all(folder_); }
  void put(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name) << text;
  }
  std::shared_ptr<egress::Generation> build() {
    return build_generation(config_, programs_, slow_, environment_, complaints_, warnings_);
  }

  std::string folder_;
  Config config_;
  Programs programs_;
  double slow_ = 1;
  inference::Environment environment_ = [](std::string_view) { return std::nullopt; };
  base::Diagnostics complaints_;
  base::Diagnostics warnings_;
};

TEST_F(GenerationsTest, BuildsFromThePolicyAloneWithoutRoutes) {
  const auto generation = build();
  ASSERT_TRUE(generation) << complaints_.to_string();
  EXPECT_EQ(generation->number, 0U);
  EXPECT_EQ(generation->routes, nullptr);
}

TEST_F(GenerationsTest, HoldsTheCredentialsOfTheirFile) {
  config_.credentials_file = folder_ + "/credentials.yaml";
  put("credentials.yaml",
      "credentials: [{key: KEY, value: sk, endpoints: [{host: a.example, port: 443}]}]\n");
  std::filesystem::permissions(*config_.credentials_file, std::filesystem::perms::owner_read);
  const auto generation = build();
  ASSERT_TRUE(generation) << complaints_.to_string();
  ASSERT_TRUE(generation->credentials);
  EXPECT_TRUE(generation->credentials->environment().contains("KEY"));
}

TEST_F(GenerationsTest, RefusesCredentialsThatOthersMayRead) {
  config_.credentials_file = folder_ + "/credentials.yaml";
  put("credentials.yaml", "credentials: []\n");
  std::filesystem::permissions(*config_.credentials_file, std::filesystem::perms::owner_read |
                                                              std::filesystem::perms::group_read);
  EXPECT_FALSE(build());
  EXPECT_THAT(complaints_.to_string(), HasSubstr("credentials.yaml has mode 0440"));
}

TEST_F(GenerationsTest, RefusesAPolicyForSomeProgramsWhereNoneIsTold) {
  put("policy.yaml",
      "version: 1\nnetwork_policies:\n  web:\n    endpoints: [{host: a.example, port: 443}]\n"
      "    binaries: [{path: /usr/bin/curl}]\n");
  EXPECT_FALSE(build());
  EXPECT_THAT(complaints_.to_string(), HasSubstr("policy.yaml:5:23: rule \"web\" is for some"));
}

TEST_F(GenerationsTest, TakesAPolicyForSomeProgramsWhereTheyAreTold) {
  programs_.told_apart = true;
  put("policy.yaml",
      "version: 1\nnetwork_policies:\n  web:\n    endpoints: [{host: a.example, port: 443}]\n"
      "    binaries: [{path: /nowhere/curl}]\n");
  EXPECT_TRUE(build()) << complaints_.to_string();
}

TEST_F(GenerationsTest, MultipliesTimesBySlow) {
  slow_ = 4;
  config_.limits.connect = std::chrono::seconds(2);
  EXPECT_EQ(build()->limits.connect, std::chrono::seconds(8));
}

TEST_F(GenerationsTest, ComplainsAboutPolicyAndRoutesAtOnce) {
  put("policy.yaml", "version: 7\n");
  put("routes.yaml", "routes: [{name: a}]\n");
  config_.routes_file = folder_ + "/routes.yaml";
  EXPECT_FALSE(build());
  EXPECT_THAT(complaints_.to_string(), HasSubstr("policy.yaml:1:"));
  EXPECT_THAT(complaints_.to_string(), HasSubstr("routes.yaml:1:"));
}

TEST_F(GenerationsTest, ComplainsAboutAnInlinePolicyAtItsPlaceInTheConfig) {
  base::Diagnostics none;
  config_.policy_inline = base::yaml::parse("version: 1\nbogus: 2\n", config_.file, none);
  EXPECT_FALSE(build());
  EXPECT_THAT(complaints_.to_string(), HasSubstr("supervisor.yaml:2:1"));
}

TEST_F(GenerationsTest, ComplainsAboutABuiltInsConfigAtItsPlace) {
  put("policy.yaml",
      "version: 1\n"
      "network_middlewares:\n"
      "  a: {middleware: openshell/secrets, config: {mode: redact}, order: 1,\n"
      "      endpoints: {include: ['*.test']}}\n"
      "  b: {middleware: openshell/regex, config: {mode: deny}, order: 2,\n"
      "      endpoints: {include: ['*.test']}}\n");
  EXPECT_FALSE(build());
  EXPECT_THAT(complaints_.to_string(),
              HasSubstr("policy.yaml:3:46: middleware config 'a' is invalid: invalid "
                        "openshell/secrets config: unknown member mode"));
  EXPECT_THAT(complaints_.to_string(),
              HasSubstr("policy.yaml:5:44: middleware config 'b' is invalid: invalid "
                        "openshell/regex config: unknown mode deny"));
}

TEST_F(GenerationsTest, ComplainsAboutABuiltInThatDoesNotExist) {
  base::Diagnostics none;
  config_.policy_inline = base::yaml::parse(
      "version: 1\n"
      "network_middlewares:\n"
      "  a: {middleware: openshell/secret, on_error: fail_open, endpoints: {include: "
      "['*.test']}}\n",
      config_.file, none);
  EXPECT_FALSE(build());
  EXPECT_THAT(complaints_.to_string(),
              HasSubstr("supervisor.yaml:3:19: middleware config 'a' is invalid: middleware "
                        "'openshell/secret' is not registered"));
}

TEST_F(GenerationsTest, TakesSoundBuiltInsAndNamesThatNobodyHasRegistered) {
  put("policy.yaml",
      "version: 1\n"
      "network_middlewares:\n"
      "  a: {middleware: openshell/secrets, order: 1, endpoints: {include: ['*.test']}}\n"
      "  b: {middleware: openshell/regex, config: {mode: redact}, order: 2,\n"
      "      endpoints: {include: ['*.test']}}\n"
      "  c: {middleware: guard, config: {mode: deny}, order: 3, endpoints: {include: "
      "['*.test']}}\n");
  EXPECT_TRUE(build()) << complaints_.to_string();
}

TEST_F(GenerationsTest, NumbersFromOneAndKeepsTheOldOneForWhoHoldsIt) {
  Generations generations(build());
  const auto first = generations.current();
  EXPECT_EQ(first->number, 1U);
  const auto second = generations.install(build());
  EXPECT_EQ(second->number, 2U);
  EXPECT_EQ(generations.current(), second);
  EXPECT_EQ(first->number, 1U);
}

}  // namespace
}  // namespace sallyport::supervisor
