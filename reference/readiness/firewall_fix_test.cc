#include "reference/readiness/firewall_fix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/readiness/testing/stage.h"

namespace sallyport::readiness {
namespace {

using ::testing::ElementsAre;
using testing::exited;
using testing::FakeRunner;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::not_run;
using testing::timed_out;

constexpr const char* kActive = "Status: active\n\nTo   Action  From\n";

Setup opted_in() {
  Setup setup;
  setup.auto_fix = true;
  setup.subnet = "172.18.0.0/16";
  setup.gateway = "172.18.0.1";
  setup.port = 8080;
  return setup;
}

struct Fixed {
  FixResult result;
  std::vector<std::string> asked;
};

Fixed fix(const Setup& setup, std::vector<CommandResult> answers) {
  net::testing::TestLoop loop;
  FakeRunner runner(std::move(answers));
  Fixed fixed;
  fixed.result = loop.run(fix_firewall(setup, runner, ms(1000)));
  fixed.asked = runner.asked;
  return fixed;
}

TEST(FirewallFix, RunsExactlyFourCommandsAndOneNarrowRule) {
  const Fixed fixed =
      fix(opted_in(), {exited(""), exited("/usr/sbin/ufw"), exited(kActive), exited("Rule added")});
  EXPECT_EQ(fixed.result.reason, "applied");
  EXPECT_THAT(
      fixed.asked,
      ElementsAre("sudo -n true", "sudo -n which ufw", "sudo -n ufw status",
                  "sudo -n ufw allow from 172.18.0.0/16 to 172.18.0.1 port 8080 proto tcp"));
}

TEST(FirewallFix, RunsNothingUnasked) {
  auto setup = opted_in();
  setup.auto_fix = false;
  const Fixed fixed = fix(setup, {exited("")});
  EXPECT_EQ(fixed.result.reason, "not_opted_in");
  EXPECT_THAT(fixed.asked, IsEmpty());
}

TEST(FirewallFix, RunsNothingWithoutOperands) {
  auto setup = opted_in();
  setup.subnet = "";
  EXPECT_EQ(fix(setup, {exited("")}).result.reason, "no_subnet_or_gateway");
  setup = opted_in();
  setup.gateway = "";
  const Fixed fixed = fix(setup, {exited("")});
  EXPECT_EQ(fixed.result.reason, "no_subnet_or_gateway");
  EXPECT_THAT(fixed.asked, IsEmpty());
}

TEST(FirewallFix, RunsNothingForASubnetThatIsNotNarrow) {
  for (const char* subnet :
       {"0.0.0.0/0", "172.0.0.0/8", "172.18.0.0/15", "172.18.0.1/16", "172.18.0.0/33", "172.18.0.0",
        "172.18.0.0/", "172.18.0.0/16x", "172.18.0.0/ 16", "172.18.0.0/16/16", "172.18.0/16",
        "fd00::/64", "any", "172.18.0.0/-16", "; rm -rf /"}) {
    auto setup = opted_in();
    setup.subnet = subnet;
    const Fixed fixed = fix(setup, {exited("")});
    EXPECT_EQ(fixed.result.reason, "invalid_rule_operand") << subnet;
    EXPECT_THAT(fixed.asked, IsEmpty()) << subnet;
  }
}

TEST(FirewallFix, RunsNothingForAGatewayOutsideOrAPortThatIsNone) {
  for (const char* gateway : {"172.19.0.1", "10.0.0.1", "::1", "gateway", "172.18.0.1 "}) {
    auto setup = opted_in();
    setup.gateway = gateway;
    EXPECT_EQ(fix(setup, {exited("")}).result.reason, "invalid_rule_operand") << gateway;
  }
  for (const std::int64_t port : {0, -1, 65'536, 1'000'000}) {
    auto setup = opted_in();
    setup.port = port;
    const Fixed fixed = fix(setup, {exited("")});
    EXPECT_EQ(fixed.result.reason, "invalid_rule_operand") << port;
    EXPECT_THAT(fixed.asked, IsEmpty()) << port;
  }
}

TEST(FirewallFix, TakesTheWidestAndTheNarrowestSubnet) {
  auto setup = opted_in();
  EXPECT_EQ(invalid_operand(setup), "");
  setup.subnet = "172.18.0.1/32";
  EXPECT_EQ(invalid_operand(setup), "");
  setup.subnet = "172.18.0.0/30";
  setup.port = 65'535;
  EXPECT_EQ(invalid_operand(setup), "");
}

TEST(FirewallFix, StopsWhereSudoAsksForAPassword) {
  const Fixed fixed = fix(opted_in(), {exited("", 1, "sudo: a password is required")});
  EXPECT_EQ(fixed.result.reason, "sudo_unavailable");
  EXPECT_EQ(fixed.asked.size(), 1U);
  EXPECT_EQ(fix(opted_in(), {not_run()}).result.reason, "sudo_unavailable");
  EXPECT_EQ(fix(opted_in(), {timed_out()}).result.reason, "sudo_unavailable");
}

TEST(FirewallFix, StopsWithoutUfwAndWhereItIsInactive) {
  EXPECT_EQ(fix(opted_in(), {exited(""), exited("", 1)}).result.reason, "ufw_missing");
  for (const char* status : {"Status: inactive\n", "", "active\n", "status:\n"}) {
    const Fixed fixed = fix(opted_in(), {exited(""), exited("ufw"), exited(status)});
    EXPECT_EQ(fixed.result.reason, "ufw_inactive") << status;
    EXPECT_EQ(fixed.asked.size(), 3U);
  }
  EXPECT_EQ(fix(opted_in(), {exited(""), exited("ufw"), exited(kActive, 1)}).result.reason,
            "ufw_inactive");
}

TEST(FirewallFix, TellsWhyUfwRefusedOnOneCleanLine) {
  const Fixed fixed = fix(opted_in(), {exited(""), exited("ufw"), exited(kActive),
                                       exited("", 1, "ERROR:\x1b[31m\n" + std::string(500, 'x'))});
  EXPECT_EQ(fixed.result.reason, "ufw_rule_rejected");
  EXPECT_THAT(fixed.result.detail, HasSubstr("ERROR: [31m x"));
  EXPECT_LE(fixed.result.detail.size(), 240U);
}

TEST(FirewallFix, IsSilentOnlyWhereThereIsNothingToOpenOrItWasNotWanted) {
  for (const char* reason : {"not_opted_in", "ufw_missing", "ufw_inactive"})
    EXPECT_TRUE(is_silent(reason)) << reason;
  for (const char* reason : {"no_subnet_or_gateway", "invalid_rule_operand", "sudo_unavailable",
                             "ufw_rule_rejected", "applied"})
    EXPECT_FALSE(is_silent(reason)) << reason;
}

}  // namespace
}  // namespace sallyport::readiness
