// Which connections absolute form keeps: real sockets in a network of the test's own, where private
// addresses lie on the loopback device.
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstring>
#include <map>
#include <mutex>
#include <thread>

#include "reference/adapters/forward_fixture.h"
#include "reference/linux/testing/in_namespaces.h"

namespace sallyport::adapters {
namespace {

using linux::testing::in_namespaces;

constexpr const char* kFirst = "10.9.8.7";
constexpr const char* kSecond = "10.9.8.8";

sockaddr_in at(const char* address, std::uint16_t port) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  ::inet_pton(AF_INET, address, &to.sin_addr);
  return to;
}

// Gives the loopback device another address, and sets it up.
void add_address(const char* label, const char* address) {
  const base::UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strncpy(request.ifr_name, label, IFNAMSIZ - 1);
  const sockaddr_in to = at(address, 0);
  std::memcpy(&request.ifr_addr, &to, sizeof to);
  ASSERT_EQ(::ioctl(fd.get(), SIOCSIFADDR, &request), 0) << std::strerror(errno);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  ASSERT_EQ(::ioctl(fd.get(), SIOCSIFFLAGS, &request), 0) << std::strerror(errno);
}

// Answers each request with 200 and what its path says; notes `<connection> <address>
// <path>`. A connection is served in a thread of its own.
class Origin {
 public:
  Origin() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in own = at("0.0.0.0", 0);
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&own), sizeof own), 0);
    EXPECT_EQ(::listen(fd_.get(), 16), 0);
    socklen_t size = sizeof own;
    ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&own), &size);
    port_ = ntohs(own.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~Origin() {
    ::shutdown(fd_.get(), SHUT_RDWR);
    acceptor_.join();
    for (std::thread& one : connections_) one.join();
  }
  Origin(const Origin&) = delete;
  Origin& operator=(const Origin&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url(const std::string& path, const char* host = kFirst) const {
    return "http://" + std::string(host) + ":" + std::to_string(port_) + path;
  }
  std::string seen() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return seen_;
  }

 private:
  void accept_all() {
    for (int number = 1;; ++number) {
      base::UniqueFd one(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!one) return;
      connections_.emplace_back([this, number, fd = std::move(one)] { serve(number, fd.get()); });
    }
  }
  void serve(int number, int fd) {
    timeval bound{5, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof bound);
    sockaddr_in own{};
    socklen_t size = sizeof own;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size);
    std::string pending;
    std::array<char, 4096> bytes{};
    while (true) {
      const std::size_t end = pending.find("\r\n\r\n");
      if (end == std::string::npos) {
        const ssize_t got = ::recv(fd, bytes.data(), bytes.size(), 0);
        if (got <= 0) return;
        pending.append(bytes.data(), static_cast<std::size_t>(got));
        continue;
      }
      const std::string path =
          pending.substr(pending.find(' ') + 1, pending.find(" HTTP/") - pending.find(' ') - 1);
      // A body of five octets, where there is one.
      const std::size_t whole = end + 4 + (pending.find("Content-Length: 5") < end ? 5 : 0);
      while (pending.size() < whole) {
        const ssize_t got = ::recv(fd, bytes.data(), bytes.size(), 0);
        if (got <= 0) return;
        pending.append(bytes.data(), static_cast<std::size_t>(got));
      }
      std::array<char, INET_ADDRSTRLEN> text{};
      ::inet_ntop(AF_INET, &own.sin_addr, text.data(), text.size());
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        seen_ += std::to_string(number) + " " + text.data() + " " + path + "\n";
      }
      pending.erase(0, whole);
      const bool closes = path == "/until-close";
      const std::string answer =
          closes ? "HTTP/1.1 200 OK\r\n\r\nbye" : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
      ::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
      if (closes) return;
    }
  }

  base::UniqueFd fd_;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::string seen_;
  std::vector<std::thread> connections_;
  std::thread acceptor_;
};

