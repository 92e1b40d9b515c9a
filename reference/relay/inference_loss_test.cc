#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/relay/testing/inference_fixture.h"

namespace sallyport::relay {
namespace {

using ::testing::HasSubstr;

class InferenceLossTest : public InferenceCallTest {
 protected:
  void lose_client_after(std::string_view answer) {
    loop_.spawn(call_and_tell(services_, request_, addresses_, client_inlet_, result_, ended_));
    loop_.poll();
    ASSERT_EQ(::send(far_.get(), answer.data(), answer.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(answer.size()));
    loop_.poll();
    ASSERT_FALSE(ended_);
    if (how_ == How::reset) client_.first->abort();
    if (how_ == How::end) client_.first->shutdown_write();
    loop_.run_until(ended_);
    EXPECT_EQ(pool_.size(), 0U);
    EXPECT_TRUE(result_.client_gone);
    EXPECT_FALSE(result_.error);
    EXPECT_FALSE(result_.client_keeps);
  }
  enum class How { reset, end };
  How how_ = How::reset;
};

TEST_F(InferenceLossTest, GivesUpAtOnceWhenTheClientOnlyEnds) {
  how_ = How::end;
  lose_client_after("");
}

TEST_F(InferenceLossTest, GivesUpAtOnceWhenTheClientOnlyEndsAmidAStream) {
  how_ = How::end;
  request_.match.delivery = inference::Delivery::streaming;
  lose_client_after(
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 99\r\n\r\ndata: "
      "1\n\n");
}

TEST_F(InferenceLossTest, BelievesThatAClientWaitsThatHasAskedForMore) {
  constexpr std::string_view kNext = "GET /v1/models HTTP/1.1\r\n\r\n";
  loop_.spawn(call_and_tell(services_, request_, addresses_, client_inlet_, result_, ended_));
  loop_.poll();
  iovec piece = net::as_iovec(kNext);
  ASSERT_TRUE(client_.first->try_write(std::span<const iovec>(&piece, 1)));
  client_.first->shutdown_write();
  loop_.poll();
  ASSERT_FALSE(ended_);
  constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  ASSERT_EQ(::send(far_.get(), kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(kAnswer.size()));
  loop_.run_until(ended_);
  EXPECT_FALSE(result_.client_gone);
  EXPECT_EQ(client_inlet_.bytes(), kNext);
  EXPECT_THAT(sent(), HasSubstr("\r\n2\r\nok\r\n"));
}

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
