#include "reference/egress/events.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::egress {
namespace {

Intent connect() {
  Intent intent;
  intent.host = "h.example.com";
  intent.port = 443;
  intent.method = "CONNECT";
  return intent;
}

Intent forward() {
  Intent intent = connect();
  intent.adapter = Adapter::forward;
  intent.scheme = "http";
  intent.port = 80;
  intent.method = "GET";
  intent.path = "/x?key=secret";
  return intent;
}

std::optional<audit::Peer> client() { return audit::Peer{"10.200.0.2", 41000}; }

TEST(Events, ReportsAnAllowedConnect) {
  Allow allow;
  allow.policy = "web";
  const audit::Event event = allowed_event(connect(), allow, client());
  EXPECT_EQ(event.kind, audit::EventClass::network_activity);
  EXPECT_EQ(event.message, "CONNECT allowed h.example.com:443");
  EXPECT_EQ(event.rule->policy, "web");
  EXPECT_EQ(event.rule->engine, "opa");
  EXPECT_EQ(event.source->host, "10.200.0.2");
  allow.plan.must_inspect = true;
  EXPECT_EQ(allowed_event(connect(), allow, client()).message,
            "CONNECT_L7 allowed h.example.com:443");
}

TEST(Events, ReportsAnAllowedForwardRequestWithoutItsQuery) {
  const audit::Event event = allowed_event(forward(), Allow(), client());
  EXPECT_EQ(event.kind, audit::EventClass::http_activity);
  EXPECT_EQ(event.message, "FORWARD allowed GET h.example.com:80/x");
  EXPECT_EQ(event.http_request->path, "/x");
}

TEST(Events, ReportsDenialsWithTheirCause) {
  const struct {
    DenyReason reason;
    bool by_connect;
    const char* message;
    audit::Severity severity;
    const char* engine;
  } kRows[] = {
      {DenyReason::endpoint_not_allowed, true, "CONNECT denied h.example.com:443",
       audit::Severity::medium, "opa"},
      {DenyReason::no_policies, false, "FORWARD denied GET h.example.com:80/x",
       audit::Severity::medium, "opa"},
      {DenyReason::internal_address, true,
       "CONNECT blocked: internal address for h.example.com:443", audit::Severity::medium, "ssrf"},
      {DenyReason::allowed_ips_failed, false,
       "FORWARD blocked: allowed_ips check failed for h.example.com:80", audit::Severity::medium,
       "ssrf"},
      {DenyReason::declared_endpoint_failed, true,
       "CONNECT blocked: declared endpoint check failed for h.example.com:443",
       audit::Severity::medium, "ssrf"},
      {DenyReason::uninspected_credentials, true,
       "CONNECT refused for h.example.com:443: credentialed endpoint requires L7 inspection; raw "
       "tunnel is not explicitly allowed",
       audit::Severity::high, "credentials"},
      {DenyReason::unsupported_protocol, true,
       "CONNECT_L7 blocked unsupported tunnel protocol for h.example.com:443",
       audit::Severity::medium, "l7"},
  };
  for (const auto& row : kRows) {
    const Intent intent = row.by_connect ? connect() : forward();
    const audit::Event event =
        denied_event(intent, deny(row.reason, intent, "web", "why"), client());
    EXPECT_EQ(event.message, row.message);
    EXPECT_EQ(event.severity, row.severity);
    EXPECT_EQ(event.action, audit::Action::denied);
    EXPECT_EQ(event.disposition, audit::Disposition::blocked);
    EXPECT_EQ(event.status, audit::Status::failure);
    EXPECT_EQ(event.status_detail, "why");
    EXPECT_EQ(event.rule->policy, "-");
    EXPECT_EQ(event.rule->engine, row.engine);
  }
}

TEST(Events, ReportsMissingTlsAsHigh) {
  const Deny deny_tls = deny(DenyReason::tls_unavailable, connect(), "web", "no CA");
  const audit::Event event = denied_event(connect(), deny_tls, client());
  EXPECT_EQ(event.severity, audit::Severity::high);
  EXPECT_EQ(event.message.find("CONNECT refused for h.example.com:443: "), 0U);
}

TEST(Events, ReportsARefusedSchemeAsRejected) {
  Intent intent = forward();
  intent.scheme = "https";
  const audit::Event event = denied_event(
      intent, deny(DenyReason::https_needs_connect, intent, "", "scheme https"), client());
  EXPECT_EQ(event.activity, audit::activity::kHttpRefuse);
  EXPECT_EQ(event.disposition, audit::Disposition::rejected);
  EXPECT_EQ(event.message, "FORWARD rejected: unsupported scheme https for h.example.com:80");
}

TEST(Events, ReportsAFailureAsNobodysDecision) {
  for (const Intent& intent : {connect(), forward()}) {
    const audit::Event event = denied_event(
        intent, deny(DenyReason::upstream_unreachable, intent, "web", "ECONNREFUSED"), client());
    EXPECT_EQ(event.kind, audit::EventClass::network_activity);
    EXPECT_EQ(event.activity, audit::activity::kNetFail);
    EXPECT_FALSE(event.action);
    EXPECT_EQ(event.severity, audit::Severity::low);
    EXPECT_EQ(event.status_detail, "ECONNREFUSED");
  }
}

TEST(Events, ReportsATargetThatIsNotCanonical) {
  const audit::Event event =
      denied_event(forward(), deny(DenyReason::invalid_target, forward(), "web", "%2F"), client());
  EXPECT_EQ(event.message, "FORWARD rejecting non-canonical request-target: h.example.com:80");
}

}  // namespace
}  // namespace sallyport::egress
