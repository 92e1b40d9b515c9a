#include "reference/net/listener.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cerrno>

#include "reference/net/dialer.h"
#include "reference/net/testing/run.h"

namespace sallyport::net {
namespace {

using testing::TestLoop;

const Endpoint kLoopback = *Endpoint::parse("127.0.0.1:0");

struct Listening : ::testing::Test {
  TestLoop t;
  TcpListener listener{t.executor(), t.deadlines, *TcpListener::bind(kLoopback),
                       AcceptBackOff{std::chrono::milliseconds{2}, std::chrono::milliseconds{5}}};
};

TEST_F(Listening, AcceptsOneConnectionAfterTheOther) {
  TcpDialer dialer(t.executor(), t.deadlines);
  for (int i = 0; i < 3; ++i) {
    const std::vector<Endpoint> to(1, listener.local_endpoint());
    const auto client = t.run(dialer.dial_tcp(to, t.in(5000)));
    const auto accepted = t.run(listener.accept());
    ASSERT_TRUE(client.has_value() && accepted.has_value());
    EXPECT_EQ((*accepted)->peer_endpoint(), (*client)->local_endpoint());
    EXPECT_EQ((*accepted)->deadline(), base::TimePoint::max());
  }
}

TEST_F(Listening, CloseWakesAcceptAsCancelled) {
  asio::post(t.executor(), [&] { listener.close(); });
  EXPECT_EQ(t.run(listener.accept()).error(), boost::system::errc::operation_canceled);
  EXPECT_EQ(t.run(listener.accept()).error(), boost::system::errc::operation_canceled);
  EXPECT_EQ(listener.local_endpoint(), Endpoint{});
}

TEST_F(Listening, DestructionWakesAcceptAsCancelled) {
  auto doomed =
      std::make_unique<TcpListener>(t.executor(), t.deadlines, *TcpListener::bind(kLoopback));
  auto accepting = doomed->accept();
  asio::post(t.executor(), [&] { doomed.reset(); });
  EXPECT_EQ(t.run(std::move(accepting)).error(), boost::system::errc::operation_canceled);
}

// No descriptor is left until `release`.
class NoDescriptors {
 public:
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::close(next);
    rlimit none = before_;
    none.rlim_cur = static_cast<rlim_t>(next);
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoDescriptors() { release(); }
  void release() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(Listening, SurvivesAShortageOfDescriptors) {
  TcpDialer dialer(t.executor(), t.deadlines);
  const std::vector<Endpoint> to(1, listener.local_endpoint());
  const auto client = t.run(dialer.dial_tcp(to, t.in(5000)));
  ASSERT_TRUE(client.has_value());
  NoDescriptors shortage;
  Deadline relief(t.deadlines, [&] { shortage.release(); });
  relief.set(t.in(20));
  const auto accepted = t.run(listener.accept());
  EXPECT_TRUE(accepted.has_value());
  EXPECT_TRUE(relief.passed());
}

TEST_F(Listening, CloseEndsABackOff) {
  TcpDialer dialer(t.executor(), t.deadlines);
  TcpListener patient(t.executor(), t.deadlines, *TcpListener::bind(kLoopback),
                      AcceptBackOff{std::chrono::hours{1}, std::chrono::hours{1}});
  const std::vector<Endpoint> to(1, patient.local_endpoint());
  const auto client = t.run(dialer.dial_tcp(to, t.in(5000)));
  const NoDescriptors shortage;
  Deadline end(t.deadlines, [&] { patient.close(); });
  end.set(t.in(10));
  EXPECT_EQ(t.run(patient.accept()).error(), boost::system::errc::operation_canceled);
}

TEST(Listener, ASocketThatDoesNotListenIsFatal) {
  TestLoop t;
  TcpListener listener(t.executor(), t.deadlines, *make_stream_socket(AF_INET));
  EXPECT_EQ(t.run(listener.accept()).error(), boost::system::errc::invalid_argument);
}

TEST(Listener, BindSaysWhyItCannot) {
  const auto first = TcpListener::bind(kLoopback);
  TestLoop t;
  TcpListener listener(t.executor(), t.deadlines, std::move(*TcpListener::bind(kLoopback)));
  EXPECT_EQ(TcpListener::bind(listener.local_endpoint()).error(),
            boost::system::errc::address_in_use);
  EXPECT_EQ(TcpListener::bind(*Endpoint::parse("192.0.2.1:0")).error(),
            boost::system::errc::address_not_available);
}

TEST(ClassifyAcceptError, KnowsWhatPassesAndWhatDoesNot) {
  EXPECT_EQ(classify_accept_error(EMFILE), AcceptError::back_off);
  EXPECT_EQ(classify_accept_error(ENFILE), AcceptError::back_off);
  EXPECT_EQ(classify_accept_error(ENOMEM), AcceptError::back_off);
  EXPECT_EQ(classify_accept_error(ENOBUFS), AcceptError::back_off);
  EXPECT_EQ(classify_accept_error(ECONNABORTED), AcceptError::retry);
  EXPECT_EQ(classify_accept_error(EBADF), AcceptError::fatal);
  EXPECT_EQ(classify_accept_error(EINVAL), AcceptError::fatal);
  EXPECT_EQ(classify_accept_error(ENOTSOCK), AcceptError::fatal);
  EXPECT_EQ(classify_accept_error(EXDEV), AcceptError::unknown);
}

}  // namespace
}  // namespace sallyport::net
