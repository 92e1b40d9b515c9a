#include "reference/adapters/tunnel.h"

#include <sys/socket.h>

#include <array>

#include "reference/relay/testing/http_fixture.h"

namespace sallyport::adapters {
namespace {

using policy::OnError;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A tunnel to a.example that carries what no middleware can read.
class TunnelTest : public relay::HttpTest {
 protected:
  TunnelTest() {
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
    client_far_.reset(fds[0]);
    session_.client =
        std::make_unique<net::TcpStream>(loop_.executor(), loop_.deadlines, base::UniqueFd(fds[1]));
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
    upstream_far_.reset(fds[0]);
    upstream_near_ =
        std::make_unique<net::TcpStream>(loop_.executor(), loop_.deadlines, base::UniqueFd(fds[1]));
  }
  // The client says `text` and ends; what it gets and what went up.
  void carry(std::string_view text) {
    EXPECT_EQ(::send(client_far_.get(), text.data(), text.size(), 0),
              static_cast<ssize_t>(text.size()));
    ::shutdown(client_far_.get(), SHUT_WR);
    ::shutdown(upstream_far_.get(), SHUT_WR);
    session_.generation = grant_.generation;
    auto opened = std::make_unique<Opened>();
    opened->grant = grant_;
    opened->upstream = std::move(upstream_near_);
    loop_.run(serve_tunnel(session_, std::move(opened)));
    down_ = received(client_far_);
    up_ = received(upstream_far_);
  }
  void skip_tls(OnError on_error) {
    auto generation = make_generation();
    generation->policy.network_policies.at("api").endpoints.front().tls = policy::TlsMode::skip;
    add_entry(*generation, "guard", on_error);
    install(std::move(generation));
    open_tunnel();
  }
  static std::string received(const base::UniqueFd& fd) {
    std::array<char, 4096> bytes{};
    const ssize_t got = ::recv(fd.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    return got > 0 ? std::string(bytes.data(), static_cast<std::size_t>(got)) : std::string();
  }
  [[nodiscard]] std::string evidence(std::size_t index) const {
    const audit::Event* const event = audit_.finding("openshell.middleware.traffic_uninspectable");
    return event == nullptr ? "" : event->finding->evidence.at(index).second;
  }

  base::UniqueFd client_far_;
  base::UniqueFd upstream_far_;
  std::unique_ptr<net::TcpStream> upstream_near_;
  Session session_{services_, nullptr, nullptr, std::nullopt};
  std::string down_;
  std::string up_;
};

TEST_F(TunnelTest, RelaysOpaqueBytesToAHostWithoutMiddleware) {
  carry(std::string_view("\x01\x02\x03", 3));
  EXPECT_EQ(up_, "\x01\x02\x03");
  EXPECT_EQ(evidence(0), "");
}

TEST_F(TunnelTest, RefusesASkippedTunnelThatAnEntryMustInspect) {
  skip_tls(OnError::fail_closed);
  carry("GET / HTTP/1.1\r\n\r\n");
  EXPECT_THAT(down_, AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("middleware_required"),
                           HasSubstr("tls: skip tunnel cannot be inspected")));
  EXPECT_EQ(up_, "");
  EXPECT_EQ(evidence(2), "tls-skip tunnel");
  EXPECT_EQ(evidence(3), "denied");
}

TEST_F(TunnelTest, RelaysASkippedTunnelWhoseEntriesFailOpenWithAFinding) {
  skip_tls(OnError::fail_open);
  carry("anything");
  EXPECT_EQ(up_, "anything");
  EXPECT_EQ(evidence(2), "tls-skip tunnel");
  EXPECT_EQ(evidence(3), "fail_open");
}

TEST_F(TunnelTest, RefusesBytesThatAreNotHttpWhereAnEntryMustInspect) {
  guard(OnError::fail_closed);
  carry(std::string_view("\x01\x02\x03", 3));
  EXPECT_THAT(down_,
              AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("unsupported_l7_protocol"),
                    HasSubstr("Unsupported tunnel protocol cannot be inspected by required")));
  EXPECT_EQ(up_, "");
  EXPECT_EQ(evidence(3), "denied");
}

TEST_F(TunnelTest, RefusesHttp2ByItsName) {
  guard(OnError::fail_closed);
  carry("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  EXPECT_THAT(down_, HasSubstr("HTTP/2 prior-knowledge (h2c) cannot be inspected by required"));
  EXPECT_EQ(up_, "");
}

TEST_F(TunnelTest, RelaysBytesThatAreNotHttpWhereEveryEntryFailsOpen) {
  guard(OnError::fail_open);
  carry(std::string_view("\x01\x02\x03", 3));
  EXPECT_EQ(up_, "\x01\x02\x03");
  EXPECT_EQ(evidence(2), "non-http tcp");
  EXPECT_EQ(evidence(3), "fail_open");
}

TEST_F(TunnelTest, KeepsTheWordingOfAnEndpointThatMustBeRead) {
  auto generation = make_generation();
  auto& endpoint = generation->policy.network_policies.at("api").endpoints.front();
  endpoint.protocol = policy::Protocol::rest;
  add_entry(*generation, "guard", OnError::fail_closed);
  install(std::move(generation));
  open_tunnel();
  carry(std::string_view("\x01\x02\x03", 3));
  EXPECT_THAT(down_, HasSubstr("Unsupported tunnel protocol for L7-inspected endpoint"));
  EXPECT_EQ(up_, "");
}

}  // namespace
}  // namespace sallyport::adapters
