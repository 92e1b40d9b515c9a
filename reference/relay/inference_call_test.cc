#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/net/listener.h"
#include "reference/relay/testing/inference_fixture.h"

namespace sallyport::relay {
namespace {

using inference::ErrorKind;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST_F(InferenceCallTest, IsBrokenWhenTheUpstreamEndsWithoutAnAnswer) {
  expect_error(call_answered(""), ErrorKind::upstream_broken, "closed without an answer");
}

TEST_F(InferenceCallTest, IsBrokenWhenTheUpstreamResetsBeforeItsAnswer) {
  const RouteResult result = call_answered("", 4);
  EXPECT_EQ(result.error, ErrorKind::upstream_broken);
  EXPECT_TRUE(result.client_keeps);
  EXPECT_EQ(sent(), "");
}

TEST_F(InferenceCallTest, IsBrokenWhenTheUpstreamEndsInsideItsHead) {
  expect_error(call_answered("HTTP/1.1 200 OK\r\nConte"), ErrorKind::upstream_broken,
               "ended in its answer's head");
}

TEST_F(InferenceCallTest, IsBrokenWhenTheAnswerIsNoHttp) {
  expect_error(call_answered("220 mail.example ESMTP\r\n\r\n"), ErrorKind::upstream_broken,
               "malformed answer head");
}

TEST_F(InferenceCallTest, IsBrokenWhenTheUpstreamSwitchesProtocols) {
  expect_error(call_answered("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
               ErrorKind::upstream_broken, "malformed answer head");
}

TEST_F(InferenceCallTest, IsUnavailableWhenNoAnswerComesInTime) {
  generation_->limits.route_timeout = std::chrono::milliseconds(20);
  expect_error(call(), ErrorKind::unavailable, "no answer in time");
}

TEST_F(InferenceCallTest, WaitsAsLongAsTheRouteSaysWhereItSaysSo) {
  route_.timeout = std::chrono::milliseconds(20);
  expect_error(call(), ErrorKind::unavailable, "no answer in time");
}

TEST_F(InferenceCallTest, TakesNothingForAnAnswerThatCameBeforeTheRequest) {
  constexpr std::string_view kEarly = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  ASSERT_EQ(::send(far_.get(), kEarly.data(), kEarly.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(kEarly.size()));
  // The connection is left, and there is no address for another.
  EXPECT_EQ(call().error, ErrorKind::unavailable);
  EXPECT_EQ(sent(), "");
}

TEST_F(InferenceCallTest, IsUnavailableWhenTheRoutesNameDoesNotResolve) {
  route_.base.authority.host = "llm.example";
  const RouteResult result = call();
  EXPECT_EQ(result.error, ErrorKind::unavailable);
  EXPECT_THAT(result.cause, HasSubstr("llm.example"));
}

TEST_F(InferenceCallTest, PassesOverInterimAnswers) {
  const RouteResult result = call_answered(
      "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_FALSE(result.error);
  EXPECT_EQ(result.status, 200U);
  EXPECT_THAT(sent(), AllOf(StartsWith("HTTP/1.1 200 "), Not(HasSubstr("103")), HasSubstr("ok")));
}

TEST_F(InferenceCallTest, HandsOnARedirectAsTheAnswer) {
  const RouteResult result = call_answered(
      "HTTP/1.1 308 Permanent Redirect\r\nLocation: http://b.example/\r\nContent-Length: "
      "0\r\n\r\n");
  EXPECT_FALSE(result.error);
  EXPECT_THAT(sent(), AllOf(StartsWith("HTTP/1.1 308 "), HasSubstr("http://b.example/"),
                            EndsWith("\r\n\r\n")));
}

TEST_F(InferenceCallTest, KeepsAConnectionWhoseAnswerIsWhole) {
  loop_.spawn(call_and_tell(services_, request_, addresses_, client_inlet_, result_, ended_));
  loop_.poll();
  constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  ASSERT_EQ(::send(far_.get(), kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(kAnswer.size()));
  loop_.run_until(ended_);
  EXPECT_TRUE(result_.client_keeps);
  EXPECT_EQ(pool_.size(), 1U);
}

// The far end is gone by now, and there is no address for another.
TEST_F(InferenceCallTest, LeavesAKeptConnectionThatItsPeerHasEnded) {
  call_answered("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  loop_.poll();
  EXPECT_EQ(call().error, ErrorKind::unavailable);
  EXPECT_EQ(pool_.size(), 0U);
}

TEST_F(InferenceCallTest, LeavesAKeptConnectionToWhereItsNameLeadsNoMore) {
  addresses_.endpoints = {net::Endpoint{{}, 1}};
  EXPECT_EQ(call().error, ErrorKind::unavailable);
  EXPECT_EQ(pool_.size(), 1U);
}

TEST_F(InferenceCallTest, KeepsNoConnectionThatIsNotAtTheEndOfAnAnswer) {
  const std::string_view answers[] = {
      "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
      "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
      "HTTP/1.1 200 OK\r\n\r\nuntil the end",
  };
  // A buffered answer that breaks is answered for, and the client stays.
  request_.match.delivery = inference::Delivery::buffered;
  for (const std::string_view answer : answers) {
    auto [near, far] = net::testing::make_fake_pair(loop_.executor(), loop_.deadlines);
    iovec piece = net::as_iovec(answer);
    while (auto left = pool_.take(UpstreamKey{false, "", kPeer}, generation_->routes.get()))
      left->close();
    keep(std::move(near));
    loop_.spawn(call_and_tell(services_, request_, addresses_, client_inlet_, result_, ended_));
    loop_.poll();
    ASSERT_TRUE(far->try_write(std::span<const iovec>(&piece, 1)));
    far->shutdown_write();
    loop_.run_until(ended_);
    EXPECT_FALSE(result_.client_gone) << answer;
    EXPECT_EQ(pool_.size(), 0U) << answer;
    ended_ = false;
  }
}

net::Task<void> accept_and_answer(net::TcpListener& listener, int& accepted) {
  auto stream = co_await listener.accept();
  if (!stream) co_return;
  ++accepted;
  constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew";
  const auto wrote = co_await net::write_all(**stream, kAnswer);
  EXPECT_TRUE(wrote);
  std::array<std::byte, kRequestSize> bytes;
  const std::span<std::byte> into(bytes);
  const auto got = co_await net::read_some(**stream, into);
  EXPECT_TRUE(got);
}

class InferenceRetryTest : public InferenceCallTest {
 protected:
  InferenceRetryTest() {
    route_.base.authority.host = "127.0.0.1";
    route_.base.authority.port = listener_.local_endpoint().port;
    loop_.spawn(accept_and_answer(listener_, accepted_));
  }
  // Makes a pair, keeps one end for the route, and gives back both.
  std::array<int, 2> keep_pair() {
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
    far_.reset(fds[0]);
    keep(std::make_unique<net::TcpStream>(loop_.executor(), loop_.deadlines,
                                          base::UniqueFd(fds[1])));
    return fds;
  }
  net::TcpListener listener_{loop_.executor(), loop_.deadlines,
                             net::TcpListener::bind(*net::Endpoint::parse("127.0.0.1:0")).value()};
  int accepted_ = 0;
};

TEST_F(InferenceRetryTest, OpensAnotherForAKeptConnectionThatIsDead) {
  keep_pair();
  far_.reset();
  const RouteResult result = call();
  EXPECT_EQ(result.status, 200U);
  EXPECT_EQ(accepted_, 1);
}

// It is alive to whoever looks, and takes nothing.
TEST_F(InferenceRetryTest, SendsAgainWhatAKeptConnectionTookNothingOf) {
  const std::array<int, 2> fds = keep_pair();
  ASSERT_EQ(::shutdown(fds[1], SHUT_WR), 0);
  const RouteResult result = call();
  EXPECT_FALSE(result.error) << result.cause;
  EXPECT_EQ(accepted_, 1);
  EXPECT_THAT(sent(), HasSubstr("\r\n3\r\nnew\r\n"));
}

TEST_F(InferenceRetryTest, SendsNothingAgainOnceAnOctetWasTaken) {
  keep_pair();
  const RouteResult result = call_answered("", 4);
  EXPECT_EQ(result.error, ErrorKind::upstream_broken);
  loop_.poll();
  EXPECT_EQ(accepted_, 0);
}

TEST_F(InferenceRetryTest, SendsNothingAgainThatANewConnectionRefused) {
  listener_.close();
  EXPECT_EQ(call().error, ErrorKind::unavailable);
}

}  // namespace
}  // namespace sallyport::relay
