// How a request's body comes into memory for middleware, and what happens where it doesn't.
#include "reference/net/io.h"
#include "reference/relay/middleware.h"
#include "reference/relay/testing/http_fixture.h"

namespace sallyport::relay {
namespace {

using policy::OnError;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::string post(std::string_view fields, std::string_view body) {
  return std::string("POST / HTTP/1.1\r\nHost: a.example:8080\r\n").append(fields) +
         std::string("\r\n").append(body);
}

std::string chunked(std::string_view body) {
  return post("Transfer-Encoding: chunked\r\nTrailer: X-End\r\n", body);
}

// A client that sends its body once it is told to go on.
net::Task<void> continue_when_told(net::testing::FakeStream& client, std::string body) {
  std::string got;
  std::array<std::byte, 256> bytes;
  while (got.find(kContinue) == std::string::npos) {
    const std::span<std::byte> into(bytes);
    const auto read = co_await net::read_some(client, into);
    if (!read || *read == 0) co_return;
    got.append(reinterpret_cast<const char*>(bytes.data()), *read);
  }
  const auto wrote = co_await net::write_all(client, body);
  EXPECT_TRUE(wrote);
  client.shutdown_write();
}

net::Task<void> hold_permit(middleware::Admission& admission,
                            middleware::Admission::Permit& permit) {
  permit = co_await admission.acquire();
}

class MiddlewareBodyTest : public HttpTest {
 protected:
  void serve(OnError on_error, std::string_view request) {
    guard(on_error);
    answer({std::string(kOk)});
    from_client(request);
    run();
  }
  void refuse(OnError on_error, std::string_view request) {
    guard(on_error);
    from_client(request);
    run();
    EXPECT_EQ(sent_up(), "");
    EXPECT_TRUE(stage_->asked.empty());
  }
  [[nodiscard]] std::string body_disposition() const {
    const audit::Event* const event = audit_.finding("openshell.middleware.body_unavailable");
    return event == nullptr ? "" : event->finding->evidence.back().second;
  }
};

TEST_F(MiddlewareBodyTest, TakesABodyOfExactlyTheLimit) {
  serve(OnError::fail_closed, post("Content-Length: 16\r\n", "0123456789abcdef"));
  ASSERT_EQ(stage_->asked.size(), 1U);
  EXPECT_EQ(stage_->asked[0].body(), "0123456789abcdef");
  EXPECT_THAT(sent_down(), StartsWith("HTTP/1.1 200"));
}

TEST_F(MiddlewareBodyTest, TakesChunksApartAndSendsTheirLength) {
  serve(OnError::fail_closed,
        chunked("8\r\n01234567\r\n8;x=y\r\n89abcdef\r\n0\r\nX-End: 1\r\n\r\n"));
  ASSERT_EQ(stage_->asked.size(), 1U);
  EXPECT_EQ(stage_->asked[0].body(), "0123456789abcdef");
  EXPECT_THAT(seen_, AllOf(HasSubstr("ontent-length: 16\r\n"), Not(HasSubstr("ransfer-")),
                           Not(HasSubstr("railer")), EndsWith("\r\n\r\n0123456789abcdef")));
}

TEST_F(MiddlewareBodyTest, RefusesALengthOverTheLimitWithoutReadingIt) {
  refuse(OnError::fail_closed, post("Content-Length: 17\r\n", "0123456789abcdefg"));
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("middleware_failed")));
  EXPECT_EQ(body_disposition(), "denied");
}

TEST_F(MiddlewareBodyTest, RefusesALengthThatNoMemoryHolds) {
  refuse(OnError::fail_closed, post("Content-Length: 9223372036854775807\r\n", "x"));
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("middleware_failed")));
}

TEST_F(MiddlewareBodyTest, StreamsALengthOverTheLimitWhereEveryEntryFailsOpen) {
  serve(OnError::fail_open, post("Content-Length: 17\r\n", "0123456789abcdefg"));
  EXPECT_TRUE(stage_->asked.empty());
  EXPECT_THAT(seen_, AllOf(HasSubstr("Content-Length: 17\r\n"), EndsWith("0123456789abcdefg")));
  EXPECT_EQ(body_disposition(), "fail_open");
  EXPECT_EQ(audit_.finding("openshell.middleware.failure"), nullptr);
}

