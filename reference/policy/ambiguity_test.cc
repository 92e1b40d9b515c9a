#include "reference/policy/ambiguity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/policy/loader.h"
#include "reference/policy/overlap.h"

namespace sallyport::policy {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Two rules of one endpoint each, for different programs.
std::vector<std::string> between(const std::string& one, const std::string& two) {
  base::Diagnostics complaints;
  const auto policy = load_policy_text(
      "version: 1\nnetwork_policies:\n"
      "  a: {endpoints: [{" +
          one +
          "}], binaries: [{path: /a}]}\n"
          "  b: {endpoints: [{" +
          two + "}], binaries: [{path: /b}]}\n",
      "p.yaml", complaints);
  EXPECT_TRUE(policy) << complaints.to_string();
  return ambiguities(policy.value_or(Policy()));
}

TEST(Ambiguity, OfConnectionsIsFoundWhereverHostsAndPortsMeet) {
  const struct {
    const char* one;
    const char* two;
    const char* field;
  } kRows[] = {
      {"host: a.example.com, port: 443, tls: skip", "host: \"*.example.com\", port: 443",
       "tls=skip vs auto"},
      {"host: a.example.com, port: 443", "host: a.example.com, ports: [80, 443], tls: skip",
       "on port(s) 443 and disagree: tls=auto vs skip"},
      {"host: a.example.com, port: 443, allowed_ips: [10.0.0.0/8]",
       "host: a.example.com, port: 443, allowed_ips: [10.1.0.0/16]", "allowed_ips="},
      {"host: a.example.com, port: 443", "port: 443, allowed_ips: [10.1.0.0/16]", "<any-host>"},
      {"host: a.example.com, port: 443, protocol: rest, access: full",
       "host: a.example.com, port: 443, protocol: websocket, access: full",
       "protocol=rest vs websocket"},
      {"host: a.example.com, port: 443, protocol: rest, access: full",
       "host: a.example.com, port: 443, protocol: rest, access: full, enforcement: enforce",
       "enforcement=audit vs enforce"},
      {"host: a.example.com, port: 443, protocol: rest, access: full, path: \"/v1/**\"",
       "host: a.example.com, port: 443, protocol: rest, access: full, path: \"/v*1/\", "
       "allow_encoded_slash: true",
       "allow_encoded_slash=false vs true"},
      {"host: a.example.com, port: 443, credential_binding: {provider: x}",
       "host: a.example.com, port: 443, credential_binding: {provider: z}",
       "credential_binding.provider=x vs z"},
  };
  for (const auto& row : kRows) {
    const auto found = between(row.one, row.two);
    ASSERT_THAT(found, SizeIs(1)) << row.one;
    EXPECT_THAT(found[0], AllOf(HasSubstr("network endpoint ambiguity validation failed: 'a'"),
                                HasSubstr(row.field)));
    EXPECT_THAT(between(row.two, row.one), SizeIs(1));
  }
}

TEST(Ambiguity, IsNoneWhereTheyDoNotMeetOrAgree) {
  const struct {
    const char* one;
    const char* two;
  } kRows[] = {
      {"host: a.example.com, port: 80, tls: skip", "host: a.example.com, port: 443"},
      {"host: a.example.com, port: 443, tls: skip", "host: b.example.com, port: 443"},
      {"host: a.example.com, port: 443, tls: skip", "host: \"*.example.org\", port: 443"},
      {"host: a.b.example.com, port: 443, tls: skip", "host: \"*.example.com\", port: 443"},
      {"host: 10.0.0.1, port: 443, tls: skip", "host: \"*.0.0.1\", port: 443"},
      {"host: a.example.com, port: 443",
       "host: a.example.com, port: 443, protocol: rest, access: full, enforcement: enforce"},
      {"host: a.example.com, port: 443, protocol: rest, access: full, path: /a",
       "host: a.example.com, port: 443, protocol: websocket, access: full, path: /b"},
      {"host: a.example.com, port: 443, protocol: rest, access: full",
       "host: a.example.com, port: 443, protocol: websocket, access: full, path: \"/ws/**\""},
      {"host: a.example.com, port: 443, protocol: rest, access: full",
       "host: a.example.com, port: 443, protocol: rest, access: read-only"},
      {"host: a.example.com, port: 443, allowed_ips: [10.0.0.1, 10.0.0.2]",
       "host: a.example.com, port: 443, allowed_ips: [10.0.0.2/32, 10.0.0.1]"},
  };
  for (const auto& row : kRows) {
    EXPECT_THAT(between(row.one, row.two), IsEmpty()) << row.one << "\n" << row.two;
  }
}

TEST(Ambiguity, NamesBothEndpoints) {
  EXPECT_THAT(
      between("host: a.example.com, port: 443, tls: skip", "host: \"*.example.com\", port: 443"),
      ElementsAre("network endpoint ambiguity validation failed: 'a' endpoint[0] "
                  "(a.example.com:443) and 'b' endpoint[0] (*.example.com:443) overlap on "
                  "port(s) 443 and disagree: tls=skip vs auto"));
}

TEST(Ambiguity, IsToldAFewTimesOnly) {
  std::string text = "version: 1\nnetwork_policies:\n  a:\n    endpoints:\n";
  for (int i = 0; i < 20; ++i) {
    text +=
        "      - {host: a.example.com, port: 1, allowed_ips: [10.0.0." + std::to_string(i) + "]}\n";
  }
  base::Diagnostics complaints;
  const auto policy = load_policy_text(text + "    binaries: [{path: \"/**\"}]\n", "p", complaints);
  ASSERT_TRUE(policy) << complaints.to_string();
  EXPECT_THAT(ambiguities(*policy), SizeIs(kAmbiguitiesMax));
}

TEST(Overlap, OfHostPatternsIsFoundLabelByLabel) {
  const struct {
    const char* one;
    const char* two;
    bool overlap;
  } kRows[] = {
      {"*.example.com", "api-*.example.com", true},
      {"*.example.com", "**.example.com", true},
      {"**.example.com", "**.b.example.com", true},
      {"*.b.example.com", "**.example.com", true},
      {"*.example.com", "**.b.example.com", false},
      {"a.*.example.com", "*.b.example.com", true},
      {"a.*.example.com", "c.*.example.com", false},
      {"api-*.example.com", "*-x.example.com", true},
      {"api-*.example.com", "web-*.example.com", false},
      {"*.example.com", "*.example.org", false},
  };
  for (const auto& row : kRows) {
    const auto one = HostPattern::parse(row.one);
    const auto two = HostPattern::parse(row.two);
    ASSERT_TRUE(one && two);
    EXPECT_EQ(one->overlaps(*two), row.overlap) << row.one << " " << row.two;
    EXPECT_EQ(two->overlaps(*one), row.overlap) << row.two << " " << row.one;
  }
}

TEST(Overlap, OfStarsIsATextInCommon) {
  EXPECT_TRUE(stars_overlap("", ""));
  EXPECT_TRUE(stars_overlap("*", ""));
  EXPECT_TRUE(stars_overlap("a*c", "*b*"));
  EXPECT_TRUE(stars_overlap("a?c", "ab*"));
  EXPECT_FALSE(stars_overlap("a*", "b*"));
  EXPECT_FALSE(stars_overlap("a", "ab"));
  EXPECT_FALSE(stars_overlap("?", ""));
}

}  // namespace
}  // namespace sallyport::policy
