#include "reference/linux/host_rules_text.h"

#include <gtest/gtest.h>

namespace sallyport::linux {
namespace {

HostRule rule(std::string name, HostRule::Verdict verdict = HostRule::Verdict::drop) {
  HostRule made;
  made.name = std::move(name);
  made.verdict = verdict;
  return made;
}

std::vector<net::Cidr> networks(std::initializer_list<const char*> texts) {
  std::vector<net::Cidr> all;
  for (const char* const text : texts) all.push_back(*net::Cidr::parse(text));
  return all;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(HostRulesText, AddressesOfOneFamilyAreOneSetAndNetworksStandAlone) {
  HostRule one = rule("one");
  one.from = networks({"10.0.0.2", "10.0.0.1", "192.168.0.0/16"});
  one.port = 80;
  const std::string text = replace_rules({}, {one}, 4501);
  EXPECT_TRUE(has(text,
                  "ip saddr { 10.0.0.1, 10.0.0.2 } meta l4proto { 6, 17 } th dport 80 "
                  "jump rule_one"));
  EXPECT_TRUE(has(text, "ip saddr 192.168.0.0/16 meta l4proto { 6, 17 } th dport 80"));
  EXPECT_FALSE(has(text,
                   "ip6 saddr "
                   "192"));
}

TEST(HostRulesText, ANetworkOfEveryAddressIsItsFamily) {
  HostRule one = rule("one");
  one.to = networks({"0.0.0.0/0"});
  const std::string text = replace_rules({}, {one}, 4501);
  EXPECT_TRUE(has(text, "meta nfproto 2 jump rule_one"));
  EXPECT_FALSE(has(text, "meta nfproto 10"));
}

TEST(HostRulesText, AddressesOfDifferentFamiliesNeverMeet) {
  HostRule one = rule("one");
  one.from = networks({"10.0.0.1"});
  one.to = networks({"fd00::1"});
  EXPECT_FALSE(has(replace_rules({}, {one}, 4501), "jump rule_one"));
}

TEST(HostRulesText, OnlyUsedHooksAreMade) {
  HostRule one = rule("one");
  one.hook = HostRule::Hook::forward;
  const std::string text = replace_rules({}, {one}, 4501);
  EXPECT_TRUE(has(text, "hook forward"));
  EXPECT_FALSE(has(text, "hook input"));
  EXPECT_FALSE(has(text, " lo accept"));
}

TEST(HostRulesText, WhatHasChangedForgetsWhomItTold) {
  const HostRule kept = rule("kept");
  const HostRule gone = rule("gone");
  const HostRule before = rule("changed");
  const HostRule after = rule("changed", HostRule::Verdict::accept);
  const std::string text = replace_rules({kept, gone, before}, {kept, after}, 4501);
  EXPECT_TRUE(has(text, "delete chain inet sallyport_rules rule_gone"));
  EXPECT_TRUE(has(text, "delete set inet sallyport_rules seen4_gone"));
  EXPECT_TRUE(has(text, "flush set inet sallyport_rules seen6_changed"));
  EXPECT_FALSE(has(text, "set inet sallyport_rules seen4_kept\n"));
}

constexpr const char* kListing = R"(table inet sallyport_rules {
  chain rule_one {
    meta l4proto != 6 log prefix "one" group 4501
    reject with icmpx port-unreachable comment "one"
  }

  chain input {
    type filter hook input priority -5; policy accept;
    iif "lo" accept
    ip saddr { 10.0.0.2, 10.0.0.1 } meta l4proto { 17, 6 } th dport 80 jump rule_one comment "one"
  }
}
)";

HostRule listed_rule() {
  HostRule one = rule("one", HostRule::Verdict::reject);
  one.from = networks({"10.0.0.1", "10.0.0.2"});
  one.port = 80;
  return one;
}

TEST(HostRulesText, KnowsAListingWhateverTheOrderOfItsSets) {
  EXPECT_TRUE(lists_rules(kListing, {listed_rule()}));
}

TEST(HostRulesText, AnotherVerdictAddressOrPortIsADifference) {
  HostRule verdict = listed_rule();
  verdict.verdict = HostRule::Verdict::prohibit;
  HostRule address = listed_rule();
  address.from = networks({"10.0.0.1", "10.0.0.3"});
  HostRule port = listed_rule();
  port.port = 81;
  HostRule hook = listed_rule();
  hook.hook = HostRule::Hook::output;
  for (const HostRule& other : {verdict, address, port, hook})
    EXPECT_FALSE(lists_rules(kListing, {other}));
}

TEST(HostRulesText, ARuleTooManyOrTooFewIsADifference) {
  EXPECT_FALSE(lists_rules(kListing, {}));
  EXPECT_FALSE(lists_rules(kListing, {listed_rule(), rule("two")}));
  EXPECT_FALSE(lists_rules("", {listed_rule()}));
  EXPECT_FALSE(lists_rules("chain x {\n{ { comment \"", {listed_rule()}));
}

}  // namespace
}  // namespace sallyport::linux
