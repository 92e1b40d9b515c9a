// For tests of calls from inference.local to their upstream: one call between a client in memory
// and a kept connection that is a socket pair, under a generation of their own.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reference/inference/routes.h"
#include "reference/middleware/admission.h"
#include "reference/net/io.h"
#include "reference/net/testing/fake_stream.h"
#include "reference/net/testing/run.h"
#include "reference/relay/inference_call.h"
#include "reference/relay/upstream_pool.h"
#include "reference/tls/client_context.h"

namespace sallyport::relay {

inline constexpr std::string_view kHead =
    "POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 2\r\n\r\n";
inline constexpr std::string_view kBody = "{}";
inline const net::Endpoint kPeer;  // of a kept connection, which has no address
inline constexpr std::size_t kRequestSize = kHead.size() + kBody.size();

// Knows no name, and addresses as such.
class AddressesAlone final : public net::Resolver {
 public:
  net::Task<base::Result<std::vector<net::IpAddress>>> resolve(std::string name) override {
    const auto address = net::IpAddress::parse(name);
    if (!address) co_return base::Error(net::ResolveErrc::not_found);
    std::vector<net::IpAddress> one(1, *address);
    co_return one;
  }
};

class CallAudit final : public audit::AuditSink {
 public:
  void emit(const audit::Event&) override {}
};

class CallGenerations final : public GenerationSource {
 public:
  std::shared_ptr<const egress::Generation> current() const override { return now; }
  std::shared_ptr<const egress::Generation> now;
};

// An upstream that reads `size` octets of the request, says `answer`, and ends; what it hasn't read
// makes that a reset.
inline net::Task<void> answer_and_end(net::Executor executor, net::Deadlines& deadlines, int fd,
                                      std::size_t size, std::string answer) {
  net::TcpStream stream(executor, deadlines, base::UniqueFd(fd));
  std::array<std::byte, kRequestSize> bytes;
  std::size_t read = 0;
  while (read < size) {
    const std::span<std::byte> into = std::span(bytes).first(size - read);
    const auto got = co_await net::read_some(stream, into);
    if (!got || *got == 0) co_return;
    read += *got;
  }
  const auto wrote = co_await net::write_all(stream, answer);
  EXPECT_TRUE(wrote);
}

inline net::Task<void> call_and_tell(const Services& services, const RouteRequest& request,
                                     RouteAddresses& addresses, Inlet& client, RouteResult& result,
                                     bool& ended) {
  result = co_await call_route(services, request, addresses, client);
  ended = true;
}

// A call whose connection to the upstream is a socket pair that stands already.
class InferenceCallTest : public ::testing::Test {
 protected:
  InferenceCallTest() {
    generation_->limits.route_timeout = std::chrono::milliseconds(10'000);
    generation_->routes = std::make_shared<const inference::Routes>();
    generations_.now = request_.generation = generation_;
    addresses_ = {generation_->routes, &route_, {kPeer}};
    generations_.news().tell();
    services_.upstreams = &pool_;
    request_.route = &route_;
    request_.match.method = "POST";
    request_.head = kHead;
    body_.pieces = {kBody};
    body_.bytes = kBody.size();
    request_.body = &body_;
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
    far_.reset(fds[0]);
    keep(std::make_unique<net::TcpStream>(loop_.executor(), loop_.deadlines,
                                          base::UniqueFd(fds[1])));
  }
  void keep(std::unique_ptr<net::ByteStream> stream) {
    const UpstreamKey key{route_.base.tls, route_.base.authority.host, kPeer};
    pool_.give(key, generation_->routes.get(), std::move(stream));
  }
  RouteResult call() {
    return loop_.run(call_route(services_, request_, addresses_, client_inlet_));
  }
  RouteResult call_answered(std::string answer, std::size_t reads = kRequestSize) {
    loop_.spawn(answer_and_end(loop_.executor(), loop_.deadlines, far_.release(), reads,
                               std::move(answer)));
    return call();
  }
  void expect_error(const RouteResult& result, inference::ErrorKind kind, std::string_view cause) {
    EXPECT_EQ(result.error, kind);
    EXPECT_EQ(result.cause, cause);
    EXPECT_TRUE(result.client_keeps);
    EXPECT_EQ(sent(), "");
  }
  [[nodiscard]] const std::string& sent() const { return client_.second->written(); }

  net::testing::TestLoop loop_;
  base::StderrLog log_{base::LogLevel::error};
  net::BufferPool buffers_;
  AddressesAlone resolver_;
  net::TcpDialer dialer_{loop_.executor(), loop_.deadlines};
  net::TaskGroup sessions_{loop_.executor(), log_};
  CallAudit audit_;
  CallGenerations generations_;
  base::Result<tls::ClientContext> upstream_tls_ = tls::ClientContext::create({"", ""});
  middleware::Admission admission_{loop_.executor(), 1, 0};
  base::SeededRandom random_{7};
  SandboxIdentity sandbox_;
  Services services_{loop_.executor(), loop_.clock, buffers_, resolver_,    dialer_,
                     sessions_,        audit_,      log_,     generations_, *upstream_tls_,
                     admission_,       random_,     sandbox_};
  UpstreamPool pool_{loop_.executor(), loop_.deadlines, log_, generations_};
  net::testing::FakePair client_ = net::testing::make_fake_pair(loop_.executor(), loop_.deadlines);
  Inlet client_inlet_{*client_.second, buffers_};
  std::shared_ptr<egress::Generation> generation_ = std::make_shared<egress::Generation>();
  inference::Route route_;
  inference::SplicedBody body_;
  RouteRequest request_;
  RouteAddresses addresses_;
  base::UniqueFd far_;
  RouteResult result_;
  bool ended_ = false;
};

}  // namespace sallyport::relay