// `moving.test` is the first address, and from the second question on the second one.
class MovingResolver final : public net::Resolver {
 public:
  net::Task<base::Result<std::vector<net::IpAddress>>> resolve(std::string host) override {
    if (host == "moving.test") host = asked_++ == 0 ? kFirst : kSecond;
    std::vector<net::IpAddress> addresses(1, *net::IpAddress::parse(host));
    co_return addresses;
  }

 private:
  int asked_ = 0;
};

class ForwardKeepTest : public ForwardFixture {
 protected:
  // Allows 10/8 on the origins' ports, and asks. Only in the namespace.
  std::string serve(const std::vector<Origin*>& origins, const std::string& octets,
                    bool keep_alive = true) {
    auto generation = allowing(kFirst, 80, {"10.0.0.0/8"});
    auto& endpoint = generation->policy.network_policies.at("api").endpoints.front();
    endpoint.host.reset();
    endpoint.ports.clear();
    for (const Origin* origin : origins) endpoint.ports.push_back(origin->port());
    std::sort(endpoint.ports.begin(), endpoint.ports.end());
    generation->forward = egress::ForwardRule::private_only;
    generation->forward_keep_alive = keep_alive;
    install(std::move(generation));
    relay::Services services{services_.executor,
                             services_.clock,
                             services_.buffers,
                             moving_,
                             real_,
                             services_.sessions,
                             services_.audit,
                             services_.log,
                             services_.generations,
                             services_.upstream_tls,
                             services_.admission,
                             services_.random,
                             services_.sandbox};
    return ask_of(services, octets);
  }
  // The status lines' numbers, in a row.
  static std::string statuses(std::string_view answers) {
    std::string all;
    for (std::size_t at = answers.find("HTTP/1.1 "); at != std::string_view::npos;
         at = answers.find("HTTP/1.1 ", at + 1)) {
      all.append(answers.substr(at + 9, 3)).append(" ");
    }
    return all;
  }
  // What `observe` says, in a network with the two addresses.
  template <typename Observe>
  std::string in_network(const Observe& observe) {
    return in_namespaces([&]() -> std::string {
      add_address("lo", kFirst);
      add_address("lo:1", kSecond);
      return observe();
    });
  }

  MovingResolver moving_;
  net::TcpDialer real_{loop_.executor(), loop_.deadlines};
};

std::string get(const std::string& url, const std::string& fields = "", int minor = 1) {
  const std::string authority = url.substr(7, url.find('/', 7) - 7);
  return "GET " + url + " HTTP/1." + std::to_string(minor) + "\r\nHost: " + authority + "\r\n" +
         fields + "\r\n";
}

TEST_F(ForwardKeepTest, SendsTheRequestsOfAClientOverOneConnection) {
  EXPECT_EQ(in_network([&] {
              Origin origin;
              const std::string post = "POST " + origin.url("/b") + " HTTP/1.1\r\nHost: 10.9.8.7:" +
                                       std::to_string(origin.port()) +
                                       "\r\nContent-Length: 5\r\n\r\nhello";
              const std::string got =
                  serve({&origin}, get(origin.url("/a")) + post + get(origin.url("/c")));
              return statuses(got) + "\n" + origin.seen();
            }),
            "200 200 200 \n1 10.9.8.7 /a\n1 10.9.8.7 /b\n1 10.9.8.7 /c\n");
}

TEST_F(ForwardKeepTest, OpensAnotherConnectionForAnotherDestination) {
  EXPECT_EQ(in_network([&] {
              Origin one;
              Origin other;
              const std::string got =
                  serve({&one, &other}, get(one.url("/a")) + get(other.url("/b")) +
                                            get(one.url("/c")) + get(one.url("/d", kSecond)));
              return statuses(got) + "\n" + one.seen() + other.seen();
            }),
            "200 200 200 200 \n1 10.9.8.7 /a\n2 10.9.8.7 /c\n3 10.9.8.8 /d\n1 10.9.8.7 /b\n");
}

