#include "reference/adapters/forward.h"

#include <sys/socket.h>

#include <array>

#include "reference/adapters/session.h"
#include "reference/relay/testing/http_fixture.h"

namespace sallyport::adapters {
namespace {

using policy::OnError;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;
namespace wire = openshell::middleware::v1;

constexpr std::string_view kPost =
    "POST http://203.0.113.9:8080/v1/a?q HTTP/1.1\r\nHost: 203.0.113.9:8080\r\n"
    "X-Key: 1\r\nContent-Length: 5\r\n\r\nhello";

// A forward request to an address that a policy names; nobody can be dialled.
class ForwardTest : public relay::HttpTest {
 protected:
  // A generation that allows the address, with an entry of middleware for every host.
  [[nodiscard]] std::shared_ptr<egress::Generation> guarded(OnError on_error) const {
    auto generation = make_generation();
    auto& endpoint = generation->policy.network_policies.at("api").endpoints.front();
    endpoint.host = policy::HostPattern::parse("203.0.113.9");
    add_entry(*generation, "guard", on_error);
    auto& entry = generation->policy.network_middlewares.front();
    entry.endpoints.include = {*policy::SelectorPattern::parse("**")};
    return generation;
  }
  // What the client gets for `request`.
  std::string ask(std::string_view request) {
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
    const base::UniqueFd far(fds[0]);
    auto near =
        std::make_unique<net::TcpStream>(loop_.executor(), loop_.deadlines, base::UniqueFd(fds[1]));
    EXPECT_EQ(::send(far.get(), request.data(), request.size(), 0),
              static_cast<ssize_t>(request.size()));
    loop_.run(serve_session(services_, std::move(near)));
    std::array<char, 4096> bytes{};
    const ssize_t got = ::recv(far.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    return got > 0 ? std::string(bytes.data(), static_cast<std::size_t>(got)) : std::string();
  }
};

TEST_F(ForwardTest, DialsNobodyBeforeTheChainsVerdict) {
  install(guarded(OnError::fail_closed));
  stage_->act = [this](wire::HttpRequestResult& result) {
    EXPECT_EQ(dialled_, 0);
    result.set_decision(wire::DECISION_DENY);
    return rpc::Status();
  };
  EXPECT_THAT(ask(kPost), AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("X-OpenShell-Policy: api"),
                                HasSubstr(R"("error":"middleware_denied")"),
                                HasSubstr(R"("layer":"l7","method":"POST","path":"/v1/a",)"
                                          R"("host":"203.0.113.9","port":8080)")));
  EXPECT_EQ(dialled_, 0);
  ASSERT_EQ(stage_->asked.size(), 1U);
  EXPECT_EQ(stage_->asked[0].target().scheme(), "http");
  EXPECT_EQ(stage_->asked[0].body(), "hello");
}

TEST_F(ForwardTest, DialsAfterAnEntryThatFailedOpen) {
  install(guarded(OnError::fail_open));
  stage_->act = [](wire::HttpRequestResult&) { return rpc::Status{rpc::Code::unavailable, ""}; };
  EXPECT_THAT(ask(kPost), AllOf(StartsWith("HTTP/1.1 502"), HasSubstr("upstream_unreachable")));
  EXPECT_GT(dialled_, 0);
}

TEST_F(ForwardTest, DialsNobodyForACredentialThatDoesNotResolve) {
  auto generation = guarded(OnError::fail_open);
  generation->policy.network_middlewares.clear();
  install(std::move(generation));
  std::string request(kPost);
  request.replace(request.find(": 1\r\n"), 3, ": openshell:resolve:env:v1_KEY");
  EXPECT_THAT(ask(request),
              AllOf(StartsWith("HTTP/1.1 500"), HasSubstr("credential_injection_failed")));
  EXPECT_EQ(dialled_, 0);
}

TEST_F(ForwardTest, GoesOnUnderAGenerationThatCameWhileTheChainRan) {
  install(guarded(OnError::fail_open));
  stage_->act = [this](wire::HttpRequestResult& result) {
    install(guarded(OnError::fail_open));
    result.set_decision(wire::DECISION_ALLOW);
    return rpc::Status();
  };
  EXPECT_THAT(ask(kPost), AllOf(StartsWith("HTTP/1.1 502"), HasSubstr("upstream_unreachable")));
}

TEST_F(ForwardTest, RefusesWhenThatGenerationForbidsTheRequest) {
  install(guarded(OnError::fail_open));
  stage_->act = [this](wire::HttpRequestResult& result) {
    install(make_generation());
    result.set_decision(wire::DECISION_ALLOW);
    return rpc::Status();
  };
  EXPECT_THAT(ask(kPost), AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("because policy changed")));
}

}  // namespace
}  // namespace sallyport::adapters
