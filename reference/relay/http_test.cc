#include "reference/relay/http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>

#include "reference/net/io.h"
#include "reference/net/testing/fake_stream.h"
#include "reference/net/testing/run.h"
#include "reference/tls/client_context.h"

namespace sallyport::relay {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class NoResolver final : public net::Resolver {
 public:
  net::Task<base::Result<std::vector<net::IpAddress>>> resolve(std::string) override {
    co_return base::Error(net::ResolveErrc::not_found);
  }
};

class Messages final : public audit::AuditSink {
 public:
  void emit(const audit::Event& event) override { all.push_back(event.message); }
  std::vector<std::string> all;
};

class OneGeneration final : public GenerationSource {
 public:
  std::shared_ptr<const egress::Generation> current() const override { return now; }
  std::shared_ptr<const egress::Generation> now = std::make_shared<egress::Generation>();
};

// An upstream that answers each of `answers` to one request; what it was sent goes to `seen`.
net::Task<void> answer_each(net::Executor executor, net::Deadlines& deadlines, int fd,
                            std::vector<std::string> answers, std::string& seen) {
  net::TcpStream stream(executor, deadlines, base::UniqueFd(fd));
  std::array<std::byte, 4096> bytes;
  for (const std::string& answer : answers) {
    const std::span<std::byte> into(bytes);
    const auto got = co_await net::read_some(stream, into);
    if (!got || *got == 0) co_return;
    seen.append(reinterpret_cast<const char*>(bytes.data()), *got);
    const auto wrote = co_await net::write_all(stream, answer);
    if (!wrote) co_return;
  }
}

// A tunnel to a.example:8080 whose upstream is a real socket, answered in advance.
class HttpTest : public ::testing::Test {
 protected:
  HttpTest() {
    auto generation = std::make_shared<egress::Generation>();
    generation->number = 1;
    generation->limits.keep_alive_idle = std::chrono::milliseconds(20);
    generation->limits.head_read = std::chrono::milliseconds(200);
    generation->limits.drain = std::chrono::milliseconds(5);
    generations_.now = generation;
    grant_.generation = generation;
    grant_.intent.host = "a.example";
    grant_.intent.port = 8080;
    grant_.allow.policy = "api";
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
    far_.reset(fds[0]);
    upstream_.adopt(std::make_unique<net::TcpStream>(loop_.executor(), loop_.deadlines,
                                                     base::UniqueFd(fds[1])));
  }
  void from_client(std::string_view text) {
    iovec piece = net::as_iovec(text);
    ASSERT_TRUE(client_.first->try_write(std::span<const iovec>(&piece, 1)));
  }
  void run() {
    client_.first->shutdown_write();
    loop_.run(relay_http(services_, grant_, 80, inlet_, upstream_));
  }
  std::string sent_up() {
    std::array<char, 4096> bytes{};
    const ssize_t got = ::recv(far_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    return got > 0 ? std::string(bytes.data(), static_cast<std::size_t>(got)) : std::string();
  }
  [[nodiscard]] const std::string& sent_down() const { return client_.second->written(); }

  net::testing::TestLoop loop_;
  base::StderrLog log_{base::LogLevel::error};
  net::BufferPool buffers_;
  NoResolver resolver_;
  net::TcpDialer dialer_{loop_.executor(), loop_.deadlines};
  net::TaskGroup sessions_{loop_.executor(), log_};
  Messages audit_;
  OneGeneration generations_;
  base::Result<tls::ClientContext> upstream_tls_ = tls::ClientContext::create({"", ""});
  Services services_{loop_.executor(), loop_.clock, buffers_, resolver_,    dialer_,
                     sessions_,        audit_,      log_,     generations_, *upstream_tls_};
  Grant grant_;
  net::testing::FakePair client_ = net::testing::make_fake_pair(loop_.executor(), loop_.deadlines);
  Inlet inlet_{*client_.second, buffers_};
  base::UniqueFd far_;
  Upstream upstream_{services_, UpstreamTarget{}, base::Limits{}};
};

TEST_F(HttpTest, ServesRequestsOneAfterTheOtherOnOneUpstreamConnection) {
  std::string seen;
  const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  const std::vector<std::string> answers = {ok, ok};
  loop_.spawn(answer_each(loop_.executor(), loop_.deadlines, far_.release(), answers, seen));
  from_client(
      "GET /a/../1 HTTP/1.1\r\nHost: a.example:8080\r\n\r\n"
      "GET /2?q HTTP/1.1\r\nHost: a.example:8080\r\n\r\n");
  run();
  EXPECT_THAT(seen, AllOf(StartsWith("GET /1 HTTP/1.1\r\n"), HasSubstr("GET /2?q HTTP/1.1\r\n")));
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

TEST_F(HttpTest, RefusesUpgradesByName) {
  from_client(
      "GET / HTTP/1.1\r\nHost: a.example:8080\r\nConnection: Upgrade\r\nUpgrade: "
      "websocket\r\n\r\n");
  run();
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("unsupported_l7_protocol")));
  EXPECT_EQ(sent_up(), "");
}

TEST_F(HttpTest, ClosesWithoutAWordWhenTheGenerationChangedBetweenRequests) {
  generations_.now = std::make_shared<egress::Generation>();
  from_client("GET / HTTP/1.1\r\nHost: a.example:8080\r\n\r\n");
  run();
  EXPECT_EQ(sent_down(), "");
  EXPECT_EQ(sent_up(), "");
  EXPECT_THAT(audit_.all, Contains(HasSubstr("L7 tunnel closed after policy reload")));
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
