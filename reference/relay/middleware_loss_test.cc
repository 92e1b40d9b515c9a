// A client that leaves while its request waits for middleware: what it had is given back at once,
// and nobody works for it any more.
#include <chrono>

#include "reference/net/event.h"
#include "reference/relay/middleware.h"
#include "reference/relay/testing/http_fixture.h"

namespace sallyport::relay {
namespace {

using policy::OnError;
using ::testing::Contains;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kPost =
    "POST / HTTP/1.1\r\nHost: a.example:8080\r\nContent-Length: 16\r\n\r\nhello middleware";

// Thinks until it is told to go on, and allows then; or until its call is cancelled.
class ThinkingStage final : public middleware::Stage {
 public:
  explicit ThinkingStage(net::Executor executor) : go(executor) {}
  net::Task<rpc::Status> evaluate(const wire::HttpRequestEvaluation&,
                                  wire::HttpRequestResult& result, base::TimePoint) override {
    ++asked;
    const bool told = co_await go.wait();
    rpc::Status status;
    if (!told) {
      ++cancelled;
      status.code = rpc::Code::cancelled;
    }
    result.set_decision(wire::DECISION_ALLOW);
    co_return status;
  }
  net::Task<rpc::Status> validate(const google::protobuf::Struct&, const std::string&, std::string&,
                                  base::TimePoint) override {
    co_return rpc::Status();
  }
  net::Event go;
  int asked = 0;
  int cancelled = 0;
};

net::Task<void> hold_permit(middleware::Admission& admission,
                            middleware::Admission::Permit& permit) {
  permit = co_await admission.acquire();
}

class MiddlewareLeaverTest : public HttpTest {
 protected:
  // An entry whose stage thinks, and after it one whose stage is `stage_`.
  void think(OnError on_error) {
    auto generation = make_generation();
    middleware::Implementation thinking = *generation->middleware->find("guard");
    const middleware::Implementation next = thinking;
    thinking.name = "thinking";
    thinking.stage = thinking_;
    generation->middleware = std::make_shared<middleware::Registry>(
        std::map<std::string, middleware::Implementation, std::less<>>{{"thinking", thinking},
                                                                       {"guard", next}});
    add_entry(*generation, "thinking", on_error);
    add_entry(*generation, "guard", on_error, 1);
    generation->limits.middleware_body = std::chrono::seconds(30);
    install(std::move(generation));
    open_tunnel();
  }
  net::Task<void> relay() {
    co_await relay_http(waiting_, grant_, 80, inlet_, upstream_);
    ended_ = true;
  }
  void begin(std::string_view request) {
    from_client(request);
    loop_.spawn(relay());
    loop_.poll();
    ASSERT_FALSE(ended_);
  }
  void lose_client() {
    client_.first->abort();
    loop_.run_until(ended_);
    EXPECT_EQ(sent_up(), "");
    EXPECT_EQ(sent_down(), "");
    EXPECT_TRUE(client_.second->aborted());
    EXPECT_EQ(audit_.all, std::vector<std::string>{"HTTP relay error: a.example:8080"});
  }

