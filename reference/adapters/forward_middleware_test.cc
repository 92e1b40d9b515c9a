// Middleware on absolute-form requests: what the audit says, and upgrades. The same as in tunnels
// (relay/middleware_decision_test.cc, relay/middleware_upgrade_test.cc).
#include "reference/adapters/forward_fixture.h"

namespace sallyport::adapters {
namespace {

using policy::OnError;
using relay::FakeStage;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
namespace wire = openshell::middleware::v1;

constexpr std::string_view kPost =
    "POST http://203.0.113.9:8080/v1/a HTTP/1.1\r\nHost: 203.0.113.9:8080\r\n"
    "Content-Length: 5\r\n\r\nhello";
constexpr std::string_view kUpgrade =
    "GET http://203.0.113.9:8080/chat HTTP/1.1\r\nHost: 203.0.113.9:8080\r\n"
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
constexpr const char* kStageDenied = "MIDDLEWARE entry-guard guard decision=Deny";
constexpr const char* kRefusal =
    "HTTP_REQUEST deny GET 203.0.113.9:8080/chat reason=WebSocket messages cannot be inspected by "
    "required middleware";

rpc::Status denies(wire::HttpRequestResult& result) {
  result.set_decision(wire::DECISION_DENY);
  return {};
}

class ForwardMiddlewareTest : public ForwardFixture {
 protected:
  // An entry for every host before an address that rules are for, which allow GET alone.
  void guarded(OnError on_error, policy::Enforcement enforcement = policy::Enforcement::audit) {
    auto generation = allowing("203.0.113.9");
    auto& endpoint = generation->policy.network_policies.at("api").endpoints.front();
    endpoint.protocol = policy::Protocol::rest;
    endpoint.enforcement = enforcement;
    endpoint.allow.push_back({"GET", *policy::Glob::parse("/**", '/'), {}});
    add_entry(*generation, "guard", on_error);
    auto& entry = generation->policy.network_middlewares.front();
    entry.endpoints.include = {*policy::SelectorPattern::parse("**")};
    install(std::move(generation));
  }
  std::string pass(FakeStage::Act act, std::string_view request) {
    stage_->act = std::move(act);
    return ask(request);
  }
};

TEST_F(ForwardMiddlewareTest, SaysNothingOfRulesThatAuditWhereAStageDenies) {
  guarded(OnError::fail_closed);
  EXPECT_THAT(pass(denies, kPost), HasSubstr("middleware_denied"));
  EXPECT_THAT(audit_.decisions(), ElementsAre(kStageDenied));
}

TEST_F(ForwardMiddlewareTest, DoesNotCallARequestAllowedThatFindsNoUpstream) {
  guarded(OnError::fail_closed);
  EXPECT_THAT(pass(nullptr, kPost), StartsWith("HTTP/1.1 502"));
  for (const std::string& told : audit_.decisions()) EXPECT_THAT(told, Not(HasSubstr("audit")));
}

TEST_F(ForwardMiddlewareTest, TellsOfARefusalByTheRulesBeforeAnyStage) {
  guarded(OnError::fail_closed, policy::Enforcement::enforce);
  EXPECT_THAT(pass(denies, kPost), HasSubstr("policy_denied"));
  EXPECT_TRUE(stage_->asked.empty());
  EXPECT_THAT(audit_.decisions(), ElementsAre(StartsWith("FORWARD_L7 deny POST")));
}

TEST_F(ForwardMiddlewareTest, DeniesAnUpgradeByAStageBeforeAnybodyAsksForItsMessages) {
  guarded(OnError::fail_closed);
  EXPECT_THAT(pass(denies, kUpgrade),
              AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("middleware_denied")));
  EXPECT_THAT(audit_.decisions(), ElementsAre(kStageDenied));
  EXPECT_EQ(audit_.finding("openshell.middleware.traffic_uninspectable"), nullptr);
  EXPECT_EQ(dialled_, 0);
}

TEST_F(ForwardMiddlewareTest, RefusesAnUpgradeForItsMessagesAfterItsChainHasPassed) {
  guarded(OnError::fail_closed);
  EXPECT_THAT(pass(nullptr, kUpgrade),
              AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("middleware_required")));
  EXPECT_EQ(stage_->asked.size(), 1U);
  EXPECT_THAT(audit_.decisions(), ElementsAre(kRefusal));
  EXPECT_NE(audit_.finding("openshell.middleware.traffic_uninspectable"), nullptr);
  EXPECT_EQ(dialled_, 0);
}

TEST_F(ForwardMiddlewareTest, DialsForAnUpgradeWhereEveryEntryFailsOpen) {
  guarded(OnError::fail_open);
  EXPECT_THAT(pass(nullptr, kUpgrade), StartsWith("HTTP/1.1 502"));
  EXPECT_GT(dialled_, 0);
  EXPECT_NE(audit_.finding("openshell.middleware.traffic_uninspectable"), nullptr);
}

}  // namespace
}  // namespace sallyport::adapters
