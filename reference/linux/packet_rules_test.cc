#include "reference/linux/packet_rules.h"

#include <gtest/gtest.h>

namespace sallyport::linux {
namespace {

PacketRule rule_at(const char* listener, PacketRule::Verdict verdict) {
  PacketRule rule;
  rule.listener = *net::Endpoint::parse(listener);
  rule.verdict = verdict;
  return rule;
}

TEST(PacketRules, NameTheListenerAlone) {
  const auto table = packet_table("t", 5, rule_at("10.0.0.1:80", PacketRule::Verdict::refuse)).text;
  EXPECT_NE(table.find("ip daddr 10.0.0.1 tcp dport 80 jump peer4"), std::string::npos) << table;
  EXPECT_EQ(table.find("ip6"), std::string::npos);
  EXPECT_NE(table.find("log group 5"), std::string::npos);
}

TEST(PacketRules, ThatHaveEndedLetEverythingPass) {
  EXPECT_EQ(pass_all(packet_table("t", 5, rule_at("10.0.0.1:80", PacketRule::Verdict::refuse))),
            "insert rule inet t input accept\n");
  EXPECT_EQ(pass_all(packet_table("t", 5, rule_at("10.0.0.1:80", PacketRule::Verdict::blackhole))),
            "insert rule inet t input accept\ninsert rule inet t output accept\n");
}

TEST(PacketRules, ABlackholeAloneLooksAtWhatLeaves) {
  const auto has_output = [](PacketRule::Verdict verdict) {
    const auto table = packet_table("t", 5, rule_at("10.0.0.1:80", verdict)).text;
    return table.find("hook output") != std::string::npos;
  };
  EXPECT_TRUE(has_output(PacketRule::Verdict::blackhole));
  EXPECT_FALSE(has_output(PacketRule::Verdict::refuse));
}

TEST(PacketRules, AListingThatLacksARuleOrHasOneMoreIsNotOurs) {
  const auto table = packet_table("t", 5, rule_at("10.0.0.1:80", PacketRule::Verdict::filter));
  EXPECT_TRUE(lists_all(table.text, table));
  std::string less = table.text;
  less.replace(less.find(rule_comment(1)), rule_comment(1).size(), "gone");
  EXPECT_FALSE(lists_all(less, table));
  EXPECT_FALSE(lists_all(table.text + "drop comment \"rule 1\"", table));
  EXPECT_FALSE(lists_all("", table));
}

}  // namespace
}  // namespace sallyport::linux
