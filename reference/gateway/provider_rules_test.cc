#include "reference/gateway/provider_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/gateway/test_records.h"

namespace sallyport::gateway {
namespace {

using testing::HasSubstr;

TEST(ProviderRules, TakesARecordAtEveryLimit) {
  Provider record = provider(std::string(kNameBytesMax, 'n'), std::string(kTypeBytesMax, 't'));
  for (std::size_t i = 1; i < kCredentialsMax; ++i) {
    record.credentials.emplace(std::string(kKeyBytesMax - 2, 'k') + std::to_string(10 + i),
                               base::Secret(std::string(kValueBytesMax, 'v')));
  }
  for (std::size_t i = 0; i < kConfigMax; ++i) record.config.emplace(std::to_string(i), "v");
  EXPECT_EQ(fault(record), std::nullopt);
}

TEST(ProviderRules, RefusesARecordOverAnyLimit) {
  const auto refused = [](auto change) {
    Provider record = provider("p");
    change(record);
    return fault(record).has_value();
  };
  EXPECT_TRUE(refused([](Provider& p) { p.name = std::string(kNameBytesMax + 1, 'n'); }));
  EXPECT_TRUE(refused([](Provider& p) { p.name = " "; }));
  EXPECT_TRUE(refused([](Provider& p) { p.type = std::string(kTypeBytesMax + 1, 't'); }));
  EXPECT_TRUE(refused([](Provider& p) { p.type = ""; }));
  EXPECT_TRUE(refused([](Provider& p) {
    for (std::size_t i = 0; i < kCredentialsMax; ++i) {
      p.credentials.emplace(std::to_string(i), base::Secret("v"));
    }
  }));
  EXPECT_TRUE(refused([](Provider& p) {
    for (std::size_t i = 0; i <= kConfigMax; ++i) p.config.emplace(std::to_string(i), "v");
  }));
  EXPECT_TRUE(refused([](Provider& p) { p.config[std::string(kKeyBytesMax + 1, 'k')] = "v"; }));
  EXPECT_TRUE(refused([](Provider& p) { p.config[""] = "v"; }));
  EXPECT_TRUE(refused([](Provider& p) { p.config["k"] = std::string(kValueBytesMax + 1, 'v'); }));
  EXPECT_TRUE(refused([](Provider& p) { p.endpoints.assign(kEndpointsMax + 1, {"h", 1, ""}); }));
  EXPECT_TRUE(refused([](Provider& p) { p.endpoints = {{"h h", 1, ""}}; }));
  EXPECT_TRUE(refused([](Provider& p) { p.expires_at_ms["OPENAI_API_KEY"] = -1; }));
  EXPECT_TRUE(refused([](Provider& p) { p.expires_at_ms["ELSE"] = 1; }));
}

TEST(ProviderRules, NamesNoValueInAComplaint) {
  Provider record = provider("p");
  const std::string value(kValueBytesMax + 1, 's');
  record.credentials.insert_or_assign("KEY", base::Secret(value));
  EXPECT_THAT(fault(record).value_or(""), testing::Not(HasSubstr("sss")));
}

TEST(ProviderRules, RefusesAnEndpointThatNoSupervisorWouldTake) {
  Provider record = provider("p");
  for (const char* host : {"api.test", "*.api.test", "10.0.0.1", "fd00::1"}) {
    record.endpoints = {{host, 443, ""}};
    EXPECT_EQ(fault(record), std::nullopt) << host;
  }
  for (const char* host : {"*", "*.com", "a..b", "ho$t"}) {
    record.endpoints = {{host, 443, ""}};
    EXPECT_THAT(fault(record).value_or(""), HasSubstr(host)) << host;
  }
}

TEST(ProviderRules, RefusesAValueThatFitsNoHeaderAndDoesNotShowIt) {
  Provider record = provider("p");
  for (const std::string_view value :
       {"hunter2\n", "hun\rter2", "hun\nter2", " hunter2", "hunter2\t", " "}) {
    record.credentials.insert_or_assign("KEY", base::Secret(std::string(value)));
    EXPECT_THAT(fault(record).value_or(""),
                testing::AllOf(HasSubstr("'KEY'"), testing::Not(HasSubstr("hun"))));
  }
  record.credentials.insert_or_assign("KEY", base::Secret(std::string("hun\0ter2", 8)));
  EXPECT_THAT(fault(record).value_or(""), HasSubstr("'KEY'"));
  record.credentials.insert_or_assign("KEY", base::Secret("hunter 2"));
  EXPECT_EQ(fault(record), std::nullopt);
}

TEST(ProviderRules, RefusesABaseUrlThatNoSupervisorCouldUse) {
  Provider record = provider("p");
  record.config["OPENAI_BASE_URL"] = "mock://anything";
  EXPECT_THAT(fault(record).value_or(""), HasSubstr("OPENAI_BASE_URL"));
  record.type = "something-else";
  EXPECT_EQ(fault(record), std::nullopt);
}

TEST(ProviderRules, MergesWhatIsNamedAndLeavesTheRest) {
  Provider record = provider("p");
  record.credentials.emplace("OLD", base::Secret("old"));
  record.config = {{"a", "1"}, {"b", "2"}};
  record.expires_at_ms = {{"OLD", 5}};
  ProviderChange change;
  change.credentials.emplace("OLD", base::Secret());
  change.credentials.emplace("NEW", base::Secret("new"));
  change.config = {{"a", ""}, {"c", "3"}};
  change.expires_at_ms = {{"NEW", 7}};
  const auto next = merged(record, change);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->version, 2U);
  EXPECT_EQ(next->credentials.size(), 2U);
  EXPECT_TRUE(next->credentials.contains("OPENAI_API_KEY"));
  EXPECT_EQ(next->credentials.at("NEW"), base::Secret("new"));
  EXPECT_EQ(next->config, (std::map<std::string, std::string>{{"b", "2"}, {"c", "3"}}));
  EXPECT_EQ(next->expires_at_ms, (std::map<std::string, std::int64_t>{{"NEW", 7}}));
}

TEST(ProviderRules, DeletesAnExpiryThatIsNotPositive) {
  Provider record = provider("p");
  record.expires_at_ms = {{"OPENAI_API_KEY", 5}};
  ProviderChange change;
  change.expires_at_ms = {{"OPENAI_API_KEY", 0}};
  EXPECT_TRUE(merged(record, change)->expires_at_ms.empty());
}

TEST(ProviderRules, RefusesAChangeOfType) {
  ProviderChange change;
  change.type = "anthropic";
  const auto next = merged(provider("p"), change);
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code, rpc::Code::invalid_argument);
  EXPECT_THAT(next.error().message, HasSubstr("type cannot be changed"));
  change.type = " OpenAI ";
  EXPECT_TRUE(merged(provider("p"), change));
}

