#include "reference/relay/inference_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>

#include "reference/inference/routes.h"
#include "reference/middleware/admission.h"
#include "reference/net/io.h"
#include "reference/net/testing/fake_stream.h"
#include "reference/net/testing/run.h"
#include "reference/tls/client_context.h"

namespace sallyport::relay {
namespace {

using inference::ErrorKind;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kHead =
    "POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 2\r\n\r\n";
constexpr std::string_view kBody = "{}";
constexpr std::size_t kRequestSize = kHead.size() + kBody.size();

class NoResolver final : public net::Resolver {
 public:
  net::Task<base::Result<std::vector<net::IpAddress>>> resolve(std::string) override {
    co_return base::Error(net::ResolveErrc::not_found);
  }
};

class NoAudit final : public audit::AuditSink {
 public:
  void emit(const audit::Event&) override {}
};

class NoGeneration final : public GenerationSource {
 public:
  std::shared_ptr<const egress::Generation> current() const override { return nullptr; }
};

// An upstream that reads `size` octets of the request, says `answer`, and ends; what it hasn't read
// makes that a reset.
net::Task<void> answer_and_end(net::Executor executor, net::Deadlines& deadlines, int fd,
                               std::size_t size, std::string answer) {
  net::TcpStream stream(executor, deadlines, base::UniqueFd(fd));
  std::array<std::byte, kRequestSize> bytes;
  std::size_t read = 0;
  while (read < size) {
    const std::span<std::byte> into = std::span(bytes).first(size - read);
    const auto got = co_await net::read_some(stream, into);
    if (!got || *got == 0) co_return;
    read += *got;
  }
  const auto wrote = co_await net::write_all(stream, answer);
  EXPECT_TRUE(wrote);
}

// A call whose connection to the upstream is a socket pair that stands already.
class InferenceCallTest : public ::testing::Test {
 protected:
  InferenceCallTest() {
    generation_->limits.route_timeout = std::chrono::milliseconds(10'000);
    request_.generation = connection_.generation = generation_;
    request_.route = connection_.route = &route_;
    request_.match.method = "POST";
    request_.head = kHead;
    body_.pieces = {kBody};
    body_.bytes = kBody.size();
    request_.body = &body_;
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
    far_.reset(fds[0]);
    connection_.upstream =
        std::make_unique<Upstream>(services_, UpstreamTarget{}, generation_->limits);
    connection_.upstream->adopt(std::make_unique<net::TcpStream>(loop_.executor(), loop_.deadlines,
                                                                 base::UniqueFd(fds[1])));
  }
  RouteResult call() {
    return loop_.run(call_route(services_, request_, connection_, client_inlet_));
  }
  RouteResult call_answered(std::string answer, std::size_t reads = kRequestSize) {
    loop_.spawn(answer_and_end(loop_.executor(), loop_.deadlines, far_.release(), reads,
                               std::move(answer)));
    return call();
  }
  void expect_error(const RouteResult& result, ErrorKind kind, std::string_view cause) {
    EXPECT_EQ(result.error, kind);
    EXPECT_EQ(result.cause, cause);
    EXPECT_TRUE(result.client_keeps);
    EXPECT_EQ(sent(), "");
  }
  [[nodiscard]] const std::string& sent() const { return client_.second->written(); }

  net::testing::TestLoop loop_;
  base::StderrLog log_{base::LogLevel::error};
  net::BufferPool buffers_;
  NoResolver resolver_;
  net::TcpDialer dialer_{loop_.executor(), loop_.deadlines};
  net::TaskGroup sessions_{loop_.executor(), log_};
  NoAudit audit_;
  NoGeneration generations_;
  base::Result<tls::ClientContext> upstream_tls_ = tls::ClientContext::create({"", ""});
  middleware::Admission admission_{loop_.executor(), 1, 0};
  base::SeededRandom random_{7};
  SandboxIdentity sandbox_;
  Services services_{loop_.executor(), loop_.clock, buffers_, resolver_,    dialer_,
                     sessions_,        audit_,      log_,     generations_, *upstream_tls_,
                     admission_,       random_,     sandbox_};
  net::testing::FakePair client_ = net::testing::make_fake_pair(loop_.executor(), loop_.deadlines);
  Inlet client_inlet_{*client_.second, buffers_};
  std::shared_ptr<egress::Generation> generation_ = std::make_shared<egress::Generation>();
  inference::Route route_;
  inference::SplicedBody body_;
  RouteRequest request_;
  RouteConnection connection_;
  base::UniqueFd far_;
};

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
  connection_ = {};
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

net::Task<void> call_and_tell(const Services& services, const RouteRequest& request,
                              RouteConnection& connection, Inlet& client, RouteResult& result,
                              bool& ended) {
  result = co_await call_route(services, request, connection, client);
  ended = true;
}

class InferenceLossTest : public InferenceCallTest {
 protected:
  void lose_client_after(std::string_view answer) {
    loop_.spawn(call_and_tell(services_, request_, connection_, client_inlet_, result_, ended_));
    loop_.poll();
    ASSERT_EQ(::send(far_.get(), answer.data(), answer.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(answer.size()));
    loop_.poll();
    ASSERT_FALSE(ended_);
    client_.first->abort();
    loop_.run_until(ended_);
    EXPECT_TRUE(result_.client_gone);
    EXPECT_FALSE(result_.error);
    EXPECT_FALSE(result_.client_keeps);
  }
  RouteResult result_;
  bool ended_ = false;
};

TEST_F(InferenceLossTest, GivesUpAtOnceBeforeTheAnswer) { lose_client_after(""); }

TEST_F(InferenceLossTest, GivesUpAtOnceAmidABufferedAnswer) {
  lose_client_after("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\none");
  EXPECT_EQ(result_.status, 200U);
}

TEST_F(InferenceLossTest, GivesUpAtOnceAmidAStream) {
  request_.match.delivery = inference::Delivery::streaming;
  lose_client_after(
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 99\r\n\r\ndata: "
      "1\n\n");
  EXPECT_EQ(result_.cause, "the client ended");
}

}  // namespace
}  // namespace sallyport::relay
