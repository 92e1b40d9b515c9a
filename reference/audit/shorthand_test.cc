#include "reference/audit/shorthand.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::audit {
namespace {

Flow flow(const std::string& host = "api.example.com") {
  Flow made;
  made.source = Peer{"10.200.0.2", 41000};
  made.destination = Peer{host, 443};
  return made;
}

TEST(Shorthand, BeginsWithTheTime) {
  EXPECT_EQ(shorthand(net_listening(Peer{"10.200.0.1", 3128}), 1785585600007),
            "2026-08-01T12:00:00.007Z OCSF NET:LISTEN [INFO] -> 10.200.0.1:3128 "
            "[msg:Proxy listening on 10.200.0.1:3128]");
}

TEST(Shorthand, ShowsPolicyEngineAndReasonOfADenial) {
  EXPECT_EQ(
      shorthand_body(net_denied(flow("::1"), "CONNECT denied", "not\r\nallowed", Rule{"-", "opa"})),
      "NET:OPEN [MED] DENIED 10.200.0.2:41000 -> [::1]:443 [policy:- engine:opa] "
      "[reason:not  allowed]");
}

TEST(Shorthand, ShowsTheProgramWhereItIsKnown) {
  Flow by_curl = flow();
  by_curl.actor = Actor{"/usr/bin/cu\nrl", 58, "", {}};
  EXPECT_EQ(shorthand_body(net_allowed(by_curl, "CONNECT allowed", Rule{"web", "opa"})),
            "NET:OPEN [INFO] ALLOWED /usr/bin/cu rl(58) -> api.example.com:443 "
            "[policy:web engine:opa]");
}

TEST(Shorthand, ShowsNoReasonOfWhatIsAllowed) {
  EXPECT_EQ(shorthand_body(net_allowed(flow(), "CONNECT allowed", Rule{"web", "opa"})),
            "NET:OPEN [INFO] ALLOWED 10.200.0.2:41000 -> api.example.com:443 "
            "[policy:web engine:opa]");
}

TEST(Shorthand, HidesTheDefaultPortAndTheQueryOfAUrl) {
  HttpRequest request;
  request.method = "GET";
  request.host = "api.example.com";
  request.port = 80;
  request.path = "/a?b=c";
  EXPECT_EQ(shorthand_body(http_allowed(flow(), request, "m", Rule{"web", "opa"})),
            "HTTP:GET [INFO] ALLOWED 10.200.0.2:41000 -> GET http://api.example.com/a "
            "[policy:web engine:opa]");
  request.port = 8080;
  request.host = "::1";
  EXPECT_EQ(shorthand_body(http_denied(Flow{}, request, "m", "why", Rule{"web", "ssrf"})),
            "HTTP:GET [MED] DENIED -> GET http://[::1]:8080/a [policy:web engine:ssrf] "
            "[reason:why]");
}

TEST(Shorthand, ShortensLongTextsBetweenCharacters) {
  const std::string euros = [] {
    std::string text;
    for (int i = 0; i < 100; ++i) text += "\u20AC";
    return text;
  }();
  const std::string line = shorthand_body(net_denied(flow(), "m", euros, Rule{"-", "opa"}));
  const std::string reason = line.substr(line.find("[reason:") + 8);
  EXPECT_EQ(reason.size(), 84 * 3 + 3 + 1U);  // 252 of at most 253, the dots, the bracket
  EXPECT_TRUE(reason.ends_with("\u20AC...]"));
  const std::string message = shorthand_body(net_failed(Flow{}, std::string(300, 'x')));
  EXPECT_EQ(message, "NET:FAIL [LOW] [msg:" + std::string(117, 'x') + "...]");
}

TEST(Shorthand, EscapesFindings) {
  Finding what;
  what.uid = "a b";
  what.title = "x \"y\"\n";
  what.evidence = {{"host", "h[1]"}};
  EXPECT_EQ(shorthand_body(finding(what, Severity::high, Disposition::blocked)),
            "FINDING:BLOCKED [HIGH] \"x \\\"y\\\"\\n\" [type:a\\u{20}b host:h\\u{5b}1\\u{5d}]");
}

TEST(Shorthand, ShowsStateModelCallAndLifecycle) {
  Event config = config_state("loaded", "Policy loaded");
  config.unmapped = {{"version", std::int64_t{2}}, {"hash", "ab"}};
  EXPECT_EQ(shorthand_body(config), "CONFIG:LOADED [INFO] Policy loaded [version:2 hash:ab]");
  EXPECT_EQ(shorthand_body(config_state("degraded", "x", Severity::critical)),
            "CONFIG:DEGRADED [CRIT] x");
  EXPECT_EQ(shorthand_body(api_called(ApiCall{"chat", "m-1", "https://p/v1"}, false, 12)),
            "API:INFERENCE [INFO] Failure m-1 via https://p/v1 12ms [chat]");
  EXPECT_EQ(shorthand_body(lifecycle(activity::kLifecycleStart, "supervisor")),
            "LIFECYCLE:START [INFO] supervisor");
}

}  // namespace
}  // namespace sallyport::audit
