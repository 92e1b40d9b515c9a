#include "reference/egress/judge.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::egress {
namespace {

using Addresses = std::vector<std::string>;

Intent intent_of(const std::string& host, std::uint16_t port, Adapter adapter = Adapter::connect) {
  Intent intent;
  intent.adapter = adapter;
  intent.scheme = "http";
  intent.host = host;
  intent.port = port;
  intent.method = adapter == Adapter::connect ? "CONNECT" : "POST";
  intent.path = "/p";
  return intent;
}

Allow plan(Validation validation, const std::vector<Addresses>& lists = {}) {
  Allow allow;
  allow.policy = "web";
  allow.plan.validation = validation;
  for (const Addresses& list : lists) {
    std::vector<net::Cidr> nets;
    for (const std::string& text : list) nets.push_back(net::Cidr::parse(text).value());
    allow.plan.allowed_ips.push_back(nets);
  }
  return allow;
}

Destination judged(const Intent& intent, const Allow& allow, const Addresses& texts) {
  std::vector<net::IpAddress> addresses;
  for (const std::string& text : texts) addresses.push_back(net::IpAddress::parse(text).value());
  return judge(intent, allow, addresses, 16);
}

// What would be dialled, or the denial's name.
std::string outcome(const Intent& intent, const Allow& allow, const Addresses& texts) {
  const Destination destination = judged(intent, allow, texts);
  if (const Deny* const deny = std::get_if<Deny>(&destination)) {
    return std::string(deny_reason_name(deny->reason));
  }
  std::string text;
  for (const net::Endpoint& endpoint : std::get<Pinned>(destination).endpoints) {
    text += (text.empty() ? "" : " ") + endpoint.to_string();
  }
  return text;
}

TEST(Judge, PinsGlobalAddressesInTheirOrder) {
  for (const Validation validation : {Validation::declared_host, Validation::any_host}) {
    EXPECT_EQ(outcome(intent_of("h.example.com", 443), plan(validation),
                      {"20.0.0.2", "20.0.0.1", "2606:4700::1"}),
              "20.0.0.2:443 20.0.0.1:443 [2606:4700::1]:443");
  }
}

TEST(Judge, RefusesInternalAddressesUnlessTheyAreNamed) {
  for (const char* address : {"10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "198.18.0.1",
                              "203.0.113.1", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1"}) {
    EXPECT_EQ(outcome(intent_of("h.example.com", 443), plan(Validation::declared_host), {address}),
              "declared_endpoint_failed")
        << address;
    EXPECT_EQ(outcome(intent_of("h.example.com", 443), plan(Validation::any_host), {address}),
              "internal_address")
        << address;
  }
}

TEST(Judge, RefusesAlwaysBlockedAddressesUnderEveryRule) {
  for (const char* address :
       {"127.0.0.1", "169.254.169.254", "0.0.0.0", "::1", "fe80::1", "::ffff:127.0.0.1",
        "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "224.0.0.1", "240.0.0.1", "fd00:ec2::254"}) {
    const Intent intent = intent_of("h.example.com", 443);
    EXPECT_EQ(outcome(intent, plan(Validation::declared_host), {address}),
              "declared_endpoint_failed");
    EXPECT_EQ(outcome(intent, plan(Validation::any_host), {address}), "internal_address");
    EXPECT_EQ(outcome(intent, plan(Validation::named_literal), {address}), "allowed_ips_failed");
    // A list that names them can't be loaded; should one exist all the same, it opens nothing.
    EXPECT_EQ(outcome(intent, plan(Validation::allowed_ips, {{"0.0.0.0/0", "::/0"}}), {address}),
              "allowed_ips_failed");
  }
}

TEST(Judge, NeedsEveryAddressToPass) {
  EXPECT_EQ(outcome(intent_of("h.example.com", 443), plan(Validation::any_host),
                    {"20.0.0.1", "10.0.0.1"}),
            "internal_address");
  EXPECT_EQ(outcome(intent_of("h.example.com", 443),
                    plan(Validation::allowed_ips, {{"10.0.0.0/8"}}), {"10.0.0.1", "20.0.0.1"}),
            "allowed_ips_failed");
}

TEST(Judge, OpensWhatAllowedIpsNameAndNothingElse) {
  const Allow allow = plan(Validation::allowed_ips, {{"10.1.0.0/16", "fd00::/8"}});
  const Intent intent = intent_of("h.example.com", 80);
  EXPECT_EQ(outcome(intent, allow, {"10.1.2.3", "fd00::1"}), "10.1.2.3:80 [fd00::1]:80");
  EXPECT_EQ(outcome(intent, allow, {"::ffff:10.1.2.3"}), "10.1.2.3:80");
  EXPECT_EQ(outcome(intent, allow, {"10.2.0.1"}), "allowed_ips_failed");
  EXPECT_EQ(outcome(intent, allow, {"20.0.0.1"}), "allowed_ips_failed");
}

TEST(Judge, NeedsAnAddressToBeInEveryList) {
  const Allow allow = plan(Validation::allowed_ips, {{"10.0.0.0/8"}, {"10.1.0.0/16"}});
  EXPECT_EQ(outcome(intent_of("h.example.com", 80), allow, {"10.1.0.1"}), "10.1.0.1:80");
  EXPECT_EQ(outcome(intent_of("h.example.com", 80), allow, {"10.2.0.1"}), "allowed_ips_failed");
}

TEST(Judge, OpensThePrivateAddressThatAPolicyNamesLiterally) {
  const Allow allow = plan(Validation::named_literal);
  EXPECT_EQ(outcome(intent_of("10.0.0.5", 80), allow, {"10.0.0.5"}), "10.0.0.5:80");
  EXPECT_EQ(outcome(intent_of("fd00::5", 80), allow, {"fd00::5"}), "[fd00::5]:80");
  EXPECT_EQ(outcome(intent_of("10.0.0.5", 80), allow, {"10.0.0.6"}), "allowed_ips_failed");
}

TEST(Judge, RefusesControlPlanePortsUnderEveryRule) {
  for (const std::uint16_t port : {2379, 2380, 6443, 10250, 10255}) {
    EXPECT_EQ(
        outcome(intent_of("h.example.com", port), plan(Validation::declared_host), {"20.0.0.1"}),
        "declared_endpoint_failed");
    EXPECT_EQ(outcome(intent_of("h.example.com", port), plan(Validation::any_host), {"20.0.0.1"}),
              "internal_address");
    EXPECT_EQ(
        outcome(intent_of("203.0.113.10", port), plan(Validation::named_literal), {"203.0.113.10"}),
        "allowed_ips_failed");
    EXPECT_EQ(outcome(intent_of("h.example.com", port),
                      plan(Validation::allowed_ips, {{"10.0.0.0/8"}}), {"10.0.0.1"}),
              "allowed_ips_failed");
  }
}

TEST(Judge, RefusesPortZeroAndTooManyAddresses) {
  EXPECT_EQ(outcome(intent_of("h.example.com", 0), plan(Validation::any_host), {"20.0.0.1"}),
            "internal_address");
  EXPECT_EQ(outcome(intent_of("h.example.com", 80), plan(Validation::any_host),
                    Addresses(17, "20.0.0.1")),
            "internal_address");
}

TEST(Judge, SaysThatANameHasNoAddress) {
  EXPECT_EQ(outcome(intent_of("h.example.com", 80), plan(Validation::any_host), {}),
            "name_not_resolved");
}

TEST(Judge, HoldsAbsoluteFormToPrivateAddressesIfToldTo) {
  Allow allow = plan(Validation::allowed_ips, {{"10.0.0.0/8", "20.0.0.1"}});
  allow.plan.private_only = true;
  EXPECT_EQ(outcome(intent_of("h.example.com", 80), allow, {"10.0.0.1"}), "10.0.0.1:80");
  EXPECT_EQ(outcome(intent_of("h.example.com", 80), allow, {"20.0.0.1"}), "allowed_ips_failed");
  allow.plan.allowed_ips = {{*net::Cidr::parse("10.0.0.0/8"), *net::Cidr::parse("172.16.0.0/12"),
                             *net::Cidr::parse("192.168.0.0/16"),
                             *net::Cidr::parse("100.64.0.0/10"), *net::Cidr::parse("fc00::/7")}};
  for (const char* inside : {"10.255.255.255", "172.31.0.1", "192.168.0.1"}) {
    EXPECT_EQ(outcome(intent_of("h.example.com", 80), allow, {inside}),
              std::string(inside) + ":80");
  }
  EXPECT_EQ(outcome(intent_of("h.example.com", 80), allow, {"::ffff:10.0.0.1"}), "10.0.0.1:80");
  for (const char* outside : {"100.64.0.1", "fd00::1", "172.32.0.1", "172.15.0.1", "11.0.0.1"}) {
    EXPECT_EQ(outcome(intent_of("h.example.com", 80), allow, {outside}), "allowed_ips_failed");
    EXPECT_EQ(outcome(intent_of("h.example.com", 80), allow, {"10.0.0.1", outside}),
              "allowed_ips_failed");
  }
  Allow without = plan(Validation::declared_host);
  without.plan.private_only = true;
  EXPECT_EQ(outcome(intent_of("h.example.com", 80), without, {"20.0.0.1"}), "allowed_ips_failed");
}

TEST(Judge, SaysWhatItFoundToTheEventAndOnlyTheKindToTheClient) {
  const struct {
    Validation validation;
    const char* address;
    const char* detail;
    const char* cause;
  } kRows[] = {
      {Validation::allowed_ips, "20.0.0.1", "allowed_ips check failed",
       "h.example.com resolves to 20.0.0.1 which is not in allowed_ips, connection rejected"},
      {Validation::declared_host, "169.254.169.254", "declared endpoint check failed",
       "h.example.com resolves to always-blocked address 169.254.169.254, connection rejected"},
      {Validation::any_host, "10.0.0.1", "internal address",
       "h.example.com resolves to internal address 10.0.0.1, connection rejected"},
  };
  for (const auto& row : kRows) {
    for (const Adapter adapter : {Adapter::connect, Adapter::forward}) {
      const Intent intent = intent_of("h.example.com", 443, adapter);
      const Destination destination =
          judged(intent, plan(row.validation, {{"10.0.0.0/8"}}), {row.address});
      const Deny& deny = std::get<Deny>(destination);
      EXPECT_EQ(deny.status, 403);
      EXPECT_EQ(deny.error, "ssrf_denied");
      EXPECT_EQ(deny.detail, intent.method + " h.example.com:443 blocked: " + row.detail);
      EXPECT_EQ(deny.cause, row.cause);
      EXPECT_EQ(deny.engine, "ssrf");
      EXPECT_EQ(deny.policy, "web");
    }
  }
}

TEST(RouteAddresses, TrustsLiteralsAndNamesButNotWhatLeadsToLinkLocalOrMetadata) {
  const auto refused = [](const std::string& host, const std::string& address) {
    const std::vector<net::IpAddress> addresses{net::IpAddress::parse("20.0.0.1").value(),
                                                net::IpAddress::parse(address).value()};
    return refuse_route_addresses(host, addresses).has_value();
  };
  for (const char* text : {"127.0.0.1", "10.0.0.1", "::1", "192.168.1.1", "20.0.0.2"}) {
    EXPECT_FALSE(refused("models.internal", text)) << text;
  }
  for (const char* text : {"169.254.1.1", "169.254.169.254", "fe80::1", "::ffff:169.254.169.254",
                           "fd00:ec2::254", "100.100.100.200", "64:ff9b::a9fe:a9fe"}) {
    EXPECT_TRUE(refused("models.internal", text)) << text;
  }
  EXPECT_FALSE(refused("169.254.1.1", "169.254.1.1"));
}

}  // namespace
}  // namespace sallyport::egress
