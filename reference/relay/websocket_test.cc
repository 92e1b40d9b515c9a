#include "reference/relay/websocket.h"

#include "reference/net/io.h"
#include "reference/relay/testing/http_fixture.h"

namespace sallyport::relay {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kUpgrade =
    "GET /chat?x=1 HTTP/1.1\r\nHost: a.example:8080\r\nConnection: Upgrade, X-Hop\r\nX-Hop: 1\r\n"
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: a, b\r\n\r\n";
constexpr std::string_view kSwitch =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

std::string switching(std::string_view more) {
  return std::string(kSwitch).append("\r\n").append(more);
}

class WebSocketTest : public HttpTest {
 protected:
  WebSocketTest() { rules(policy::Protocol::rest); }
  std::shared_ptr<egress::Generation> with_rules(policy::Protocol protocol,
                                                 std::string_view path = "/chat") {
    auto generation = make_generation();
    policy::Endpoint& one = generation->policy.network_policies.at("api").endpoints.front();
    one.protocol = protocol;
    one.enforcement = policy::Enforcement::enforce;
    one.allow.push_back({"GET", *policy::Glob::parse(path, '/'), {}});
    return generation;
  }
  void rules(policy::Protocol protocol) {
    install(with_rules(protocol));
    open_tunnel();
  }
  net::Task<void> relay() {
    co_await relay_http(services_, grant_, 80, inlet_, upstream_);
    ended_ = true;
  }
  // Until the frames go to and fro.
  void open() {
    from_client(kUpgrade);
    loop_.spawn(relay());
    loop_.poll();
    head_ = sent_up();
    up(switching(""));
    loop_.poll();
    ASSERT_THAT(sent_down(), StartsWith("HTTP/1.1 101 Switching Protocols\r\n"));
    ASSERT_FALSE(ended_);
  }
  void up(const std::string& text) {
    ASSERT_EQ(::send(far_.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  // The upstream answers the upgrade so, and ends.
  void answered(const std::string& text) {
    answer({text});
    from_client(kUpgrade);
    run_open();
  }
  std::string head_;
  bool ended_ = false;
};

TEST_F(WebSocketTest, PassesTheUpgradeAndItsAnswerAndThenFramesBothWays) {
  open();
  EXPECT_THAT(head_, AllOf(StartsWith("GET /chat?x=1 HTTP/1.1\r\nHost: a.example:8080\r\n"),
                           HasSubstr("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"),
                           EndsWith("\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
                           Not(HasSubstr("X-Hop"))));
  EXPECT_THAT(sent_down(), AllOf(HasSubstr("\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"),
                                 HasSubstr("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")));
  from_client(
      "\x81\x80"
      "1234");
  loop_.poll();
  EXPECT_EQ(sent_up(),
            "\x81\x80"
            "1234");
  up("\x81\x02hi");
  loop_.poll();
  EXPECT_THAT(sent_down(), EndsWith("\r\n\r\n\x81\x02hi"));
  EXPECT_THAT(audit_.all, Contains("L7_REQUEST allow_upgrade GET a.example:8080/chat"));
  EXPECT_EQ(audit_.events.back().activity_name, "Upgrade");
  client_.first->shutdown_write();
  far_.reset();
  loop_.run_until(ended_);
}

TEST_F(WebSocketTest, KeepsEarlyFramesOfBothEnds) {
  from_client(std::string(kUpgrade) + "early");
  loop_.spawn(relay());
  loop_.poll();
  EXPECT_THAT(sent_up(), EndsWith("\r\n\r\n"));
  up(switching("frame"));
  loop_.poll();
  EXPECT_EQ(sent_up(), "early");
  EXPECT_THAT(sent_down(), EndsWith("\r\n\r\nframe"));
  client_.first->abort();
  loop_.run_until(ended_);
}

TEST_F(WebSocketTest, DeliversAnAnswerThatDoesNotSwitchAndEndsThere) {
  from_client(kUpgrade);
  from_client("GET /chat HTTP/1.1\r\nHost: a.example:8080\r\n\r\n");
  answer({"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"});
  run();
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 403 Forbidden\r\n"),
                                 HasSubstr("Connection: close\r\n"), EndsWith("no")));
}

TEST_F(WebSocketTest, RefusesA101ThatDoesNotFit) {
  answered(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n");
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 502"), HasSubstr("upstream_protocol_error")));
}

TEST_F(WebSocketTest, RefusesASubprotocolThatWasNotOffered) {
  answered(std::string(kSwitch) + "Sec-WebSocket-Protocol: c\r\n\r\n");
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 502"), HasSubstr("upstream_protocol_error")));
}

TEST_F(WebSocketTest, RefusesA101ThatNobodyAskedFor) {
  answer({switching("")});
  from_client("GET /chat HTTP/1.1\r\nHost: a.example:8080\r\n\r\n");
  run();
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 502"), HasSubstr("upstream_protocol_error")));
}

TEST_F(WebSocketTest, AnswersAMalformedUpgrade) {
  from_client(
      "GET /chat HTTP/1.1\r\nHost: a.example:8080\r\nConnection: Upgrade\r\nUpgrade: "
      "websocket\r\nSec-WebSocket-Version: 13\r\n\r\n");
  run();
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("Sec-WebSocket-Key")));
  EXPECT_EQ(sent_up(), "");
}

TEST_F(WebSocketTest, RefusesAnUpgradeThatNoRuleAllows) {
  install(with_rules(policy::Protocol::rest, "/other"));
  open_tunnel();
  from_client(kUpgrade);
  run();
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("X-OpenShell-Policy: api")));
  EXPECT_EQ(sent_up(), "");
}

