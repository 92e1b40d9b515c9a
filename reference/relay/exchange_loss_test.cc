// A client that breaks its connection while nothing but its upstream could be waited for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "reference/net/io.h"
#include "reference/net/testing/fake_stream.h"
#include "reference/net/testing/run.h"
#include "reference/relay/exchange.h"

namespace sallyport::relay {
namespace {

using net::testing::FakePair;
using ::testing::EndsWith;

class ExchangeLoss : public ::testing::Test {
 protected:
  ExchangeLoss() {
    request_.head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    request_.method = "GET";
  }
  static void put(net::ByteStream& stream, std::string_view text) {
    iovec piece = net::as_iovec(text);
    const auto wrote = stream.try_write(std::span<const iovec>(&piece, 1));
    ASSERT_TRUE(wrote && *wrote == text.size());
  }
  net::Task<void> relay() {
    result_ = co_await exchange(client_inlet_, upstream_inlet_, request_, limits_, loop_.clock);
    ended_ = true;
  }
  // Until nothing but the outside can move it on.
  void begin() {
    loop_.spawn(relay());
    loop_.poll();
    ASSERT_FALSE(ended_);
  }
  void lose_client() {
    client_.first->abort();
    loop_.run_until(ended_);
  }

  net::testing::TestLoop loop_;
  FakePair client_ = net::testing::make_fake_pair(loop_.executor(), loop_.deadlines);
  FakePair upstream_ = net::testing::make_fake_pair(loop_.executor(), loop_.deadlines);
  net::BufferPool buffers_;
  Inlet client_inlet_{*client_.second, buffers_};
  Inlet upstream_inlet_{*upstream_.first, buffers_};
  base::Limits limits_;  // their chunk_idle is longer than a test may take
  Outgoing request_;
  ExchangeResult result_;
  bool ended_ = false;
};

TEST_F(ExchangeLoss, ResetsAnUpstreamThatHasNotAnsweredYet) {
  begin();
  lose_client();
  EXPECT_EQ(result_.outcome, Outcome::client_gone);
  EXPECT_TRUE(upstream_.first->aborted());
  EXPECT_FALSE(result_.upstream_keeps);
}

TEST_F(ExchangeLoss, ResetsAnUpstreamWhoseStreamIsSilent) {
  begin();
  put(*upstream_.second, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\none");
  loop_.poll();
  EXPECT_THAT(client_.second->written(), EndsWith("one"));
  lose_client();
  EXPECT_EQ(result_.outcome, Outcome::client_gone);
  EXPECT_TRUE(upstream_.first->aborted());
}

TEST_F(ExchangeLoss, ResetsAnUpstreamThatDoesNotTakeAHeldBody) {
  request_.body = std::string(net::testing::FakeStream::kCapacity * 2, 'x');
  begin();
  lose_client();
  EXPECT_EQ(result_.outcome, Outcome::client_gone);
  EXPECT_TRUE(upstream_.first->aborted());
}

TEST_F(ExchangeLoss, ResetsAnUpstreamInTheMiddleOfAnUpload) {
  request_.framing = http::Framing{http::BodyKind::length, 10};
  begin();
  put(*client_.first, "abc");
  loop_.poll();
  lose_client();
  EXPECT_EQ(result_.outcome, Outcome::client_gone);
  EXPECT_TRUE(upstream_.first->aborted());
}

TEST_F(ExchangeLoss, AnswersAClientThatOnlyEndsItsDirection) {
  begin();
  client_.first->shutdown_write();
  loop_.poll();
  EXPECT_FALSE(ended_);
  put(*upstream_.second, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
  loop_.run_until(ended_);
  EXPECT_EQ(result_.outcome, Outcome::complete);
  EXPECT_THAT(client_.second->written(), EndsWith("hi"));
  EXPECT_FALSE(upstream_.first->aborted());
}

TEST_F(ExchangeLoss, LeavesAnUpstreamAloneWhoseAnswerWasDelivered) {
  put(*upstream_.second, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
  loop_.run(relay());
  client_.first->abort();
  loop_.poll();
  EXPECT_EQ(result_.outcome, Outcome::complete);
  EXPECT_TRUE(result_.upstream_keeps);
  EXPECT_FALSE(upstream_.first->aborted());
}

}  // namespace
}  // namespace sallyport::relay