TEST_F(ForwardKeepTest, LeavesAnAddressThatIsNotAmongThoseJudgedNow) {
  EXPECT_EQ(in_network([&] {
              Origin origin;
              const std::string got = serve({&origin}, get(origin.url("/a", "moving.test")) +
                                                           get(origin.url("/b", "moving.test")) +
                                                           get(origin.url("/c", "moving.test")));
              return statuses(got) + "\n" + origin.seen();
            }),
            "200 200 200 \n1 10.9.8.7 /a\n2 10.9.8.8 /b\n2 10.9.8.8 /c\n");
}

TEST_F(ForwardKeepTest, DecidesEveryRequestAndEndsWithADenial) {
  EXPECT_EQ(in_network([&] {
              Origin origin;
              const std::string got =
                  serve({&origin},
                        get(origin.url("/a")) + get("http://10.9.8.7:1/b") + get(origin.url("/c")));
              return statuses(got) + "\n" + origin.seen();
            }),
            "200 403 \n1 10.9.8.7 /a\n");
}

TEST_F(ForwardKeepTest, EndsWhereTheClientOrItsVersionSaysSo) {
  EXPECT_EQ(in_network([&] {
              Origin origin;
              const std::string after = get(origin.url("/never"));
              std::string all = statuses(
                  serve({&origin}, get(origin.url("/a"), "Connection: close\r\n") + after));
              all += statuses(serve({&origin}, get(origin.url("/b"), "", 0) + after));
              all += statuses(
                  serve({&origin}, get(origin.url("/c"), "Proxy-Connection: close\r\n") + after));
              return all + "\n" + origin.seen();
            }),
            "200 200 200 \n1 10.9.8.7 /a\n2 10.9.8.7 /b\n3 10.9.8.7 /c\n");
}

TEST_F(ForwardKeepTest, EndsWithAnAnswerThatLastsUntilItsConnectionEnds) {
  EXPECT_EQ(in_network([&] {
              Origin origin;
              const std::string got =
                  serve({&origin}, get(origin.url("/until-close")) + get(origin.url("/never")));
              const bool said = got.find("Connection: close") != std::string::npos;
              return statuses(got) + (said ? "close\n" : "\n") + origin.seen();
            }),
            "200 close\n1 10.9.8.7 /until-close\n");
}

TEST_F(ForwardKeepTest, ServesOneRequestAConnectionWhereThatIsAskedFor) {
  EXPECT_EQ(in_network([&] {
              Origin origin;
              const std::string got =
                  serve({&origin}, get(origin.url("/a")) + get(origin.url("/never")), false);
              const bool said = got.find("Connection: close") != std::string::npos;
              return statuses(got) + (said ? "close\n" : "\n") + origin.seen();
            }),
            "200 close\n1 10.9.8.7 /a\n");
}

TEST_F(ForwardKeepTest, TakesACONNECTOnlyAsTheFirstRequest) {
  EXPECT_EQ(in_network([&] {
              Origin origin;
              const std::string got =
                  serve({&origin},
                        get(origin.url("/a")) + "CONNECT 10.9.8.7:443 HTTP/1.1\r\nHost: x\r\n\r\n");
              return statuses(got) + "\n" + origin.seen();
            }),
            "200 400 \n1 10.9.8.7 /a\n");
}

TEST_F(ForwardKeepTest, RefusesASecondHeadThatIsNoneOrTooLong) {
  EXPECT_EQ(in_network([&] {
              Origin origin;
              std::string all =
                  statuses(serve({&origin}, get(origin.url("/a")) + "nonsense\r\n\r\n"));
              all += statuses(serve(
                  {&origin}, get(origin.url("/b")) +
                                 get(origin.url("/c"), "X: " + std::string(9000, 'x') + "\r\n")));
              return all + "\n" + origin.seen();
            }),
            "200 400 200 431 \n1 10.9.8.7 /a\n2 10.9.8.7 /b\n");
}

}  // namespace
}  // namespace sallyport::adapters
