#include "reference/relay/credentials.h"

#include "reference/relay/testing/http_fixture.h"

namespace sallyport::relay {
namespace {

using policy::OnError;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

std::string get(std::string_view target, std::string_view fields) {
  return std::string("GET ").append(target) + " HTTP/1.1\r\nHost: a.example:8080\r\n" +
         std::string(fields) + "\r\n";
}

class CredentialsTest : public HttpTest {
 protected:
  // The generation of now gets a store with this value; no tunnel is opened anew.
  void hold(const std::string& value) {
    auto generation = make_generation();
    generation->credentials = store(value);
    install(std::move(generation));
  }
  void refuse(std::string_view request) {
    from_client(request);
    run();
    EXPECT_EQ(sent_up(), "");
    for (const audit::Event& event : audit_.events) {
      EXPECT_THAT(event.message + event.status_detail, Not(HasSubstr("sk-secret")));
    }
  }
  void serve(std::string_view request) {
    answer({std::string(kOk)});
    from_client(request);
    run();
    EXPECT_THAT(sent_down(), StartsWith("HTTP/1.1 200 OK"));
  }
};

TEST_F(CredentialsTest, PutsTheValueInPlaceOfItsPlaceholder) {
  hold("sk-secret");
  serve(get("/v1/models",
            "Authorization: Bearer openshell:resolve:env:v1_KEY\r\n"
            "X-Api-Key: openshell:resolve:env:v1_KEY\r\nX-Other: 1\r\n"));
  EXPECT_THAT(seen_, AllOf(HasSubstr("Authorization: Bearer sk-secret\r\n"),
                           HasSubstr("X-Api-Key: sk-secret\r\n"), HasSubstr("X-Other: 1\r\n"),
                           Not(HasSubstr("openshell:resolve"))));
}

TEST_F(CredentialsTest, LeavesARequestWithoutPlaceholdersAsItIs) {
  hold("sk-secret");
  serve(get("/v1/models", "Authorization: Bearer own\r\n"));
  EXPECT_THAT(seen_, HasSubstr("Authorization: Bearer own\r\n"));
}

TEST_F(CredentialsTest, RefusesACredentialThatIsBoundElsewhere) {
  hold("sk-secret");
  refuse(get("/admin", "Authorization: Bearer openshell:resolve:env:v1_KEY\r\n"));
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 403"),
                                 HasSubstr("credential_endpoint_mismatch"), Not(HasSubstr("KEY"))));
  const audit::Event* const found =
      audit_.finding("openshell.provider_credential.endpoint_mismatch");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->severity, audit::Severity::high);
  EXPECT_THAT(found->finding->description, HasSubstr("credential KEY is not bound to a.example"));
}

TEST_F(CredentialsTest, RefusesAPlaceholderThatNobodyKnows) {
  refuse(get("/v1/models", "Authorization: Bearer openshell:resolve:env:v1_KEY\r\n"));
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 500"), HasSubstr("credential_unavailable")));
}

TEST_F(CredentialsTest, PutsTheValueIntoTheTargetAndTellsNobody) {
  hold("sk-secret");
  serve(get("/v1/openshell%3Aresolve%3Aenv%3Av1_KEY/x?key=openshell:resolve:env:v1_KEY", ""));
  EXPECT_THAT(seen_, StartsWith("GET /v1/sk-secret/x?key=sk-secret HTTP/1.1\r\n"));
  for (const audit::Event& event : audit_.events) {
    const std::string path = event.http_request ? event.http_request->path : std::string();
    EXPECT_THAT(event.message + event.status_detail + path,
                AllOf(Not(HasSubstr("KEY")), Not(HasSubstr("sk-secret"))));
  }
}

TEST_F(CredentialsTest, RefusesATargetWhosePlaceholderNobodyKnows) {
  hold("sk-secret");
  refuse(get("/v1/models?key=openshell:resolve:env:v1_OTHER", ""));
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 500"), HasSubstr("credential_unavailable")));
}

TEST_F(CredentialsTest, RefusesAValueThatWouldMakeAnotherPathOfTheTarget) {
  hold("../sk-secret");
  refuse(get("/v1/openshell:resolve:env:v1_KEY/x", ""));
  EXPECT_THAT(sent_down(), HasSubstr("credential_unavailable"));
}

TEST_F(CredentialsTest, RefusesOneAmongOtherTextOfAField) {
  hold("sk-secret");
  refuse(get("/v1/models", "Cookie: a=openshell:resolve:env:v1_KEY; b=2\r\n"));
  EXPECT_THAT(sent_down(), HasSubstr("credential_unavailable"));
}

TEST_F(CredentialsTest, TakesTheValueOfNowOnAKeptConnection) {
  hold("sk-old");
  answer({std::string(kOk), std::string(kOk)});
  const std::string request = get("/v1/a", "X-Key: openshell:resolve:env:v1_KEY\r\n");
  from_client(request);
  sessions_.spawn(relay_http(services_, grant_, 80, inlet_, upstream_));
  while (seen_.empty()) loop_.poll();
  hold("sk-new");
  from_client(request);
  client_.first->shutdown_write();
  EXPECT_TRUE(loop_.run(sessions_.drain(loop_.in(2000))));
  EXPECT_THAT(seen_, AllOf(HasSubstr("X-Key: sk-old\r\n"), HasSubstr("X-Key: sk-new\r\n")));
}

