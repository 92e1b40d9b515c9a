// What clients of the running program meet at its edges: heads that are none, the bound of
// connections, and what a route's upstream does.
#include <gmock/gmock.h>

#include <string>

#include "reference/app/program_fixture.h"

namespace sallyport::app {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// Long enough for an answer that mustn't come, were it to come.
constexpr int kQuietMs = 100;

using SupervisorTraffic = SupervisorProgram;

TEST_F(SupervisorTraffic, AnswersAMalformedFirstHead) {
  start();
  for (const char* const head : {"nonsense\r\n\r\n", "GET http://a.test/ HTTP/1.1\nHost: a\n\n",
                                 "GET http://a.test/ HTTP/1.1\r\nHost : a.test\r\n\r\n",
                                 "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n"
                                 "Content-Length: +1\r\n\r\n"}) {
    EXPECT_THAT(ask(head), AllOf(StartsWith("HTTP/1.1 400 "), HasSubstr("Content-Length: 0\r\n"),
                                 HasSubstr("Connection: close\r\n"), EndsWith("\r\n\r\n")))
        << head;
    event({"\"message\":\"Proxy request rejected\""});
  }
}

TEST_F(SupervisorTraffic, AnswersAnOversizedFirstHead) {
  start("limits: {proxy_head_bytes: 1KiB}\n");
  const std::string field = "X: " + std::string(1024, 'x') + "\r\n";
  EXPECT_THAT(ask("CONNECT a.test:443 HTTP/1.1\r\n" + field),
              AllOf(StartsWith("HTTP/1.1 431 "), HasSubstr("Content-Length: 0\r\n"),
                    HasSubstr("Connection: close\r\n")));
  event({"\"message\":\"Proxy request rejected\"", "request head too long"});
}

TEST_F(SupervisorTraffic, AnswersAConnectWithoutAnAuthority) {
  start();
  for (const char* const target : {"a.test", "a.test:", "a.test:+443", ":443", "127.1:443"}) {
    const std::string head = "CONNECT " + std::string(target) + " HTTP/1.1\r\nHost: a.test\r\n\r\n";
    EXPECT_THAT(ask(head), AllOf(StartsWith("HTTP/1.1 400 "),
                                 HasSubstr("\"error\":\"invalid_request_target\"")))
        << target;
    event({"\"message\":\"CONNECT target rejected\""});
  }
}

TEST_F(SupervisorTraffic, MakesClientsWaitAboveTheBoundOfConnections) {
  start("limits: {connections: 1}\n");
  Connection first = connect();
  Connection second = connect();
  second.send("CONNECT second.test:443 HTTP/1.1\r\nHost: second.test:443\r\n\r\n");
  EXPECT_FALSE(second.speaks_within(kQuietMs));
  first.send("CONNECT first.test:443 HTTP/1.1\r\nHost: first.test:443\r\n\r\n");
  EXPECT_THAT(first.read_to_end(), StartsWith("HTTP/1.1 403 "));
  first = Connection();  // or its end is waited for
  EXPECT_THAT(second.read_to_end(), StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(event({"\"message\":\"CONNECT denied"}), HasSubstr("first.test"));
  EXPECT_THAT(event({"\"message\":\"CONNECT denied"}), HasSubstr("second.test"));
}

TEST_F(SupervisorTraffic, CountsTheConnectionsOfAllListenersTogether) {
  start("listen: [127.0.0.1:0, 127.0.0.1:0]\nlimits: {connections: 1}\n");
  const std::size_t colon = ready_line_.find(':', ready_line_.rfind("127.0.0.1"));
  const int other_port = std::stoi(ready_line_.substr(colon + 1));
  EXPECT_FALSE(ready_.speaks_within(kQuietMs));  // so both listeners wait for somebody by now
  Connection first = connect();
  first.send("CONNECT ");
  EXPECT_FALSE(first.speaks_within(kQuietMs));
  Connection second = Connection::to(static_cast<std::uint16_t>(other_port));
  second.send("CONNECT second.test:443 HTTP/1.1\r\nHost: second.test:443\r\n\r\n");
  EXPECT_FALSE(second.speaks_within(kQuietMs));
  first.send("first.test:443 HTTP/1.1\r\nHost: first.test:443\r\n\r\n");
  EXPECT_THAT(first.read_to_end(), StartsWith("HTTP/1.1 403 "));
  first = Connection();  // or its end is waited for
  EXPECT_THAT(second.read_to_end(), StartsWith("HTTP/1.1 403 "));
}

TEST_F(SupervisorTraffic, SaysThatNoRouteIsConfigured) {
  start();
  const auto client = inference();
  client->send(chat("any"));
  EXPECT_THAT(client->read_message(),
              AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("cluster inference is not configured")));
}

TEST_F(SupervisorTraffic, HandsOnTheRedirectOfARouteAndDoesNotFollowIt) {
  Upstream upstream;
  const Upstream elsewhere;
  start_with_route(upstream);
  const auto client = inference();
  client->send(chat("any"));
  Connection call = upstream.accept();
  EXPECT_THAT(call.read_message(), AllOf(HasSubstr("Bearer the-key"), HasSubstr("forced")));
  const std::string location =
      "http://127.0.0.1:" + std::to_string(elsewhere.port()) + "/v1/chat/completions";
  call.send("HTTP/1.1 307 Temporary Redirect\r\nLocation: " + location +
            "\r\nContent-Length: 0\r\n\r\n");
  const std::string answer = client->read_until("\r\n\r\n");
  EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 307 "), HasSubstr(location)));
  EXPECT_FALSE(elsewhere.called());
}

TEST_F(SupervisorTraffic, AnswersWhenARouteDoesNotAnswerInTime) {
  Upstream upstream;
  start_with_route(upstream, "limits: {route_timeout: 200ms}\n");
  const auto client = inference();
  client->send(chat("any"));
  Connection call = upstream.accept();
  call.read_message();
  EXPECT_THAT(client->read_message(),
              AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("inference service unavailable")));
  EXPECT_EQ(call.read_to_end(), "") << "the call is given up";
  client->send(chat("again"));
  Connection next = upstream.accept();
  next.read_message();
  next.send(json_answer("{\"late\":false}"));
  EXPECT_THAT(client->read_until("false}"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(SupervisorTraffic, AnswersWhenARouteEndsWithoutAnAnswer) {
  Upstream upstream;
  start_with_route(upstream);
  const auto client = inference();
  client->send(chat("any"));
  {
    Connection call = upstream.accept();
    call.read_message();
  }
  EXPECT_THAT(client->read_message(),
              AllOf(StartsWith("HTTP/1.1 502 "), HasSubstr("inference service error")));
}

TEST_F(SupervisorTraffic, AnswersPipelinedInferenceRequestsInTheirOrder) {
  Upstream upstream;
  start_with_route(upstream);
  const auto client = inference();
  const std::string models = "GET /v1/models HTTP/1.1\r\nHost: inference.local\r\n\r\n";
  client->send(chat("any") + models);
  Connection call = upstream.accept();
  EXPECT_THAT(call.read_message(), StartsWith("POST /v1/chat/completions "));
  EXPECT_FALSE(call.speaks_within(kQuietMs)) << "the second one goes up when it is its turn";
  call.send(json_answer("{\"nth\":1}"));
  EXPECT_THAT(call.read_message(), StartsWith("GET /v1/models "));
  call.send(json_answer("{\"nth\":2}"));
  EXPECT_THAT(client->read_until("{\"nth\":1}"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(client->read_until("{\"nth\":2}"), HasSubstr("HTTP/1.1 200 "));
}

TEST_F(SupervisorTraffic, ClosesAfterTheRequestThatAsksForIt) {
  Upstream upstream;
  start_with_route(upstream);
  const auto client = inference();
  client->send(
      "GET /v1/models HTTP/1.1\r\nHost: inference.local\r\nConnection: close\r\n\r\n"
      "GET /v1/models/second HTTP/1.1\r\nHost: inference.local\r\n\r\n");
  Connection call = upstream.accept();
  call.read_message();
  call.send(json_answer("{}"));
  const std::string answer = client->read_to_end();
  EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("Connection: close\r\n"),
                            Not(HasSubstr("<reset>"))));
}

TEST_F(SupervisorTraffic, AsksForTheBodyOfARequestThatExpectsContinue) {
  Upstream upstream;
  start_with_route(upstream);
  const auto client = inference();
  client->send(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: inference.local\r\nContent-Length: 2\r\n"
      "Content-Type: application/json\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client->read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client->send("{}");
  Connection call = upstream.accept();
  EXPECT_THAT(call.read_message(), AllOf(HasSubstr("forced"), Not(HasSubstr("Expect"))));
  call.send(json_answer("{}"));
  EXPECT_THAT(client->read_until("{}"), StartsWith("HTTP/1.1 200 "));
}

}  // namespace
}  // namespace sallyport::app