TEST_F(WebSocketTest, IsAllThatAnEndpointOfWebSocketsServes) {
  rules(policy::Protocol::websocket);
  from_client("GET /chat HTTP/1.1\r\nHost: a.example:8080\r\n\r\n");
  run();
  EXPECT_THAT(sent_down(),
              AllOf(StartsWith("HTTP/1.1 403"),
                    HasSubstr("websocket endpoint requires a valid WebSocket upgrade request")));
  EXPECT_EQ(sent_up(), "");
}

TEST_F(WebSocketTest, IsNotEnteredByTheMethodOfItsMessages) {
  rules(policy::Protocol::websocket);
  from_client("WEBSOCKET_TEXT /chat HTTP/1.1\r\nHost: a.example:8080\r\n\r\n");
  run();
  EXPECT_THAT(sent_down(), StartsWith("HTTP/1.1 403"));
  EXPECT_EQ(sent_up(), "");
}

TEST_F(WebSocketTest, EndsWhenANewGenerationForbidsTheUpgrade) {
  open();
  install(with_rules(policy::Protocol::rest, "/other"));
  loop_.run_until(ended_);
  EXPECT_TRUE(client_.second->closed());
  EXPECT_THAT(audit_.all, Contains("L7 tunnel closed after policy reload [host:a.example port:8080 "
                                   "captured_generation:2 current_generation:3]"));
}

TEST_F(WebSocketTest, StandsUnderANewGenerationThatAllowsTheUpgrade) {
  open();
  install(with_rules(policy::Protocol::rest));
  loop_.poll();
  EXPECT_FALSE(ended_);
  client_.first->abort();
  loop_.run_until(ended_);
}

TEST_F(WebSocketTest, IsRefusedWhereMiddlewareMustInspectTheHost) {
  auto generation = with_rules(policy::Protocol::rest);
  add_entry(*generation, "guard", policy::OnError::fail_closed);
  install(std::move(generation));
  open_tunnel();
  from_client(kUpgrade);
  run();
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("middleware_required")));
  EXPECT_EQ(sent_up(), "");
  EXPECT_EQ(stage_->asked.size(), 1U);  // it is a request like any other first
  EXPECT_NE(audit_.finding("openshell.middleware.traffic_uninspectable"), nullptr);
}

TEST_F(WebSocketTest, PassesTheChainWithAFindingWhereEntriesFailOpen) {
  auto generation = with_rules(policy::Protocol::rest);
  add_entry(*generation, "guard", policy::OnError::fail_open);
  install(std::move(generation));
  open_tunnel();
  open();
  EXPECT_EQ(stage_->asked.size(), 1U);
  EXPECT_THAT(head_, EndsWith("\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"));
  EXPECT_NE(audit_.finding("openshell.middleware.traffic_uninspectable"), nullptr);
  client_.first->abort();
  loop_.run_until(ended_);
}

TEST_F(WebSocketTest, IsGivenNoBodyByAStage) {
  auto generation = with_rules(policy::Protocol::rest);
  add_entry(*generation, "guard", policy::OnError::fail_open);
  install(std::move(generation));
  open_tunnel();
  stage_->act = [](wire::HttpRequestResult& result) {
    result.set_decision(wire::DECISION_ALLOW);
    result.set_has_body(true);
    result.set_body("frames");
    return rpc::Status();
  };
  from_client(kUpgrade);
  run();
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("middleware_failed")));
  EXPECT_EQ(sent_up(), "");
}

}  // namespace
}  // namespace sallyport::relay