TEST_F(MiddlewareBodyTest, RefusesChunksOverTheLimitEvenWhereEveryEntryFailsOpen) {
  refuse(OnError::fail_open, chunked("11\r\n0123456789abcdefg\r\n0\r\n\r\n"));
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("middleware_failed")));
  EXPECT_EQ(body_disposition(), "denied");
}

TEST_F(MiddlewareBodyTest, RefusesALengthOverTheLimitWhereOneEntryFailsClosed) {
  auto generation = make_generation();
  add_entry(*generation, "guard", OnError::fail_open);
  add_entry(*generation, "absent", OnError::fail_closed, 1);
  install(std::move(generation));
  open_tunnel();
  from_client(post("Content-Length: 17\r\n", "0123456789abcdefg"));
  run();
  EXPECT_EQ(sent_up(), "");
  EXPECT_THAT(sent_down(), HasSubstr("middleware_failed"));
}

TEST_F(MiddlewareBodyTest, AsksForTheBodyThatTheClientHoldsBack) {
  guard(OnError::fail_closed);
  answer({std::string(kOk)});
  from_client(post("Expect: 100-continue\r\nContent-Length: 5\r\n", ""));
  loop_.spawn(continue_when_told(*client_.first, "hello"));
  run_open();
  EXPECT_THAT(sent_down(), StartsWith(std::string(kContinue) + "HTTP/1.1 200 OK"));
  EXPECT_THAT(seen_, AllOf(Not(HasSubstr("Expect")), EndsWith("\r\n\r\nhello")));
}

TEST_F(MiddlewareBodyTest, DoesNotAskForABodyThatIsOverTheLimit) {
  refuse(OnError::fail_closed, post("Expect: 100-continue\r\nContent-Length: 17\r\n", ""));
  EXPECT_THAT(sent_down(), StartsWith("HTTP/1.1 403"));
}

TEST_F(MiddlewareBodyTest, ShedsARequestWithoutAPermitBeforeItsBody) {
  middleware::Admission::Permit permit;
  loop_.run(hold_permit(admission_, permit));
  ASSERT_TRUE(permit.held());
  refuse(OnError::fail_open, post("Expect: 100-continue\r\nContent-Length: 5\r\n", ""));
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("middleware_failed")));
  EXPECT_NE(audit_.finding("openshell.middleware.admission_exhausted"), nullptr);
}

TEST_F(MiddlewareBodyTest, GivesThePermitBackWhateverCameOfTheRequest) {
  refuse(OnError::fail_closed, post("Content-Length: 17\r\n", "0123456789abcdefg"));
  middleware::Admission::Permit permit;
  loop_.run(hold_permit(admission_, permit));
  EXPECT_TRUE(permit.held());
}

TEST_F(MiddlewareBodyTest, GivesUpOnABodyThatComesTooSlowly) {
  guard(OnError::fail_open);
  from_client(post("Content-Length: 5\r\n", "hell"));
  run_open();
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 408"), HasSubstr("request_timeout")));
  EXPECT_EQ(sent_up(), "");
  EXPECT_TRUE(stage_->asked.empty());
}

TEST_F(MiddlewareBodyTest, RefusesFieldsThatNoServiceCouldDecode) {
  refuse(OnError::fail_open, post("X-Odd: \xFF\r\nContent-Length: 5\r\n", "hello"));
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("invalid_request")));
}

TEST_F(MiddlewareBodyTest, AnswersChunksThatAreNone) {
  refuse(OnError::fail_open, chunked("zz\r\n"));
  EXPECT_THAT(sent_down(), AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("invalid_request")));
}

TEST_F(MiddlewareBodyTest, ResetsAClientThatEndsInsideItsBody) {
  refuse(OnError::fail_open, post("Content-Length: 5\r\n", "he"));
  EXPECT_EQ(sent_down(), "");
  EXPECT_TRUE(client_.second->aborted());
}

}  // namespace
}  // namespace sallyport::relay
