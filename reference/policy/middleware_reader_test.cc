#include "reference/policy/middleware_reader.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <google/protobuf/struct.pb.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>

#include "reference/policy/loader.h"

namespace sallyport::policy {
namespace {

using ::testing::HasSubstr;

struct Loaded {
  std::optional<Policy> policy;
  std::string complaints;
};

Loaded load(const std::string& text) {
  base::Diagnostics complaints;
  Loaded loaded;
  loaded.policy = load_policy_text(text, "p.yaml", complaints);
  loaded.complaints = complaints.to_string();
  EXPECT_EQ(loaded.policy.has_value(), complaints.empty());
  return loaded;
}

// Entries in flow style; the first begins at line 3, its value at column 10.
Loaded load_entries(const std::string& entries) {
  return load("version: 1\nnetwork_middlewares:\n" + entries);
}

Loaded load_one(const std::string& entry) { return load_entries("  guard: {" + entry + "}\n"); }

const std::string kSelector = "endpoints: {include: [\"**\"]}";

TEST(Middlewares, AreReadWithAllTheirMembers) {
  const Loaded loaded = load_one(
      "name: The guard, middleware: openshell/secrets, order: -3, on_error: fail_open, "
      "config: {secrets: redact}, endpoints: {include: [\"*.Example.com\"], exclude: "
      "[a.example.com]}");
  ASSERT_TRUE(loaded.policy) << loaded.complaints;
  const Middleware& one = loaded.policy->network_middlewares.at(0);
  EXPECT_EQ(one.key, "guard");
  EXPECT_EQ(one.name, "The guard");
  EXPECT_EQ(one.implementation, "openshell/secrets");
  EXPECT_EQ(one.order, -3);
  EXPECT_EQ(one.on_error, OnError::fail_open);
  EXPECT_EQ(one.config_json, R"({"secrets":"redact"})");
  ASSERT_TRUE(one.config);
  EXPECT_EQ(one.config->fields().at("secrets").string_value(), "redact");
  const Middleware copy = one;
  EXPECT_EQ(copy.config, one.config);
  EXPECT_TRUE(one.endpoints.matches("b.example.com"));
  EXPECT_FALSE(one.endpoints.matches("a.example.com"));
}

TEST(Middlewares, HaveDefaults) {
  const Loaded loaded = load_one("middleware: local-guard, " + kSelector);
  ASSERT_TRUE(loaded.policy) << loaded.complaints;
  const Middleware& one = loaded.policy->network_middlewares.at(0);
  EXPECT_EQ(one.name, "guard");
  EXPECT_EQ(one.order, 0);
  EXPECT_EQ(one.on_error, OnError::fail_closed);
  EXPECT_EQ(one.config_json, "{}");
}

TEST(Middlewares, StandInTheirOrder) {
  const Loaded loaded = load_entries("  a: {middleware: m, order: 20, " + kSelector +
                                     "}\n  b: {middleware: m, order: 5, " + kSelector +
                                     "}\n  c: {middleware: m, order: 10, " + kSelector + "}\n");
  ASSERT_TRUE(loaded.policy) << loaded.complaints;
  std::string keys;
  for (const Middleware& one : loaded.policy->network_middlewares) keys += one.key;
  EXPECT_EQ(keys, "bca");
}

TEST(Middlewares, MayNameAnImplementationThatNobodyKnows) {
  EXPECT_TRUE(load_one("middleware: openshell/future, config: {x: [1]}, " + kSelector).policy);
}

TEST(Middlewares, AreRefusedEachMistakeWithItsPlace) {
  EXPECT_EQ(load_one(kSelector).complaints,
            "p.yaml:3:10: middleware config 'guard' is invalid: middleware must not be empty\n");
  EXPECT_EQ(load_one("middleware: \"\", " + kSelector).complaints,
            "p.yaml:3:23: middleware config 'guard' is invalid: middleware must not be empty\n");
  EXPECT_EQ(load_one("middleware: m, on_error: maybe, " + kSelector).complaints,
            "p.yaml:3:36: middleware config 'guard' is invalid: invalid on_error 'maybe'\n");
  EXPECT_EQ(load_one("middleware: m").complaints,
            "p.yaml:3:10: middleware config 'guard' is invalid: endpoint selector is required\n");
  EXPECT_EQ(load_one("middleware: m, endpoints: {include: []}").complaints,
            "p.yaml:3:37: middleware config 'guard' is invalid: endpoint selector must include at "
            "least one host pattern\n");
  EXPECT_EQ(load_entries("  \"\": {middleware: m, " + kSelector + "}\n").complaints,
            "p.yaml:3:3: middleware config '' is invalid: name must not be empty\n");
}

TEST(Middlewares, AreRefusedWithBadPatterns) {
  EXPECT_THAT(
      load_one("middleware: m, endpoints: {include: [\"api[.\", a.com], exclude: [\"a..b\"]}")
          .complaints,
      AllOf(HasSubstr("p.yaml:3:48: middleware config 'guard' is invalid: endpoint selector "
                      "pattern 'api[.' is invalid: "),
            HasSubstr("pattern 'a..b' is invalid: ")));
}

TEST(Middlewares, AreRefusedWithTheSameOrder) {
  EXPECT_EQ(load_entries("  b: {middleware: m, endpoints: {include: [b.com]}}\n"
                         "  a: {middleware: m, order: 0, endpoints: {include: [a.com]}}\n")
                .complaints,
            "p.yaml:3:3: middleware configs 'a' and 'b' use duplicate order 0\n");
}

TEST(Middlewares, AreTenAtMost) {
  std::string entries;
  for (int i = 0; i < 10; ++i) {
    entries += fmt::format("  m{}: {{middleware: m, order: {}, {}}}\n", i, i, kSelector);
  }
  EXPECT_TRUE(load_entries(entries).policy);
  entries += "  more: {middleware: m, order: 99, on_error: x, " + kSelector + "}\n";
  EXPECT_THAT(
      load_entries(entries).complaints,
      AllOf(HasSubstr("too many middleware configs (11 > 10)"), HasSubstr("invalid on_error 'x'")));
}

TEST(Middlewares, HaveThirtyTwoPatternsAtMost) {
  std::string include = "a0.com";
  for (int i = 1; i < 31; ++i) include += fmt::format(", a{}.com", i);
  const auto entry = [&include](const std::string& exclude) {
    return "middleware: m, endpoints: {include: [" + include + "], exclude: [" + exclude + "]}";
  };
  EXPECT_TRUE(load_one(entry("b.com")).policy);
  EXPECT_THAT(load_one(entry("b.com, c.com")).complaints,
              HasSubstr("middleware config 'guard' has too many selector patterns (33 > 32)"));
}

Loaded load_with_skip(const std::string& entry, const std::string& host) {
  return load(
      "version: 1\nnetwork_policies:\n  raw:\n    name: Raw\n    endpoints:\n      - {" + host +
      "port: 443, tls: skip}\n    binaries: [{path: \"/**\"}]\nnetwork_middlewares:\n  guard: {" +
      entry + "}\n");
}

TEST(Middlewares, ThatMustSeeEverythingConflictWithTlsSkip) {
  const std::string host = "host: \"*.example.com\", ";
  const std::string selected = "endpoints: {include: [api.example.com]}";
  EXPECT_EQ(
      load_with_skip("middleware: m, " + selected, host).complaints,
      "p.yaml:9:10: middleware config 'guard' selects network policy 'Raw' tls: skip endpoint "
      "'*.example.com'\n");
  EXPECT_FALSE(load_with_skip("middleware: m, on_error: fail_closed, " + selected, host).policy);
  EXPECT_TRUE(load_with_skip("middleware: m, on_error: fail_open, " + selected, host).policy);
  EXPECT_TRUE(load_with_skip("middleware: m, endpoints: {include: [example.org]}", host).policy);
  EXPECT_TRUE(load_with_skip("middleware: m, endpoints: {include: [api.example.com], "
                             "exclude: [\"*.example.com\"]}",
                             host)
                  .policy);
  EXPECT_TRUE(load_with_skip("middleware: m, " + kSelector, "allowed_ips: [10.0.0.1], ").policy);
}

TEST(Middlewares, HaveNoOtherMembers) {
  EXPECT_THAT(load_one("middleware: m, onerror: x, " + kSelector).complaints,
              HasSubstr("has no \"onerror\""));
  EXPECT_THAT(load_one("middleware: m, endpoints: {include: [a.com], hosts: []}").complaints,
              HasSubstr("an endpoint selector has no \"hosts\""));
}

TEST(Middlewares, AreNotAttachedToRulesOrEndpoints) {
  const std::string rule =
      "version: 1\nnetwork_policies:\n  web:\n    binaries: [{path: \"/**\"}]\n";
  EXPECT_THAT(load(rule + "    middleware: [x]\n    endpoints: []\n").complaints,
              HasSubstr("has no \"middleware\""));
  EXPECT_THAT(
      load(rule + "    endpoints: [{host: a.b.com, port: 1, middleware: [x]}]\n").complaints,
      HasSubstr("has no \"middleware\""));
}

TEST(Middlewares, SurviveMapsAndListsInTheWrongPlaces) {
  for (const char* entry :
       {"middleware: [m]", "middleware: m, order: x", "middleware: m, order: 1.5",
        "middleware: m, order: 2147483648", "middleware: m, order: []", "middleware: m, config: []",
        "middleware: m, config: x", "middleware: m, on_error: {}", "middleware: m, endpoints: []",
        "middleware: m, endpoints: {include: x}", "middleware: m, endpoints: {include: [[]]}",
        "middleware: m, endpoints: {include: {}}", "name: [], middleware: m"}) {
    EXPECT_FALSE(load_one(entry).policy) << entry;
  }
  EXPECT_FALSE(load("version: 1\nnetwork_middlewares: [x]\n").policy);
  EXPECT_FALSE(load_entries("  guard: x\n").policy);
  EXPECT_TRUE(load("version: 1\nnetwork_middlewares: {}\n").policy);
}

std::string revision_of(const std::string& entry) {
  const Loaded loaded = load_one(entry + ", " + kSelector);
  return loaded.policy ? loaded.policy->revision : loaded.complaints;
}

TEST(Middlewares, CountForTheRevisionHoweverTheirConfigIsWritten) {
  const std::string one = revision_of("middleware: m, config: {a: 1, b: {c: x, d: y}}");
  EXPECT_EQ(one.size(), 16U);
  EXPECT_EQ(one, revision_of("config: {b: {d: 'y', c: x}, a: 1.0}, middleware: m"));
  EXPECT_NE(one, revision_of("middleware: m, config: {a: 2, b: {c: x, d: y}}"));
  EXPECT_NE(one, revision_of("middleware: m, order: 1, config: {a: 1, b: {c: x, d: y}}"));
  EXPECT_NE(one,
            revision_of("middleware: m, on_error: fail_open, config: {a: 1, b: {c: x, d: y}}"));
}

}  // namespace
}  // namespace sallyport::policy