TEST_F(CredentialsTest, AreLookedUpAfterTheChainAndByTheGenerationOfThatMoment) {
  guard(OnError::fail_closed);
  stage_->act = [this](wire::HttpRequestResult& result) {
    hold("sk-secret");
    result.set_decision(wire::DECISION_ALLOW);
    return rpc::Status();
  };
  serve(get("/v1/models", "X-Key: openshell:resolve:env:v1_KEY\r\n"));
  EXPECT_THAT(seen_, HasSubstr("X-Key: sk-secret\r\n"));
  ASSERT_EQ(stage_->asked.size(), 1U);
  EXPECT_EQ(stage_->asked[0].headers(0).value(), "openshell:resolve:env:v1_KEY");
}

TEST_F(CredentialsTest, RevokedWhileTheChainRanAreRefused) {
  auto generation = make_generation();
  generation->credentials = store("sk-secret");
  add_entry(*generation, "guard", OnError::fail_closed);
  install(std::move(generation));
  open_tunnel();
  stage_->act = [this](wire::HttpRequestResult& result) {
    install(make_generation());
    result.set_decision(wire::DECISION_ALLOW);
    return rpc::Status();
  };
  refuse(get("/v1/models", "X-Key: openshell:resolve:env:v1_KEY\r\n"));
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 500"), HasSubstr("credential_unavailable")));
}

TEST_F(CredentialsTest, AreNotLookedForInBodies) {
  hold("sk-secret");
  serve(
      "POST /v1/a HTTP/1.1\r\nHost: a.example:8080\r\nContent-Length: 28\r\n\r\n"
      "openshell:resolve:env:v1_KEY");
  EXPECT_THAT(seen_, HasSubstr("\r\n\r\nopenshell:resolve:env:v1_KEY"));
}

TEST(PlaceCredentials, RefusesAPlaceholderInAFieldsName) {
  const egress::Generation generation;
  const Placement placed =
      place_credentials(generation, credentials::Endpoint{"a.example", 80, "/"},
                        "GET / HTTP/1.1\r\nOPENSHELL-RESOLVE-ENV-KEY: 1\r\n\r\n", 0);
  EXPECT_EQ(placed.refusal, credentials::Refusal::unavailable);
}

TEST(PlaceCredentials, RefusesAPlaceholderInTheMethod) {
  const egress::Generation generation;
  const Placement placed =
      place_credentials(generation, credentials::Endpoint{"a.example", 80, "/"},
                        "OPENSHELL-RESOLVE-ENV-KEY / HTTP/1.1\r\n\r\n", 0);
  EXPECT_EQ(placed.refusal, credentials::Refusal::unavailable);
}

TEST(PlaceCredentials, BindsAProvidersCredentialWhereThePolicyNamesTheProvider) {
  credentials::Credential one;
  one.key = "KEY";
  one.identity = "i";
  one.provider = "vendor";
  one.value = base::Secret("sk-secret");
  std::vector<credentials::Credential> all;
  all.push_back(std::move(one));
  egress::Generation generation;
  generation.credentials = std::make_shared<credentials::Store>(1, std::move(all));
  policy::Endpoint endpoint;
  endpoint.host = policy::HostPattern::parse("a.example");
  endpoint.ports = {8080};
  endpoint.path = policy::PathScope::parse("/v1/**");
  endpoint.credential_provider = "vendor";
  policy::Rule rule;
  rule.endpoints.push_back(std::move(endpoint));
  generation.policy.network_policies.emplace("api", std::move(rule));
  const std::string_view head = "GET / HTTP/1.1\r\nA: openshell:resolve:env:v1_KEY\r\n\r\n";
  const auto placed = [&](std::uint16_t port, std::string_view path) {
    return place_credentials(generation, credentials::Endpoint{"a.example", port, path}, head, 0);
  };
  EXPECT_THAT(placed(8080, "/v1/a").head.value_or(""), HasSubstr("A: sk-secret\r\n"));
  EXPECT_EQ(placed(8080, "/v2").refusal, credentials::Refusal::endpoint_mismatch);
  EXPECT_EQ(placed(80, "/v1/a").refusal, credentials::Refusal::endpoint_mismatch);
}

class UninspectedTest : public HttpTest {
 protected:
  // A grant for a.example:8080, to which KEY is bound, as an opaque tunnel or not.
  [[nodiscard]] Grant grant(egress::Transport transport, bool permitted) const {
    auto generation = make_generation();
    generation->credentials = store("sk-secret");
    auto& endpoint = generation->policy.network_policies.at("api").endpoints.front();
    endpoint.allow_uninspected_credentials = permitted;
    Grant grant = grant_;
    grant.generation = std::move(generation);
    grant.allow.plan.transport = transport;
    return grant;
  }
};

TEST_F(UninspectedTest, IsAnOpaqueTunnelToWhereACredentialIsBound) {
  EXPECT_TRUE(is_uninspected(grant(egress::Transport::opaque, false)));
  EXPECT_FALSE(is_uninspected(grant(egress::Transport::opaque, true)));
  EXPECT_FALSE(is_uninspected(grant(egress::Transport::inspect, false)));
  Grant other = grant(egress::Transport::opaque, false);
  other.intent.host = "b.example";
  EXPECT_FALSE(is_uninspected(other));
}

TEST(PlaceCredentials, CopiesNothingWhenThereIsNothingToPlace) {
  const egress::Generation generation;
  const Placement placed = place_credentials(
      generation, credentials::Endpoint{"a.example", 80, "/"}, "GET / HTTP/1.1\r\nA: 1\r\n\r\n", 0);
  EXPECT_EQ(placed.refusal, credentials::Refusal::none);
  EXPECT_FALSE(placed.head);
}

}  // namespace
}  // namespace sallyport::relay
