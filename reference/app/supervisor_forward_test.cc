// What clients of the running program get for absolute form: whole processes in a network of the
// test's own, where a private and a public address lie on the loopback device.
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <cstring>

#include "reference/app/program_fixture.h"
#include "reference/linux/testing/in_namespaces.h"

namespace sallyport::app {
namespace {

constexpr const char* kPrivate = "10.9.8.7";
constexpr const char* kPublic = "93.184.216.34";

sockaddr_in at(const char* address) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  ::inet_pton(AF_INET, address, &to.sin_addr);
  return to;
}

// Gives the loopback device one more address, and sets it up.
void add_address(const char* label, const char* address) {
  const base::UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strncpy(request.ifr_name, label, IFNAMSIZ - 1);
  const sockaddr_in to = at(address);
  std::memcpy(&request.ifr_addr, &to, sizeof to);
  (void)::ioctl(fd.get(), SIOCSIFADDR, &request);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  (void)::ioctl(fd.get(), SIOCSIFFLAGS, &request);
}

// A listener on all addresses whose connections the test serves.
class Everywhere {
 public:
  Everywhere() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in own = at("0.0.0.0");
    (void)::bind(fd_.get(), reinterpret_cast<sockaddr*>(&own), sizeof own);
    (void)::listen(fd_.get(), 16);
    socklen_t size = sizeof own;
    ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&own), &size);
    port_ = ntohs(own.sin_port);
    timeval bound{kPatienceMs / 1000, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof bound);
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  Connection accept() {
    return Connection(base::UniqueFd(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC)));
  }

 private:
  base::UniqueFd fd_;
  std::uint16_t port_ = 0;
};

class SupervisorForward : public SupervisorProgram {
 protected:
  // What `observe` says of a program with this configuration, in such a network.
  template <typename Observe>
  std::string in_network(const std::string& config, const Observe& observe) {
    return linux::testing::in_namespaces([&]() -> std::string {
      add_address("lo", "127.0.0.1");
      add_address("lo:1", kPrivate);
      add_address("lo:2", kPublic);
      Everywhere upstream;
      const std::string port = std::to_string(upstream.port());
      write("policy.yaml",
            "version: 1\nnetwork_policies:\n  web:\n    endpoints:\n"
            "      - {host: 10.9.8.7, port: " +
                port + ", allowed_ips: [10.0.0.0/8]}\n      - {host: 93.184.216.34, port: " + port +
                ", allowed_ips: [93.184.0.0/16]}\n    binaries: [{path: /**}]\n");
      write("credentials.yaml",
            "credentials: [{key: API_KEY, value: sk-1, endpoints: [{host: 10.9.8.7, port: " + port +
                "}]}]\n");
      ::chmod(path("credentials.yaml").c_str(), 0600);
      start(config);
      std::string seen = observe(upstream);
      signal(SIGTERM);
      wait();
      return seen;
    });
  }
  static std::string get(const char* host, const Everywhere& upstream, const std::string& path,
                         const std::string& fields = "") {
    const std::string authority = std::string(host) + ":" + std::to_string(upstream.port());
    return "GET http://" + authority + path + " HTTP/1.1\r\nHost: " + authority + "\r\n" + fields +
           "\r\n";
  }
};

const std::string kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

TEST_F(SupervisorForward, KeepsOneConnectionOnEachSide) {
  EXPECT_EQ(in_network("",
                       [&](Everywhere& upstream) {
                         std::string seen;
                         Connection client = connect();
                         client.send(get(kPrivate, upstream, "/a"));
                         Connection served = upstream.accept();
                         for (const char* const path : {"/b", "/c"}) {
                           seen += served.read_until("\r\n").substr(0, 6);
                           served.read_until("\r\n\r\n");
                           served.send(kAnswer);
                           seen += client.read_message().substr(9, 3) + " ";
                           client.send(get(kPrivate, upstream, path));
                         }
                         return seen + served.read_until("\r\n").substr(0, 6);
                       }),
            "GET /a200 GET /b200 GET /c");
}

TEST_F(SupervisorForward, NeverReachesAPublicAddressUnlessToldTo) {
  const auto status = [&](Everywhere& upstream) {
    Connection client = connect();
    client.send(get(kPublic, upstream, "/", "Connection: close\r\n"));
    return client.read_until("\r\n").substr(9, 3);
  };
  const auto served = [&](Everywhere& upstream) {
    Connection client = connect();
    client.send(get(kPublic, upstream, "/", "Connection: close\r\n"));
    Connection origin = upstream.accept();
    origin.read_until("\r\n\r\n");
    origin.send(kAnswer);
    return client.read_until("\r\n").substr(9, 3);
  };
  EXPECT_EQ(in_network("", status), "403");
  EXPECT_EQ(in_network("forward: shared\n", served), "200");
}

TEST_F(SupervisorForward, PutsTheCredentialsOfAFileInPlaceOfTheirPlaceholders) {
  EXPECT_EQ(in_network("credentials: credentials.yaml\n",
                       [&](Everywhere& upstream) {
                         const std::string file = read_file(path("tls/agent.env"));
                         const std::size_t at = file.find("API_KEY=") + 8;
                         const std::string token = file.substr(at, file.find('\n', at) - at);
                         Connection client = connect();
                         client.send(get(kPrivate, upstream, "/a?k=" + token,
                                         "Authorization: Bearer " + token + "\r\n"));
                         Connection served = upstream.accept();
                         const std::string line = served.read_until("\r\n");
                         const std::string head = served.read_until("\r\n\r\n");
                         const bool bearer = head.find("Bearer sk-1\r\n") != std::string::npos;
                         served.send(kAnswer);
                         client.read_message();
                         return line + (bearer ? "bearer" : head);
                       }),
            "GET /a?k=sk-1 HTTP/1.1\r\nbearer");
}

}  // namespace
}  // namespace sallyport::app
