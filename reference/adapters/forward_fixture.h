// For this folder's tests: what a client of the proxy gets for octets that it sends on one
// connection, under a policy that a test changes.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "reference/adapters/session.h"
#include "reference/relay/testing/http_fixture.h"

namespace sallyport::adapters {

class ForwardFixture : public relay::HttpTest {
 protected:
  // A generation whose one endpoint is this host and port.
  [[nodiscard]] std::shared_ptr<egress::Generation> allowing(
      const std::string& host, std::uint16_t port = 8080,
      const std::vector<std::string>& allowed_ips = {}) const {
    auto generation = make_generation();
    auto& endpoint = generation->policy.network_policies.at("api").endpoints.front();
    endpoint.host = policy::HostPattern::parse(host);
    endpoint.ports = {port};
    for (const std::string& text : allowed_ips) {
      endpoint.allowed_ips.push_back(*net::Cidr::parse(text));
    }
    return generation;
  }
  // What the client gets for `octets`, until the session ends; it sends nothing more.
  std::string ask_of(const relay::Services& services, std::string_view octets) {
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
    const base::UniqueFd far(fds[0]);
    auto near =
        std::make_unique<net::TcpStream>(loop_.executor(), loop_.deadlines, base::UniqueFd(fds[1]));
    EXPECT_EQ(::send(far.get(), octets.data(), octets.size(), 0),
              static_cast<ssize_t>(octets.size()));
    ::shutdown(far.get(), SHUT_WR);
    loop_.run(serve_session(services, std::move(near)));
    std::string all;
    std::array<char, 4096> bytes{};
    for (ssize_t got = 1; got > 0;) {
      got = ::recv(far.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (got > 0) all.append(bytes.data(), static_cast<std::size_t>(got));
    }
    return all;
  }
  std::string ask(std::string_view octets) { return ask_of(services_, octets); }
};

}  // namespace sallyport::adapters
