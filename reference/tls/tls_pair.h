// For this folder's tests: two connected sockets, an authority, and the contexts of both sides.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "reference/net/both.h"
#include "reference/net/testing/run.h"
#include "reference/tls/accept_connect.h"
#include "reference/tls/tls_stream.h"

namespace sallyport::tls {

using SocketPair = std::pair<std::unique_ptr<net::TcpStream>, std::unique_ptr<net::TcpStream>>;

inline SocketPair make_sockets(net::testing::TestLoop& t) {
  int fds[2] = {-1, -1};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  const auto adopt = [&](int fd) {
    return std::make_unique<net::TcpStream>(t.executor(), t.deadlines, base::UniqueFd(fd));
  };
  return {adopt(fds[0]), adopt(fds[1])};
}

// A client context that trusts one authority, by way of a file as in the product.
inline ClientContext trusting(const Authority& authority) {
  char path[] = "/tmp/sallyport-ca-XXXXXX";
  const base::UniqueFd fd(::mkstemp(path));
  const auto size = static_cast<ssize_t>(authority.pem().size());
  EXPECT_EQ(::write(fd.get(), authority.pem().data(), authority.pem().size()), size);
  auto context = ClientContext::create({"", path});
  ::unlink(path);
  return std::move(*context);
}

class TlsTest : public ::testing::Test {
 protected:
  using StreamPtr = std::unique_ptr<net::ByteStream>;
  TlsTest() { std::signal(SIGPIPE, SIG_IGN); }

  static net::Task<void> serve(TlsTest& self, std::unique_ptr<net::TcpStream> socket,
                               std::string host) {
    auto leaf = self.authority.mint(host);
    self.served = co_await accept_tls(std::move(socket), self.server, std::move(*leaf),
                                      self.t.in(5000), self.server_failure);
  }
  static net::Task<void> connect(TlsTest& self, std::unique_ptr<net::TcpStream> socket,
                                 std::string host) {
    self.connected = co_await connect_tls(std::move(socket), self.client, std::move(host),
                                          self.t.in(5000), self.client_failure);
  }

  // A leaf for one host, a client that wants another (or the same).
  void shake(const std::string& leaf_host, const std::string& wanted_host) {
    auto [a, b] = make_sockets(t);
    t.run(net::both(serve(*this, std::move(a), leaf_host),
                    connect(*this, std::move(b), wanted_host)));
  }
  TlsStream& server_end() { return dynamic_cast<TlsStream&>(**served); }
  TlsStream& client_end() { return dynamic_cast<TlsStream&>(**connected); }

  net::testing::TestLoop t;
  Authority authority = Authority::create(t.clock.wall_ms()).value();
  ServerContext server = ServerContext::create(authority).value();
  ClientContext client = trusting(authority);
  base::Result<StreamPtr> served{TlsErrc::handshake_failed};
  base::Result<StreamPtr> connected{TlsErrc::handshake_failed};
  HandshakeFailure server_failure;
  HandshakeFailure client_failure;
};

}  // namespace sallyport::tls
