#include <gtest/gtest.h>

#include <string>

#include "reference/egress/egress.h"
#include "reference/policy/loader.h"

namespace sallyport::egress {
namespace {

Generation generation_of(const std::string& endpoints) {
  base::Diagnostics complaints;
  const auto policy =
      policy::load_policy_text("version: 1\nnetwork_policies:\n  web:\n    endpoints:\n" +
                                   endpoints + "    binaries: [{path: \"/**\"}]\n",
                               "p.yaml", complaints);
  EXPECT_TRUE(complaints.empty()) << complaints.to_string();
  Generation generation;
  generation.number = 7;
  generation.policy = policy.value_or(policy::Policy());
  return generation;
}

Intent connect(const std::string& host, std::uint16_t port) {
  Intent intent;
  intent.host = host;
  intent.port = port;
  intent.method = "CONNECT";
  return intent;
}

Intent forward(const std::string& host, std::uint16_t port, const std::string& scheme = "http") {
  Intent intent = connect(host, port);
  intent.adapter = Adapter::forward;
  intent.scheme = scheme;
  intent.method = "GET";
  intent.path = "/x";
  return intent;
}

Deny denied(const Decision& decision) {
  const Deny* const deny = std::get_if<Deny>(&decision);
  EXPECT_NE(deny, nullptr);
  return deny == nullptr ? Deny() : *deny;
}

Allow allowed(const Decision& decision) {
  const Allow* const allow = std::get_if<Allow>(&decision);
  EXPECT_NE(allow, nullptr);
  return allow == nullptr ? Allow() : *allow;
}

Decision decide(const Intent& intent, const Generation& generation) {
  return authorize(intent, Identity(), generation);
}

constexpr const char* kWeb = "      - {host: api.example.com, ports: [80, 443]}\n";

TEST(Authorize, DeniesByDefault) {
  const Deny deny = denied(decide(connect("api.openai.com", 443), Generation()));
  EXPECT_EQ(deny.reason, DenyReason::no_policies);
  EXPECT_EQ(deny.status, 403);
  EXPECT_EQ(deny.error, "policy_denied");
  EXPECT_EQ(deny.detail, "CONNECT api.openai.com:443 not permitted by policy");
  EXPECT_EQ(deny.client_reason, "network connections not allowed by policy");
  EXPECT_EQ(deny.engine, "opa");
}

TEST(Authorize, DeniesAnUnlistedEndpointWithAReason) {
  const Deny deny = denied(decide(connect("api.openai.com", 443), generation_of(kWeb)));
  EXPECT_EQ(deny.reason, DenyReason::endpoint_not_allowed);
  EXPECT_EQ(deny.client_reason, "endpoint api.openai.com:443 is not allowed by any policy");
  EXPECT_EQ(deny.cause, deny.client_reason);
}

TEST(Authorize, DeniesAForwardRequestWithoutAReasonMember) {
  const Deny deny = denied(decide(forward("api.openai.com", 80), generation_of(kWeb)));
  EXPECT_EQ(deny.detail, "GET api.openai.com:80/x not permitted by policy");
  EXPECT_EQ(deny.client_reason, "");
  EXPECT_EQ(deny.cause, "endpoint api.openai.com:80 is not allowed by any policy");
}

TEST(Authorize, AllowsAListedEndpointAndPinsTheGeneration) {
  const Allow allow = allowed(decide(connect("api.example.com", 443), generation_of(kWeb)));
  EXPECT_EQ(allow.policy, "web");
  EXPECT_EQ(allow.generation, 7U);
  EXPECT_EQ(allow.plan.transport, Transport::inspect);
  EXPECT_EQ(allow.plan.validation, Validation::declared_host);
  EXPECT_FALSE(allow.plan.must_inspect);
}

TEST(Authorize, GivesBothAdaptersTheSameDecision) {
  const Generation generation = generation_of(
      "      - {host: api.example.com, ports: [80, 443]}\n"
      "      - {host: \"*.lab.example.com\", port: 80, allowed_ips: [10.1.0.0/16]}\n"
      "      - {host: 10.0.0.5, port: 80}\n"
      "      - {host: 127.0.0.1, port: 80}\n");
  for (const char* host :
       {"api.example.com", "a.lab.example.com", "10.0.0.5", "127.0.0.1", "example.com", "::1"}) {
    for (const std::uint16_t port : {80, 443, 8080}) {
      const Decision one = decide(connect(host, port), generation);
      const Decision two = decide(forward(host, port), generation);
      ASSERT_EQ(one.index(), two.index()) << host << port;
      if (const Allow* const allow = std::get_if<Allow>(&one)) {
        const Allow& other = std::get<Allow>(two);
        EXPECT_EQ(allow->policy, other.policy);
        EXPECT_EQ(allow->plan.validation, other.plan.validation);
        EXPECT_EQ(allow->plan.allowed_ips.size(), other.plan.allowed_ips.size());
      } else {
        EXPECT_EQ(std::get<Deny>(one).reason, std::get<Deny>(two).reason);
      }
    }
  }
}

TEST(Authorize, TakesTheVirtualHostByConnectAt443Only) {
  for (const char* host : {"inference.local", "INFERENCE.local"}) {
    const Allow allow = allowed(decide(connect(host, 443), Generation()));
    EXPECT_EQ(allow.plan.transport, Transport::inference);
  }
  EXPECT_EQ(denied(decide(connect("inference.local", 8443), generation_of(kWeb))).client_reason,
            "endpoint inference.local:8443 is not allowed by any policy");
  for (const std::uint16_t port : {80, 443}) {
    EXPECT_EQ(denied(decide(forward("inference.local", port), generation_of(kWeb))).reason,
              DenyReason::endpoint_not_allowed);
  }
  denied(decide(connect("inference.local.", 443), generation_of(kWeb)));
  denied(decide(connect("a.inference.local", 443), generation_of(kWeb)));
}

TEST(Authorize, NeverMakesAReservedNameAnUpstreamWhateverThePolicySays) {
  const Generation generation = generation_of(
      "      - {host: inference.local, ports: [80, 443, 8443]}\n"
      "      - {host: policy.local, ports: [80]}\n"
      "      - {ports: [80, 8443], allowed_ips: [10.0.0.0/8]}\n");
  EXPECT_EQ(denied(decide(connect("inference.local", 8443), generation)).reason,
            DenyReason::endpoint_not_allowed);
  EXPECT_EQ(denied(decide(forward("inference.local", 80), generation)).reason,
            DenyReason::endpoint_not_allowed);
  EXPECT_EQ(denied(decide(forward("policy.local", 80), generation)).reason,
            DenyReason::endpoint_not_allowed);
  EXPECT_EQ(allowed(decide(connect("inference.local", 443), generation)).plan.transport,
            Transport::inference);
}

TEST(Authorize, RefusesOtherSchemesBeforeAskingThePolicy) {
  const Deny https = denied(decide(forward("api.example.com", 443, "https"), Generation()));
  EXPECT_EQ(https.status, 400);
  EXPECT_EQ(https.error, "");
  EXPECT_EQ(https.detail, "Use CONNECT for HTTPS URLs");
  const Deny ftp = denied(decide(forward("api.example.com", 21, "ftp"), generation_of(kWeb)));
  EXPECT_EQ(ftp.status, 400);
  EXPECT_EQ(ftp.error, "unsupported_proxy_scheme");
  EXPECT_EQ(ftp.detail, "Forward proxy requests must use http");
}

TEST(Authorize, ChoosesHowTheDestinationIsJudged) {
  const Generation generation = generation_of(
      "      - {host: api.example.com, port: 80}\n"
      "      - {host: \"*.example.com\", port: 81}\n"
      "      - {host: lab.example.com, port: 82, allowed_ips: [10.0.0.0/8]}\n"
      "      - {host: 10.0.0.5, port: 83}\n"
      "      - {host: 127.0.0.1, port: 84}\n"
      "      - {host: 10.0.0.5, port: 85, allowed_ips: [10.9.0.0/16]}\n");
  const auto validation = [&](const char* host, std::uint16_t port) {
    return allowed(decide(connect(host, port), generation)).plan.validation;
  };
  EXPECT_EQ(validation("api.example.com", 80), Validation::declared_host);
  EXPECT_EQ(validation("api.example.com", 81), Validation::any_host);
  EXPECT_EQ(validation("lab.example.com", 82), Validation::allowed_ips);
  EXPECT_EQ(validation("10.0.0.5", 83), Validation::named_literal);
  EXPECT_EQ(validation("127.0.0.1", 84), Validation::declared_host);
  EXPECT_EQ(validation("10.0.0.5", 85), Validation::allowed_ips);
}

TEST(Authorize, PlansTheTransport) {
  const Generation generation = generation_of(
      "      - {host: a.example.com, port: 80, tls: skip}\n"
      "      - {host: b.example.com, port: 80, protocol: rest, access: full}\n"
      "      - {host: c.example.com, port: 80, allow_encoded_slash: true}\n");
  const auto plan = [&](const Intent& intent) { return allowed(decide(intent, generation)).plan; };
  EXPECT_EQ(plan(connect("a.example.com", 80)).transport, Transport::opaque);
  EXPECT_EQ(plan(forward("a.example.com", 80)).transport, Transport::plain_http);
  EXPECT_EQ(plan(connect("b.example.com", 80)).transport, Transport::inspect);
  EXPECT_TRUE(plan(connect("b.example.com", 80)).must_inspect);
  EXPECT_TRUE(plan(connect("c.example.com", 80)).allow_encoded_slash);
  EXPECT_FALSE(plan(connect("b.example.com", 80)).allow_encoded_slash);
}

TEST(Authorize, AsksForPrivateAddressesOnlyOfAbsoluteFormAndOnlyIfToldTo) {
  Generation generation = generation_of(kWeb);
  EXPECT_FALSE(allowed(decide(forward("api.example.com", 80), generation)).plan.private_only);
  generation.forward = ForwardRule::private_only;
  EXPECT_TRUE(allowed(decide(forward("api.example.com", 80), generation)).plan.private_only);
  EXPECT_FALSE(allowed(decide(connect("api.example.com", 80), generation)).plan.private_only);
}

Identity identity_of(const std::string& binary) {
  Identity identity;
  identity.required = true;
  identity.program = policy::Program();
  identity.program->binary = binary;
  identity.program->ancestors = {"/bin/bash", "/sbin/init"};
  identity.program->cmdline = {"/tmp/x"};
  return identity;
}

Generation generation_for_curl() {
  base::Diagnostics complaints;
  Generation generation;
  generation.policy = policy::load_policy_text(
                          "version: 1\nnetwork_policies:\n  web:\n    endpoints: [{host: "
                          "api.example.com, port: 443, protocol: rest, access: read-only, "
                          "enforcement: enforce}]\n    binaries: [{path: /usr/bin/curl}]\n",
                          "p.yaml", complaints)
                          .value_or(policy::Policy());
  EXPECT_TRUE(complaints.empty()) << complaints.to_string();
  return generation;
}

policy::Request get() {
  policy::Request request;
  request.method = "GET";
  request.path = "/x";
  return request;
}

TEST(Authorize, AllowsTheProgramThatAPolicyNames) {
  const Generation generation = generation_for_curl();
  const Intent intent = connect("api.example.com", 443);
  EXPECT_EQ(allowed(authorize(intent, identity_of("/usr/bin/curl"), generation)).policy, "web");
  const Deny deny = denied(authorize(intent, identity_of("/bin/sh"), generation));
  EXPECT_EQ(deny.reason, DenyReason::binary_not_allowed);
  EXPECT_EQ(deny.status, 403);
  EXPECT_EQ(deny.error, "policy_denied");
  EXPECT_EQ(deny.detail, "CONNECT api.example.com:443 not permitted by policy");
  EXPECT_EQ(deny.client_reason,
            "binary '/bin/sh' not allowed in policy 'web' (ancestors: [/bin/bash -> /sbin/init], "
            "cmdline: [/tmp/x])");
}

TEST(Authorize, SaysThatAnEndpointIsUnknownToAProgramToo) {
  EXPECT_EQ(denied(authorize(connect("other.example.com", 443), identity_of("/bin/sh"),
                             generation_for_curl()))
                .reason,
            DenyReason::endpoint_not_allowed);
}

TEST(Authorize, DeniesWhenItIsNotKnownWhoAsks) {
  Identity unknown;
  unknown.required = true;
  unknown.failure = "entrypoint process not yet spawned";
  for (const Intent& intent : {connect("api.example.com", 443), forward("api.example.com", 443)}) {
    const Deny deny = denied(authorize(intent, unknown, generation_for_curl()));
    EXPECT_EQ(deny.reason, DenyReason::binary_not_allowed);
    EXPECT_EQ(deny.cause, "entrypoint process not yet spawned");
  }
  EXPECT_EQ(
      authorize_request(connect("api.example.com", 443), unknown, generation_for_curl(), get())
          .reason,
      "entrypoint process not yet spawned");
  EXPECT_EQ(
      allowed(authorize(connect("inference.local", 443), unknown, Generation())).plan.transport,
      Transport::inference);
}

TEST(Authorize, DoesNotAskForProgramsWhereTheyAreNotToldApart) {
  allowed(authorize(connect("api.example.com", 443), Identity(), generation_for_curl()));
}

TEST(Authorize, DeniesEverythingInQuarantine) {
  Generation generation = generation_for_curl();
  generation.quarantine = "policy validation failed: p.yaml:1:1: x";
  const Deny deny =
      denied(authorize(connect("api.example.com", 443), identity_of("/usr/bin/curl"), generation));
  EXPECT_EQ(deny.reason, DenyReason::quarantined);
  EXPECT_EQ(deny.status, 403);
  EXPECT_EQ(deny.error, "policy_denied");
  EXPECT_EQ(deny.client_reason, generation.quarantine);
  EXPECT_EQ(authorize_request(connect("api.example.com", 443), Identity(), generation, get()).kind,
            policy::RequestVerdict::Kind::denied);
}

TEST(Authorize, JudgesRequestsAlikeForBothAdapters) {
  const Generation generation = generation_for_curl();
  policy::Request post = get();
  post.method = "POST";
  for (const Intent& intent : {connect("api.example.com", 443), forward("api.example.com", 443)}) {
    const Identity curl = identity_of("/usr/bin/curl");
    EXPECT_EQ(authorize_request(intent, curl, generation, get()).kind,
              policy::RequestVerdict::Kind::allowed);
    EXPECT_EQ(authorize_request(intent, curl, generation, post).reason,
              "POST /x not permitted by policy");
    EXPECT_EQ(authorize_request(intent, identity_of("/bin/sh"), generation, get()).kind,
              policy::RequestVerdict::Kind::denied);
  }
}

TEST(Deny, HasAnAnswerForEveryReason) {
  const struct {
    DenyReason reason;
    int status;
    const char* error;
    const char* detail;
  } kRows[] = {
      {DenyReason::policy_changed, 403, "policy_denied",
       "CONNECT h.example.com:443 not permitted because policy changed"},
      {DenyReason::invalid_target, 400, "invalid_request_target",
       "request-target must be canonical"},
      {DenyReason::invalid_placeholder, 400, "invalid_credential_placeholder",
       "request-target contains an invalid credential placeholder"},
      {DenyReason::uninspected_credentials, 403, "uninspected_credentials",
       "credentialed endpoint requires L7 inspection; raw tunnel is not explicitly allowed"},
      {DenyReason::allowed_ips_failed, 403, "ssrf_denied",
       "CONNECT h.example.com:443 blocked: allowed_ips check failed"},
      {DenyReason::declared_endpoint_failed, 403, "ssrf_denied",
       "CONNECT h.example.com:443 blocked: declared endpoint check failed"},
      {DenyReason::internal_address, 403, "ssrf_denied",
       "CONNECT h.example.com:443 blocked: internal address"},
      {DenyReason::unsupported_protocol, 403, "unsupported_l7_protocol",
       "Unsupported tunnel protocol for L7-inspected endpoint"},
      {DenyReason::h2c_unsupported, 403, "unsupported_l7_protocol",
       "HTTP/2 prior-knowledge (h2c) is not supported for L7-inspected endpoints"},
      {DenyReason::h2c_upgrade_unsupported, 403, "unsupported_l7_protocol",
       "HTTP/2 cleartext upgrade (h2c) is not supported for L7-inspected endpoints"},
      {DenyReason::name_not_resolved, 502, "upstream_unreachable",
       "could not resolve h.example.com"},
      {DenyReason::upstream_unreachable, 502, "upstream_unreachable",
       "connection to h.example.com:443 failed"},
  };
  for (const auto& row : kRows) {
    const Deny answer = deny(row.reason, connect("h.example.com", 443), "web", "why");
    EXPECT_EQ(answer.status, row.status) << row.detail;
    EXPECT_EQ(answer.error, row.error);
    EXPECT_EQ(answer.detail, row.detail);
    EXPECT_EQ(answer.policy, "web");
    EXPECT_EQ(answer.cause, "why");
    EXPECT_EQ(answer.client_reason, "");
    EXPECT_FALSE(deny_reason_name(row.reason).empty());
  }
  const Deny tls = deny(DenyReason::tls_unavailable, connect("h.example.com", 443), "web", "");
  EXPECT_EQ(tls.status, 503);
  EXPECT_EQ(tls.error, "tls_termination_unavailable");
}

TEST(Deny, WritesIpv6InBracketsAndLeavesThePathOutOfSsrfDetails) {
  EXPECT_EQ(deny(DenyReason::internal_address, forward("::1", 80), "web", "").detail,
            "GET [::1]:80 blocked: internal address");
}

TEST(Deny, TellsFailuresFromDenials) {
  EXPECT_TRUE(is_failure(DenyReason::name_not_resolved));
  EXPECT_TRUE(is_failure(DenyReason::upstream_unreachable));
  EXPECT_FALSE(is_failure(DenyReason::internal_address));
}

}  // namespace
}  // namespace sallyport::egress
