// Which destinations absolute form may have, under the private and the shared rule: the field's
// FWD-1 to FWD-6. A request that may go meets a dialer that reaches nobody: 502.
#include "reference/adapters/forward_fixture.h"

namespace sallyport::adapters {
namespace {

using egress::ForwardRule;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string get(const std::string& url) {
  const std::string authority = url.substr(7, url.find('/', 7) - 7);
  return "GET " + url + " HTTP/1.1\r\nHost: " + authority + "\r\nConnection: close\r\n\r\n";
}

class ForwardRuleTest : public ForwardFixture {
 protected:
  // The status, and whether somebody was dialled, under one rule.
  std::string outcome(ForwardRule rule, const std::shared_ptr<egress::Generation>& generation,
                      const std::string& request) {
    auto next = std::make_shared<egress::Generation>(*generation);
    next->forward = rule;
    install(std::move(next));
    const int before = dialled_;
    answer_ = ask(request);
    return answer_.substr(9, 3) + (dialled_ > before ? " dialled" : "");
  }
  std::string both(const std::shared_ptr<egress::Generation>& generation,
                   const std::string& request) {
    const std::string first = outcome(ForwardRule::private_only, generation, request);
    return first + " / " + outcome(ForwardRule::shared, generation, request);
  }
  std::string answer_;
};

TEST_F(ForwardRuleTest, LetsThroughAPrivateAddressThatAllowedIpsName) {
  const auto generation = allowing("10.1.2.3", 8080, {"10.0.0.0/8"});
  EXPECT_EQ(both(generation, get("http://10.1.2.3:8080/a")), "502 dialled / 502 dialled");
}

TEST_F(ForwardRuleTest, RefusesAPrivateAddressWithoutAllowedIpsUnderThePrivateRule) {
  EXPECT_EQ(both(allowing("10.1.2.3"), get("http://10.1.2.3:8080/a")), "403 / 502 dialled");
  outcome(ForwardRule::private_only, allowing("10.1.2.3"), get("http://10.1.2.3:8080/a"));
  EXPECT_THAT(answer_, AllOf(HasSubstr(R"("error":"ssrf_denied")"), Not(HasSubstr("reason"))));
}

TEST_F(ForwardRuleTest, RefusesHttpsWhateverTheRule) {
  const auto generation = allowing("10.1.2.3", 443, {"10.0.0.0/8"});
  EXPECT_EQ(both(generation, "GET https://10.1.2.3/a HTTP/1.1\r\nHost: 10.1.2.3\r\n\r\n"),
            "400 / 400");
  EXPECT_THAT(answer_, HasSubstr("\r\n\r\nUse CONNECT for HTTPS URLs"));
  EXPECT_THAT(audit_.all.back(), HasSubstr("FORWARD rejected: unsupported scheme https for"));
}

TEST_F(ForwardRuleTest, RefusesOtherSchemesByName) {
  EXPECT_EQ(both(allowing("10.1.2.3", 80), "GET ftp://10.1.2.3/a HTTP/1.1\r\nHost: x\r\n\r\n"),
            "400 / 400");
}

TEST_F(ForwardRuleTest, RefusesAHostThatNoPolicyNames) {
  EXPECT_EQ(both(allowing("10.1.2.3", 8080, {"10.0.0.0/8"}), get("http://10.1.2.4:8080/a?k=v")),
            "403 / 403");
  EXPECT_THAT(answer_, AllOf(HasSubstr("GET 10.1.2.4:8080/a not permitted by policy"),
                             Not(HasSubstr("reason")), Not(HasSubstr("k=v"))));
}

TEST_F(ForwardRuleTest, RefusesAPublicAddressWithinAllowedIpsUnderThePrivateRule) {
  const auto generation = allowing("93.184.216.34", 80, {"93.184.0.0/16"});
  EXPECT_EQ(both(generation, get("http://93.184.216.34/")), "403 / 502 dialled");
}

TEST_F(ForwardRuleTest, TakesOnlyTheThreePrivateNetsForPrivate) {
  for (const char* const address : {"10.255.0.1", "172.16.0.1", "172.31.255.1", "192.168.7.7"}) {
    const auto generation = allowing(address, 80, {address});
    EXPECT_EQ(
        outcome(ForwardRule::private_only, generation, get(std::string("http://") + address + "/")),
        "502 dialled")
        << address;
  }
  for (const char* const address : {"100.64.0.1", "172.32.0.1", "192.0.2.1", "198.18.0.1"}) {
    const auto generation = allowing(address, 80, {address});
    EXPECT_EQ(
        outcome(ForwardRule::private_only, generation, get(std::string("http://") + address + "/")),
        "403")
        << address;
  }
}

TEST_F(ForwardRuleTest, AnswersPolicyLocalItself) {
  EXPECT_EQ(both(allowing("10.1.2.3"), get("http://policy.local/v1/policy/current")), "404 / 404");
  EXPECT_THAT(answer_, AllOf(HasSubstr("feature_disabled"), HasSubstr("Connection: close")));
  EXPECT_EQ(both(allowing("policy.local"), get("http://policy.local:8080/x")), "400 / 400");
  EXPECT_THAT(answer_, HasSubstr("invalid_policy_local_scheme"));
  EXPECT_TRUE(audit_.all.empty());
}

TEST_F(ForwardRuleTest, RefusesAMalformedPlaceholderInATarget) {
  const auto generation = allowing("203.0.113.9", 80);
  EXPECT_EQ(
      outcome(ForwardRule::shared, generation, get("http://203.0.113.9/openshell:resolve:env:/x")),
      "400");
  EXPECT_THAT(answer_, HasSubstr("invalid_credential_placeholder"));
}

TEST_F(ForwardRuleTest, TakesAnEncodedSlashWhereThePathsEndpointPermitsIt) {
  const auto generation = allowing("10.1.2.3");
  policy::Rule& api = generation->policy.network_policies.at("api");
  policy::Endpoint scoped = api.endpoints.front();
  scoped.path = policy::PathScope::parse("/files/**");
  scoped.allow_encoded_slash = true;
  api.endpoints.push_back(std::move(scoped));
  EXPECT_EQ(outcome(ForwardRule::shared, generation, get("http://10.1.2.3:8080/files/a%2fb")),
            "502 dialled");
  EXPECT_EQ(outcome(ForwardRule::shared, generation, get("http://10.1.2.3:8080/a%2Fb")), "400");
  EXPECT_THAT(answer_, HasSubstr("invalid_request_target"));
}

TEST_F(ForwardRuleTest, TellsNoPlaceholderOfATarget) {
  const auto generation = allowing("10.1.2.3");
  ask("");
  outcome(ForwardRule::private_only, generation,
          get("http://10.1.2.3:8080/openshell%3Aresolve:env:v1_KEY/x?k=openshell:resolve:env:K"));
  EXPECT_THAT(answer_, StartsWith("HTTP/1.1 403"));
  outcome(ForwardRule::shared, generation,
          get("http://10.1.2.4:8080/openshell:resolve:env:v1_KEY/x"));
  EXPECT_THAT(answer_, HasSubstr("GET 10.1.2.4:8080/[CREDENTIAL]/x not permitted"));
  for (const audit::Event& event : audit_.events) {
    const std::string path = event.http_request ? event.http_request->path : std::string();
    EXPECT_THAT(event.message + event.status_detail + path, Not(HasSubstr("KEY")));
  }
}

}  // namespace
}  // namespace sallyport::adapters
