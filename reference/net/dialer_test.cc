#include "reference/net/dialer.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>

#include "reference/net/listener.h"
#include "reference/net/socket_address.h"
#include "reference/net/testing/run.h"

namespace sallyport::net {
namespace {

using testing::TestLoop;

const Endpoint kLoopback = *Endpoint::parse("127.0.0.1:0");

struct Dialing : ::testing::Test {
  // Bound, so that nobody else gets the port, but not listening.
  Endpoint refusing() {
    refuser = *make_stream_socket(AF_INET);
    const SocketAddress at = to_socket_address(kLoopback);
    EXPECT_EQ(::bind(refuser.get(), at.get(), at.length), 0);
    return *local_endpoint_of(refuser.get());
  }
  // Listening with a full backlog: the kernel drops every further SYN.
  Endpoint silent() {
    full = *TcpListener::bind(kLoopback, 0);
    const Endpoint to = *local_endpoint_of(full.get());
    const SocketAddress at = to_socket_address(to);
    for (auto& filler : fillers) {
      filler = *make_stream_socket(AF_INET);
      ::connect(filler.get(), at.get(), at.length);
    }
    return to;
  }

  TestLoop t;
  TcpListener listener{t.executor(), t.deadlines, *TcpListener::bind(kLoopback)};
  TcpDialer dialer{t.executor(), t.deadlines};
  base::UniqueFd refuser;
  base::UniqueFd full;
  std::array<base::UniqueFd, 4> fillers;
};

TEST_F(Dialing, ConnectsWithoutLeavingADeadline) {
  const std::vector<Endpoint> to(1, listener.local_endpoint());
  const auto stream = t.run(dialer.dial(to, t.in(5000)));
  ASSERT_TRUE(stream.has_value());
  EXPECT_EQ((*stream)->peer_endpoint(), listener.local_endpoint().to_string());
  EXPECT_EQ((*stream)->deadline(), base::TimePoint::max());
}

TEST_F(Dialing, SaysThatItWasRefused) {
  const std::vector<Endpoint> to(1, refusing());
  EXPECT_EQ(t.run(dialer.dial(to, t.in(5000))).error(), boost::system::errc::connection_refused);
}

TEST_F(Dialing, GoesOnToTheNextAddress) {
  const std::vector<Endpoint> to{refusing(), listener.local_endpoint()};
  const auto stream = t.run(dialer.dial(to, t.in(5000)));
  ASSERT_TRUE(stream.has_value());
  EXPECT_EQ((*stream)->peer_endpoint(), listener.local_endpoint().to_string());
}

TEST_F(Dialing, EndsAtTheDeadline) {
  const std::vector<Endpoint> to(1, silent());
  const auto start = t.clock.now();
  EXPECT_EQ(t.run(dialer.dial(to, t.in(30))).error(), boost::system::errc::timed_out);
  EXPECT_GE(t.clock.now() - start, std::chrono::milliseconds{30});
}

TEST_F(Dialing, ASilentAddressLeavesTimeForTheNext) {
  const std::vector<Endpoint> to{silent(), listener.local_endpoint()};
  EXPECT_TRUE(t.run(dialer.dial(to, t.in(200))).has_value());
}

TEST_F(Dialing, TheLastErrorIsTheAnswer) {
  const std::vector<Endpoint> to{silent(), refusing()};
  EXPECT_EQ(t.run(dialer.dial(to, t.in(60))).error(), boost::system::errc::connection_refused);
}

TEST_F(Dialing, NothingToDialIsAnError) {
  EXPECT_EQ(t.run(dialer.dial({}, t.in(50))).error(), boost::system::errc::address_not_available);
}

TEST_F(Dialing, ADeadlineThatHasPassedDialsNothing) {
  int sockets = 0;
  TcpDialer counting(t.executor(), t.deadlines, [&](int family) {
    ++sockets;
    return make_stream_socket(family);
  });
  const std::vector<Endpoint> to(1, listener.local_endpoint());
  EXPECT_EQ(t.run(counting.dial(to, t.in(-1))).error(), boost::system::errc::timed_out);
  EXPECT_EQ(sockets, 0);
}

TEST_F(Dialing, TakesItsSocketsFromTheFactory) {
  std::vector<int> families;
  TcpDialer hooked(t.executor(), t.deadlines, [&](int family) -> base::Result<base::UniqueFd> {
    families.push_back(family);
    if (family == AF_INET6) return base::Error(EAFNOSUPPORT, boost::system::system_category());
    return make_stream_socket(family);
  });
  const std::vector<Endpoint> to{*Endpoint::parse("[::1]:9"), listener.local_endpoint()};
  EXPECT_TRUE(t.run(hooked.dial(to, t.in(5000))).has_value());
  EXPECT_EQ(families, (std::vector<int>{AF_INET6, AF_INET}));
}

}  // namespace
}  // namespace sallyport::net
