#include "reference/adapters/identify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "reference/adapters/forward_fixture.h"
#include "reference/identity/identity.h"

namespace sallyport::adapters {
namespace {

using ::testing::HasSubstr;

class FakeIdentities final : public identity::IdentitySource {
 public:
  identity::Found identify(const net::Endpoint& client, const net::Endpoint& proxy) override {
    asked.emplace_back(client, proxy);
    return answer;
  }
  identity::Found answer;
  std::vector<std::pair<net::Endpoint, net::Endpoint>> asked;
};

class IdentifyTest : public ForwardFixture {
 protected:
  IdentifyTest() {
    told_.identities = &identities_;
    base::UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof here;
    ::bind(listener.get(), reinterpret_cast<sockaddr*>(&here), size);
    ::listen(listener.get(), 1);
    ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&here), &size);
    far_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ::connect(far_.get(), reinterpret_cast<sockaddr*>(&here), size);
    base::UniqueFd near(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    client_stream_ =
        std::make_unique<net::TcpStream>(loop_.executor(), loop_.deadlines, std::move(near));
  }
  egress::Identity identified(const relay::Services& services, std::string_view head_text) {
    const auto head = http::parse_request_head(head_text);
    EXPECT_TRUE(head);
    return identify(services, *client_stream_, *head);
  }

  FakeIdentities identities_;
  relay::Services told_ = services_;
  base::UniqueFd far_;
  std::unique_ptr<net::TcpStream> client_stream_;
};

constexpr std::string_view kConnect =
    "CONNECT a.example:8080 HTTP/1.1\r\nHost: a.example:8080\r\n\r\n";

TEST_F(IdentifyTest, AsksNobodyWhereProgramsAreNotToldApart) {
  EXPECT_FALSE(identified(services_, kConnect).required);
}

TEST_F(IdentifyTest, AsksWithBothEndsOfTheConnection) {
  identities_.answer.program = policy::Program{"/usr/bin/curl", {}, {}, 7};
  const egress::Identity identity = identified(told_, kConnect);
  EXPECT_TRUE(identity.required);
  ASSERT_TRUE(identity.program);
  EXPECT_EQ(identity.program->binary, "/usr/bin/curl");
  ASSERT_EQ(identities_.asked.size(), 1U);
  EXPECT_EQ(identities_.asked[0].first, client_stream_->peer());
  EXPECT_EQ(identities_.asked[0].second, client_stream_->local());
}

TEST_F(IdentifyTest, AsksNobodyForTheVirtualHost) {
  EXPECT_FALSE(
      identified(told_, "CONNECT inference.local:443 HTTP/1.1\r\nHost: inference.local\r\n\r\n")
          .required);
  EXPECT_TRUE(
      identified(told_, "CONNECT inference.local:80 HTTP/1.1\r\nHost: inference.local\r\n\r\n")
          .required);
  EXPECT_EQ(identities_.asked.size(), 1U);
}

TEST_F(IdentifyTest, DeniesWhoIsNotKnownAndSaysWhy) {
  identities_.answer.failure = "failed to resolve peer binary: x";
  EXPECT_EQ(identified(told_, kConnect).failure, "failed to resolve peer binary: x");
  // A connection that isn't one of TCP has no ends to ask with.
  const std::string answer = ask_of(told_, kConnect);
  EXPECT_THAT(answer, HasSubstr("HTTP/1.1 403 "));
  EXPECT_THAT(answer, HasSubstr("failed to resolve peer binary: the connection is gone"));
}

}  // namespace
}  // namespace sallyport::adapters
