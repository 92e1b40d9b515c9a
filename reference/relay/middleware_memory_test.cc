// The memory that bodies take for middleware: bounded from their first octet to the moment when
// their upstream has taken them, and no permit is held for that.
#include <sys/socket.h>

#include <array>

#include "reference/relay/body_budget.h"
#include "reference/relay/middleware.h"
#include "reference/relay/testing/http_fixture.h"

namespace sallyport::relay {
namespace {

using policy::OnError;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::uint64_t kReplaced = 4ULL * 1024 * 1024;  // more than a socket takes at once
constexpr std::string_view kHead = "POST / HTTP/1.1\r\nHost: a.example:8080\r\n";

std::string post(std::string_view rest) { return std::string(kHead).append(rest); }

class MiddlewareMemoryTest : public HttpTest {
 protected:
  explicit MiddlewareMemoryTest(std::uint64_t room = kReplaced) : bodies_(room, room) {
    services_.bodies = &bodies_;
  }
  // An entry whose stage takes, and gives, bodies of `kReplaced`.
  void replace() {
    auto generation = make_generation();
    middleware::Implementation large = *generation->middleware->find("guard");
    large.bindings.http->payload_bytes_max = kReplaced;
    generation->middleware = std::make_shared<middleware::Registry>(
        std::map<std::string, middleware::Implementation, std::less<>>{{"guard", large}});
    add_entry(*generation, "guard", OnError::fail_closed);
    install(std::move(generation));
    open_tunnel();
    stage_->act = [](wire::HttpRequestResult& result) {
      result.set_decision(wire::DECISION_ALLOW);
      result.set_has_body(true);
      result.set_body(std::string(kReplaced, 'x'));
      return rpc::Status();
    };
  }
  net::Task<void> relay() {
    co_await relay_http(services_, grant_, 80, inlet_, upstream_);
    ended_ = true;
  }
  void begin(std::string_view request) {
    from_client(request);
    loop_.spawn(relay());
    loop_.poll();
    ASSERT_FALSE(ended_);
  }
  // The upstream takes all that it can get, until nothing is held for it.
  void take() {
    std::array<char, 65536> bytes{};
    while (bodies_.held() != 0) {
      const ssize_t got = ::recv(far_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
      ASSERT_GT(got, 0);
      loop_.poll();
    }
  }
  void shed(std::string_view request) {
    guard(OnError::fail_open);
    from_client(request);
    run();
    EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("middleware_failed")));
    EXPECT_EQ(sent_up(), "");
    EXPECT_TRUE(stage_->asked.empty());
    EXPECT_NE(audit_.finding("openshell.middleware.admission_exhausted"), nullptr);
    EXPECT_EQ(admission_.held(), 0U);
    EXPECT_EQ(bodies_.held(), 0U);
  }

  BodyBudget bodies_;
  bool ended_ = false;
};

class MiddlewareLittleMemoryTest : public MiddlewareMemoryTest {
 protected:
  MiddlewareLittleMemoryTest() : MiddlewareMemoryTest(kLimit - 1) {}
};

TEST_F(MiddlewareMemoryTest, CountsABodyWhileItIsJudged) {
  guard(OnError::fail_closed);
  std::uint64_t held = 0;
  stage_->act = [this, &held](wire::HttpRequestResult& result) {
    held = bodies_.held();
    result.set_decision(wire::DECISION_DENY);
    return rpc::Status();
  };
  from_client(post("Content-Length: 5\r\n\r\nhello"));
  run();
  EXPECT_EQ(held, 5U);
  EXPECT_EQ(bodies_.held(), 0U);
}

TEST_F(MiddlewareMemoryTest, CountsChunksAsTheLargestThatTheyCanBeUntilTheyAreThere) {
  guard(OnError::fail_closed);
  begin(post("Transfer-Encoding: chunked\r\n\r\n5\r\nhel"));
  EXPECT_EQ(bodies_.held(), kLimit);
  client_.first->abort();
  loop_.run_until(ended_);
  EXPECT_EQ(bodies_.held(), 0U);
}

TEST_F(MiddlewareMemoryTest, GivesABodyUpAsSoonAsItsUpstreamHasIt) {
  guard(OnError::fail_closed);
  begin(post("Content-Length: 5\r\n\r\nhello"));
  EXPECT_EQ(bodies_.held(), 0U);  // and the answer is still to come
  client_.first->abort();
  loop_.run_until(ended_);
}

TEST_F(MiddlewareMemoryTest, HoldsNoPermitForAnUpstreamThatIsSlow) {
  replace();
  begin(post("Content-Length: 5\r\n\r\nhello"));
  EXPECT_EQ(bodies_.held(), kReplaced);
  EXPECT_EQ(admission_.held(), 0U);
  take();
  EXPECT_FALSE(ended_);
  client_.first->abort();
  loop_.run_until(ended_);
}

TEST_F(MiddlewareMemoryTest, IsFreeAgainWhenTheUpstreamBreaksBeforeItHasAll) {
  replace();
  begin(post("Content-Length: 5\r\n\r\nhello"));
  EXPECT_EQ(bodies_.held(), kReplaced);
  far_.reset();
  loop_.run_until(ended_);
  EXPECT_EQ(bodies_.held(), 0U);
  EXPECT_THAT(sent_down(), StartsWith("HTTP/1.1 502"));
}

TEST_F(MiddlewareMemoryTest, TakesAsMuchAsThereIs) {
  guard(OnError::fail_closed);
  const auto other = bodies_.take("b.example:80", kReplaced - 5);
  begin(post("Content-Length: 5\r\n\r\nhello"));
  EXPECT_EQ(stage_->asked.size(), 1U);
  client_.first->abort();
  loop_.run_until(ended_);
}

TEST_F(MiddlewareLittleMemoryTest, TurnsALengthAwayThatFindsNoRoom) {
  shed(post("Expect: 100-continue\r\nContent-Length: 16\r\n\r\n"));
}

TEST_F(MiddlewareLittleMemoryTest, TurnsChunksAwayThatMightFindNoRoom) {
  shed(post("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"));
}

TEST_F(MiddlewareLittleMemoryTest, StreamsWhatNobodyIsThereToSeeWhateverIsHeld) {
  auto generation = make_generation();
  add_entry(*generation, "absent", OnError::fail_open);
  install(std::move(generation));
  open_tunnel();
  answer({"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"});
  from_client(post("Content-Length: 16\r\n\r\n0123456789abcdef"));
  run();
  EXPECT_THAT(sent_down(), StartsWith("HTTP/1.1 200 OK"));
}

}  // namespace
}  // namespace sallyport::relay