  std::shared_ptr<ThinkingStage> thinking_ = std::make_shared<ThinkingStage>(loop_.executor());
  middleware::Admission queue_{loop_.executor(), 1, 1};
  Services waiting_{services_.executor,     services_.clock,  services_.buffers,
                    services_.resolver,     services_.dialer, services_.sessions,
                    services_.audit,        services_.log,    services_.generations,
                    services_.upstream_tls, queue_,           services_.random,
                    services_.sandbox};
  bool ended_ = false;
};

TEST_F(MiddlewareLeaverTest, CancelsTheCallAndFreesThePermitAtOnceWhenItLeaves) {
  think(OnError::fail_closed);
  begin(kPost);
  EXPECT_EQ(thinking_->asked, 1);
  EXPECT_EQ(queue_.held(), 1U);
  lose_client();
  EXPECT_EQ(thinking_->cancelled, 1);
  EXPECT_EQ(queue_.held(), 0U);
}

TEST_F(MiddlewareLeaverTest, AsksNoFurtherStageWhereTheCancelledOneFailsOpen) {
  think(OnError::fail_open);
  begin(kPost);
  lose_client();
  EXPECT_EQ(thinking_->cancelled, 1);
  EXPECT_TRUE(stage_->asked.empty());
}

TEST_F(MiddlewareLeaverTest, LeavesItsPlaceInTheQueueAtOnce) {
  think(OnError::fail_closed);
  middleware::Admission::Permit permit;
  loop_.run(hold_permit(queue_, permit));
  begin(kPost);
  EXPECT_EQ(queue_.waiting(), 1U);
  lose_client();
  EXPECT_EQ(queue_.waiting(), 0U);
  EXPECT_EQ(thinking_->asked, 0);
  permit.release();
  EXPECT_EQ(queue_.held(), 0U);
}

TEST_F(MiddlewareLeaverTest, FreesThePermitAtOnceInTheMiddleOfItsBody) {
  think(OnError::fail_closed);
  begin(kPost.substr(0, kPost.size() - 4));
  EXPECT_EQ(queue_.held(), 1U);
  lose_client();
  EXPECT_EQ(queue_.held(), 0U);
  EXPECT_EQ(thinking_->asked, 0);
}

TEST_F(MiddlewareLeaverTest, IsThereStillWhenItOnlyEndsItsDirection) {
  think(OnError::fail_closed);
  begin(kPost);
  client_.first->shutdown_write();
  loop_.poll();
  EXPECT_FALSE(ended_);
  EXPECT_EQ(queue_.held(), 1U);
  answer({"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"});
  thinking_->go.notify();
  loop_.run_until(ended_);
  EXPECT_EQ(thinking_->cancelled, 0);
  EXPECT_THAT(seen_, EndsWith("hello middleware"));
  EXPECT_THAT(sent_down(), StartsWith("HTTP/1.1 200 OK"));
}

TEST_F(MiddlewareLeaverTest, KeepsItsPlaceInTheQueueWhenItOnlyEndsItsDirection) {
  think(OnError::fail_closed);
  middleware::Admission::Permit permit;
  loop_.run(hold_permit(queue_, permit));
  begin(kPost);
  client_.first->shutdown_write();
  loop_.poll();
  EXPECT_EQ(queue_.waiting(), 1U);
  permit.release();
  loop_.poll();
  EXPECT_EQ(thinking_->asked, 1);
  lose_client();
}

TEST_F(MiddlewareLeaverTest, IsNoticedAgainAtItsUpstreamOnceTheChainHasPassed) {
  think(OnError::fail_closed);
  begin(kPost);
  thinking_->go.notify();
  loop_.poll();
  EXPECT_THAT(sent_up(), EndsWith("hello middleware"));
  client_.first->abort();
  loop_.run_until(ended_);
  EXPECT_THAT(audit_.all, Contains(HasSubstr("HTTP_REQUEST allow")));
}

TEST_F(MiddlewareLeaverTest, KeepsItsPermitThroughAReload) {
  think(OnError::fail_closed);
  begin(kPost);
  install(make_generation());
  loop_.poll();
  EXPECT_FALSE(ended_);
  EXPECT_EQ(queue_.held(), 1U);
  lose_client();
}

TEST_F(MiddlewareLeaverTest, EndsWithItsProcessLikeAnyOther) {
  think(OnError::fail_open);
  from_client(kPost);
  sessions_.spawn(relay());
  loop_.poll();
  EXPECT_EQ(thinking_->asked, 1);
  sessions_.force();
  loop_.poll();
  EXPECT_EQ(sessions_.size(), 0U);
  EXPECT_EQ(sessions_.bugs(), 0U);
  EXPECT_EQ(thinking_->cancelled, 1);
  EXPECT_EQ(queue_.held(), 0U);
  EXPECT_EQ(sent_up(), "");
  EXPECT_THAT(audit_.all, Not(Contains(HasSubstr("allow"))));
}

}  // namespace
}  // namespace sallyport::relay
