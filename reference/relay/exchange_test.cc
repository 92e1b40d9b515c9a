#include "reference/relay/exchange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/net/io.h"
#include "reference/net/testing/fake_stream.h"
#include "reference/net/testing/run.h"

namespace sallyport::relay {
namespace {

using net::testing::FakePair;
using net::testing::Faults;
using net::testing::TestLoop;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A client and an upstream in memory; `exchange` runs between their near ends.
struct Wires {
  TestLoop loop;
  FakePair client = net::testing::make_fake_pair(loop.executor(), loop.deadlines);
  FakePair upstream = net::testing::make_fake_pair(loop.executor(), loop.deadlines);
  net::BufferPool buffers;
  Inlet client_inlet{*client.second, buffers};
  Inlet upstream_inlet{*upstream.first, buffers};
  base::Limits limits;
  Outgoing request;

  Wires() {
    request.head = "POST / HTTP/1.1\r\nHost: a\r\n\r\n";
    request.method = "POST";
    limits.chunk_idle = std::chrono::milliseconds(500);
  }

  static void put(net::ByteStream& stream, std::string_view text) {
    iovec piece = net::as_iovec(text);
    const auto wrote = stream.try_write(std::span<const iovec>(&piece, 1));
    ASSERT_TRUE(wrote && *wrote == text.size());
  }
  void from_client(std::string_view text) { put(*client.first, text); }
  void from_upstream(std::string_view text) { put(*upstream.second, text); }
  void length(std::uint64_t bytes) {
    request.framing.kind = http::BodyKind::length;
    request.framing.length = bytes;
  }
  ExchangeResult run() {
    return loop.run(exchange(client_inlet, upstream_inlet, request, limits, loop.clock));
  }
  [[nodiscard]] const std::string& sent_up() const { return upstream.first->written(); }
  [[nodiscard]] const std::string& sent_down() const { return client.second->written(); }
};

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

TEST(Exchange, RelaysARequestAndItsAnswer) {
  Wires wires;
  wires.length(4);
  wires.from_client("body");
  wires.from_upstream(kOk);
  const ExchangeResult result = wires.run();
  EXPECT_EQ(result.outcome, Outcome::complete);
  EXPECT_EQ(result.status, 200U);
  EXPECT_TRUE(result.client_keeps);
  EXPECT_TRUE(result.upstream_keeps);
  EXPECT_THAT(wires.sent_up(), EndsWith("\r\n\r\nbody"));
  EXPECT_THAT(wires.sent_down(), EndsWith("\r\n\r\nhi"));
}

TEST(Exchange, LeavesAPipelinedRequestInTheClientsInlet) {
  Wires wires;
  wires.length(4);
  wires.from_client("bodyGET /second HTTP/1.1\r\n\r\n");
  wires.from_upstream(kOk);
  EXPECT_EQ(wires.run().outcome, Outcome::complete);
  EXPECT_THAT(wires.sent_up(), EndsWith("body"));
  EXPECT_THAT(wires.client_inlet.bytes(), StartsWith("GET /second"));
}

TEST(Exchange, NeverPassesOnOctetsBeyondTheAnswersLength) {
  Wires wires;
  wires.from_upstream(std::string(kOk) + "HTTP/1.1 200 OK\r\n\r\n");
  const ExchangeResult result = wires.run();
  EXPECT_THAT(wires.sent_down(), EndsWith("hi"));
  EXPECT_FALSE(result.upstream_keeps);
}

TEST(Exchange, PassesOnAnUnaskedContinueToNobody) {
  Wires wires;
  wires.from_upstream("HTTP/1.1 100 Continue\r\n\r\n" + std::string(kOk));
  EXPECT_EQ(wires.run().outcome, Outcome::complete);
  EXPECT_THAT(wires.sent_down(), StartsWith("HTTP/1.1 200 OK"));
}

TEST(Exchange, PassesOnTheContinueThatAClientExpects) {
  Wires wires;
  wires.request.expects_continue = true;
  wires.length(0);
  wires.from_upstream("HTTP/1.1 100 Continue\r\n\r\n" + std::string(kOk));
  EXPECT_EQ(wires.run().outcome, Outcome::complete);
  EXPECT_THAT(wires.sent_down(), StartsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK"));
}

TEST(Exchange, RefusesAnUnasked101) {
  Wires wires;
  wires.from_upstream("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nraw");
  EXPECT_EQ(wires.run().outcome, Outcome::bad_answer);
  EXPECT_EQ(wires.sent_down(), "");
}

TEST(Exchange, RefusesAnAnswerWithLengthAndEncoding) {
  Wires wires;
  wires.from_upstream(
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  EXPECT_EQ(wires.run().outcome, Outcome::bad_answer);
  EXPECT_EQ(wires.sent_down(), "");
}

TEST(Exchange, SaysNoAnswerWhenTheUpstreamEndsWithoutAWord) {
  Wires wires;
  wires.upstream.second->close();
  EXPECT_EQ(wires.run().outcome, Outcome::no_answer);
  EXPECT_EQ(wires.sent_down(), "");
}

TEST(Exchange, SaysLateWhenTheUpstreamIsSilent) {
  Wires wires;
  wires.limits.chunk_idle = std::chrono::milliseconds(5);
  EXPECT_EQ(wires.run().outcome, Outcome::late_answer);
}

TEST(Exchange, SaysCutWhenTheAnswerEndsBeforeItsLength) {
  Wires wires;
  wires.from_upstream("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi");
  wires.upstream.second->shutdown_write();
  const ExchangeResult result = wires.run();
  EXPECT_EQ(result.outcome, Outcome::cut);
  EXPECT_FALSE(result.client_keeps);
}

TEST(Exchange, RelaysUntilTheEndWithoutFramingAndClosesThen) {
  Wires wires;
  wires.from_upstream("HTTP/1.1 200 OK\r\n\r\nall of it");
  wires.upstream.second->shutdown_write();
  const ExchangeResult result = wires.run();
  EXPECT_EQ(result.outcome, Outcome::complete);
  EXPECT_FALSE(result.client_keeps);
  EXPECT_THAT(wires.sent_down(), AllOf(HasSubstr("Connection: close"), EndsWith("all of it")));
}

TEST(Exchange, DeliversAnAnswerThatComesBeforeTheUploadsEnd) {
  Wires wires;
  wires.length(1000);
  wires.from_client("part");
  wires.from_upstream("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
  const ExchangeResult result = wires.run();
  EXPECT_EQ(result.outcome, Outcome::complete);
  EXPECT_EQ(result.status, 413U);
  EXPECT_FALSE(result.client_keeps);
  EXPECT_THAT(wires.sent_down(), HasSubstr("Connection: close"));
}

TEST(Exchange, ResetsTheUpstreamWhenTheClientEndsInItsBody) {
  Wires wires;
  wires.length(1000);
  wires.from_client("part");
  wires.client.first->shutdown_write();
  EXPECT_EQ(wires.run().outcome, Outcome::client_gone);
  EXPECT_TRUE(wires.upstream.first->aborted());
}

TEST(Exchange, ResetsTheUpstreamAtMalformedChunks) {
  Wires wires;
  wires.request.framing.kind = http::BodyKind::chunked;
  wires.from_client("zz\r\n");
  EXPECT_EQ(wires.run().outcome, Outcome::bad_body);
  EXPECT_TRUE(wires.upstream.first->aborted());
}

TEST(Exchange, NeverHangsAndNeverClaimsSuccessWhicheverStepOfTheUpstreamFails) {
  bool succeeded = false;
  for (std::uint64_t k = 0; k < 200 && !succeeded; ++k) {
    Wires wires;
    wires.length(4);
    wires.from_client("body");
    wires.from_upstream(kOk);
    Faults faults;
    faults.fail_at = k;
    faults.read_max = 7;
    faults.write_max = 5;
    faults.hesitate = true;
    wires.upstream.first->set_faults(faults);
    const ExchangeResult result = wires.run();
    succeeded = wires.upstream.first->steps() <= k;
    if (succeeded) {
      EXPECT_EQ(result.outcome, Outcome::complete);
    } else if (result.outcome == Outcome::complete) {
      // The upload may fail where the answer is there already: then nothing is kept.
      EXPECT_THAT(wires.sent_down(), EndsWith("hi")) << k;
    }
  }
  EXPECT_TRUE(succeeded);
}

TEST(Exchange, NeverHangsWhicheverStepOfTheClientFails) {
  bool succeeded = false;
  for (std::uint64_t k = 0; k < 200 && !succeeded; ++k) {
    Wires wires;
    wires.request.framing.kind = http::BodyKind::chunked;
    wires.from_client("4\r\nbody\r\n0\r\n\r\n");
    wires.from_upstream(kOk);
    Faults faults;
    faults.fail_at = k;
    faults.read_max = 3;
    faults.write_max = 9;
    wires.client.second->set_faults(faults);
    const ExchangeResult result = wires.run();
    succeeded = wires.client.second->steps() <= k;
    if (succeeded) {
      EXPECT_EQ(result.outcome, Outcome::complete);
    }
  }
  EXPECT_TRUE(succeeded);
}

TEST(Exchange, SendsABodyThatItHoldsWithTheHead) {
  Wires wires;
  wires.request.body = "held";
  wires.from_upstream(kOk);
  const ExchangeResult result = wires.run();
  EXPECT_EQ(result.outcome, Outcome::complete);
  EXPECT_TRUE(result.client_keeps);
  EXPECT_TRUE(result.upstream_keeps);
  EXPECT_THAT(wires.sent_up(), EndsWith("\r\n\r\nheld"));
}

TEST(Exchange, LeavesWhatFollowsOnTheClientWhenItHoldsTheBody) {
  Wires wires;
  wires.request.body = "held";
  wires.from_client("GET /second HTTP/1.1\r\n\r\n");
  wires.from_upstream(kOk);
  EXPECT_EQ(wires.run().outcome, Outcome::complete);
  EXPECT_THAT(wires.sent_up(), EndsWith("held"));
}

TEST(Exchange, TakesAnAnswerThatComesBeforeALongHeldBodyWasTaken) {
  Wires wires;
  wires.request.body.assign(FakePair::first_type::element_type::kCapacity * 2, 'x');
  wires.from_upstream("HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n");
  const ExchangeResult result = wires.run();
  EXPECT_EQ(result.outcome, Outcome::complete);
  EXPECT_EQ(result.status, 413U);
  EXPECT_TRUE(result.client_keeps);
  EXPECT_FALSE(result.upstream_keeps);
}

TEST(Exchange, ReportsAnUpstreamThatBreaksUnderAHeldBody) {
  Wires wires;
  wires.request.body = "held";
  wires.upstream.second->abort();
  EXPECT_EQ(wires.run().outcome, Outcome::no_answer);
  EXPECT_EQ(wires.sent_down(), "");
}

}  // namespace
}  // namespace sallyport::relay
