#include "reference/relay/http.h"

#include "reference/relay/testing/http_fixture.h"

namespace sallyport::relay {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

TEST_F(HttpTest, ServesRequestsOneAfterTheOtherOnOneUpstreamConnection) {
  answer({std::string(kOk), std::string(kOk)});
  from_client(
      "GET /a/../1 HTTP/1.1\r\nHost: a.example:8080\r\n\r\n"
      "GET /2?q HTTP/1.1\r\nHost: a.example:8080\r\n\r\n");
  run();
  EXPECT_THAT(seen_, AllOf(StartsWith("GET /1 HTTP/1.1\r\n"), HasSubstr("GET /2?q HTTP/1.1\r\n")));
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 200 OK"), HasSubstr("hiHTTP/1.1 200 OK")));
  EXPECT_THAT(audit_.all, Contains("HTTP_REQUEST allow GET a.example:8080/2 request_num=2"));
}

TEST_F(HttpTest, BindsEveryRequestToTheTunnelsAuthority) {
  from_client("GET / HTTP/1.1\r\nHost: b.example:8080\r\n\r\n");
  run();
  EXPECT_THAT(sent_down(),
              AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("request_authority_mismatch")));
  EXPECT_EQ(sent_up(), "");
  EXPECT_THAT(audit_.all, Contains(HasSubstr("authority mismatch")));
}

TEST_F(HttpTest, RefusesAHostWithoutThePortThatTheTunnelHas) {
  from_client("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
  run();
  EXPECT_THAT(sent_down(), StartsWith("HTTP/1.1 403"));
}

TEST_F(HttpTest, AnswersAMalformedHead) {
  from_client("GET / HTTP/1.1\r\nHost : a.example:8080\r\n\r\n");
  run();
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("Connection: close")));
  EXPECT_EQ(sent_up(), "");
}

TEST_F(HttpTest, AnswersATargetThatClimbsAboveTheRoot) {
  from_client("GET /../x HTTP/1.1\r\nHost: a.example:8080\r\n\r\n");
  run();
  EXPECT_THAT(sent_down(), StartsWith("HTTP/1.1 400"));
  EXPECT_EQ(sent_up(), "");
}

TEST_F(HttpTest, AnswersAHeadOverTheLimit) {
  from_client("GET / HTTP/1.1\r\nHost: a.example:8080\r\nX: " + std::string(20'000, 'x'));
  run();
  EXPECT_THAT(sent_down(), StartsWith("HTTP/1.1 431"));
}

TEST_F(HttpTest, RefusesAnUpgradeToH2cByName) {
  from_client(
      "GET / HTTP/1.1\r\nHost: a.example:8080\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
  run();
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("unsupported_l7_protocol"),
                                 HasSubstr("h2c")));
  EXPECT_EQ(sent_up(), "");
}

TEST_F(HttpTest, RefusesUpgradesThatNobodyServesByName) {
  from_client(
      "GET / HTTP/1.1\r\nHost: a.example:8080\r\nConnection: Upgrade\r\nUpgrade: "
      "tls/1.0\r\n\r\n");
  run();
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("unsupported_l7_protocol")));
  EXPECT_EQ(sent_up(), "");
}

TEST_F(HttpTest, AnswersAHeadThatIsNotFinishedInTime) {
  from_client("GET / HTTP/1.1\r\nHost: a.exam");
  run_open();
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 408 Request Timeout\r\n"),
                                 HasSubstr("Connection: close\r\n")));
}

TEST_F(HttpTest, AnswersASecondHeadThatIsNotFinishedInTime) {
  answer({std::string(kOk)});
  from_client("GET / HTTP/1.1\r\nHost: a.example:8080\r\n\r\nGET /2 HT");
  run_open();
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 200 OK"), HasSubstr("hiHTTP/1.1 408 ")));
}

TEST_F(HttpTest, ClosesWithoutAWordWhenNoFurtherHeadBegins) {
  answer({std::string(kOk)});
  from_client("GET / HTTP/1.1\r\nHost: a.example:8080\r\n\r\n");
  run_open();
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 200 OK"), ::testing::EndsWith("hi")));
  EXPECT_TRUE(client_.second->closed());
}

TEST_F(HttpTest, ClosesWithoutAWordWhenANewGenerationForbidsTheTunnel) {
  install(std::make_shared<egress::Generation>());
  from_client("GET / HTTP/1.1\r\nHost: a.example:8080\r\n\r\n");
  run();
  EXPECT_EQ(sent_down(), "");
  EXPECT_EQ(sent_up(), "");
  EXPECT_THAT(audit_.all, Contains(HasSubstr("L7 tunnel closed after policy reload")));
}

TEST_F(HttpTest, GoesOnUnderANewGenerationThatAllowsTheSame) {
  install(make_generation());
  answer({std::string(kOk)});
  from_client("GET /1 HTTP/1.1\r\nHost: a.example:8080\r\n\r\n");
  run();
  EXPECT_THAT(seen_, StartsWith("GET /1 HTTP/1.1\r\n"));
  EXPECT_THAT(sent_down(), StartsWith("HTTP/1.1 200 OK"));
  EXPECT_THAT(audit_.all, Not(Contains(HasSubstr("closed after policy reload"))));
  EXPECT_EQ(std::get<std::int64_t>(audit_.events.front().unmapped.front().second), 2);
}

TEST_F(HttpTest, AnswersWhenTheUpstreamIsGoneAndCannotBeReachedAgain) {
  far_.reset();
  from_client("GET / HTTP/1.1\r\nHost: a.example:8080\r\n\r\n");
  run();
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 502"), HasSubstr("upstream_unreachable")));
}

TEST_F(HttpTest, ClosesAnIdleTunnelWhenDraining) {
  sessions_.spawn(relay_http(services_, grant_, 80, inlet_, upstream_));
  loop_.poll();
  EXPECT_TRUE(loop_.run(sessions_.drain(loop_.in(2000))));
  EXPECT_TRUE(client_.second->closed());
}

}  // namespace
}  // namespace sallyport::relay