TEST(ProviderRules, AbortsWhenTheVersionIsAnotherOne) {
  ProviderChange change;
  change.expected_version = 2;
  EXPECT_EQ(merged(provider("p"), change).error().code, rpc::Code::aborted);
  change.expected_version = 1;
  EXPECT_TRUE(merged(provider("p"), change));
}

TEST(ProviderRules, KnowsTheAliasesOfATypeAndItsCase) {
  EXPECT_EQ(normal_type("  OpenAI\n"), "openai");
  for (const char* alias : {"vertex", "Vertex-AI", "google-vertex", "gcp-vertex"}) {
    EXPECT_EQ(normal_type(alias), "google-vertex-ai") << alias;
  }
  EXPECT_EQ(normal_type(" "), "");
}

TEST(CredentialEndpoint, IsHostPortAndPerhapsAPath) {
  for (const std::string text :
       {"api.test:443", "*.api.test:443/v1/**", "[fd00::1]:80", "10.0.0.1:1"}) {
    const auto endpoint = parse_credential_endpoint(text);
    ASSERT_TRUE(endpoint) << text;
    EXPECT_EQ(to_string(*endpoint), text);
  }
  for (const std::string text : {"", "api.test", "api.test:", "api.test:0", "api.test:65536",
                                 ":443", "fd00::1:80", "a b:1", "u@h:1", "h:+1", "/path:1"}) {
    EXPECT_FALSE(parse_credential_endpoint(text)) << text;
  }
}

}  // namespace
}  // namespace sallyport::gateway
