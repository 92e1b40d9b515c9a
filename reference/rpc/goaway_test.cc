// Against a peer that speaks HTTP/2 by hand, so that GOAWAY comes at the moment that matters.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "openshell/inference/v1/inference.pb.h"
#include "reference/base/unique_fd.h"
#include "reference/net/testing/run.h"
#include "reference/rpc/channel.h"

namespace sallyport::rpc {
namespace {

namespace wire = openshell::inference::v1;
using namespace std::string_literals;

constexpr std::string_view kMethod = "/openshell.inference.v1.Inference/GetInferenceBundle";
constexpr char kEnhanceYourCalm = 11;

std::string frame(char type, char flags, char stream, const std::string& payload) {
  const auto size = static_cast<unsigned>(payload.size());
  std::string text;
  text += static_cast<char>(size >> 16U);
  text += static_cast<char>(size >> 8U);
  text += static_cast<char>(size);
  text += type;
  text += flags;
  text += "\0\0\0"s;
  text += stream;
  return text + payload;
}

std::string settings() { return frame(4, 0, 0, ""); }
std::string goaway(char last_stream, char error, const std::string& why) {
  return frame(7, 0, 0, "\0\0\0"s + last_stream + "\0\0\0"s + error + why);
}
// An answer with revision `r`: the head, one message, the trailers with grpc-status 0.
std::string answer(char stream) {
  const std::string head = "\x88\x0f\x10\x10"s + "application/grpc";
  const std::string message = "\0\0\0\0\x03\x12\x01"s + "r";
  const std::string trailers = "\0\x0b"s + "grpc-status" + "\x01"s + "0";
  return frame(1, 4, stream, head) + frame(0, 0, stream, message) + frame(1, 5, stream, trailers);
}

// One connection, as its script sees it.
class Peer {
 public:
  explicit Peer(int fd) : fd_(fd) {}

  void send(const std::string& text) const {
    ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
  }
  // Answers settings and pings until a request is whole; its stream, or 0 at the end.
  char next_request() {
    constexpr std::size_t kPreface = 24;
    if (!greeted_ && read(kPreface).size() < kPreface) return 0;
    if (!greeted_) send(settings());
    greeted_ = true;
    while (true) {
      const std::string head = read(9);
      if (head.size() < 9) return 0;
      const auto at = [&](std::size_t i) { return static_cast<unsigned char>(head[i]); };
      const std::size_t size = (at(0) << 16U) + (at(1) << 8U) + at(2);
      const std::string payload = read(size);
      if (head[3] == 4 && head[4] == 0) send(frame(4, 1, 0, ""));
      if (head[3] == 6 && head[4] == 0) send(frame(6, 1, 0, payload));
      const bool last = (head[4] & 1) != 0;
      if (head[3] == 0 && last) return head[8];
    }
  }
  // As a machine does that knows nothing of the connection.
  void reset() {
    const linger now{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    fd_.reset();
  }

 private:
  std::string read(std::size_t size) const {
    std::string text(size, '\0');
    const ssize_t got = size == 0 ? 0 : ::recv(fd_.get(), text.data(), size, MSG_WAITALL);
    text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return text;
  }
  base::UniqueFd fd_;
  bool greeted_ = false;
};

// Serves one connection after the other, by the script: the connection's number, from 1.
class HandServer {
 public:
  using Script = std::function<void(Peer&, int)>;

  explicit HandServer(Script script) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(fd_.get(), generic, size), 0);
    EXPECT_EQ(::listen(fd_.get(), 8), 0);
    EXPECT_EQ(::getsockname(fd_.get(), generic, &size), 0);
    endpoint = fmt::format("http://127.0.0.1:{}", ntohs(address.sin_port));
    thread_ = std::thread([this, script = std::move(script)] {
      while (true) {
        const int fd = ::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) return;
        Peer peer(fd);
        script(peer, ++connections);
      }
    });
  }
  // After the client's end.
  ~HandServer() {
    ::shutdown(fd_.get(), SHUT_RDWR);
    thread_.join();
  }

  std::string endpoint;
  std::atomic<int> connections{0};

 private:
  base::UniqueFd fd_;
  std::thread thread_;
};

struct Client {
  explicit Client(const std::string& endpoint, bool retry_lost = true) {
    ChannelOptions options;
    options.endpoint = endpoint;
    options.retry_lost = retry_lost;
    channel = std::move(*Channel::create(t.executor(), t.clock, std::move(options)));
  }
  Status call() { return t.run(channel->unary(kMethod, request, response, t.in(5000))); }

  net::testing::TestLoop t;
  std::unique_ptr<Channel> channel;
  wire::GetInferenceBundleRequest request;
  wire::GetInferenceBundleResponse response;
};

void serve(Peer& peer) {
  for (char stream = peer.next_request(); stream != 0; stream = peer.next_request()) {
    peer.send(answer(stream));
  }
}

TEST(Goaway, IsAnsweredByTheHandServerAsItShould) {
  HandServer server([](Peer& peer, int) { serve(peer); });
  Client client(server.endpoint);
  const Status status = client.call();
  EXPECT_TRUE(status.ok()) << status.message;
  EXPECT_EQ(client.response.revision(), "r");
}

TEST(Goaway, ThatTurnsACallAwayCostsNoRequest) {
  HandServer server([](Peer& peer, int connection) {
    if (connection > 1) return serve(peer);
    peer.next_request();
    peer.send(goaway(0, 0, ""));
  });
  Client client(server.endpoint);
  const Status status = client.call();
  EXPECT_TRUE(status.ok()) << status.message;
  EXPECT_EQ(server.connections, 2);
}

TEST(Goaway, OfAServiceThatCountsPingsCostsNoRequest) {
  HandServer server([](Peer& peer, int connection) {
    if (connection > 1) return serve(peer);
    const char stream = peer.next_request();
    peer.send(goaway(stream, kEnhanceYourCalm, "too_many_pings"));
  });
  Client client(server.endpoint);
  const Status status = client.call();
  EXPECT_TRUE(status.ok()) << status.message;
  EXPECT_EQ(server.connections, 2);
}

TEST(Goaway, LetsACallUnderWayEndAndDrains) {
  HandServer server([](Peer& peer, int connection) {
    if (connection > 1) return serve(peer);
    const char stream = peer.next_request();
    peer.send(goaway(stream, 0, ""));
    peer.send(answer(stream));
    peer.next_request();
  });
  Client client(server.endpoint);
  EXPECT_TRUE(client.call().ok());
  EXPECT_TRUE(client.call().ok());
  EXPECT_EQ(server.connections, 2);
}

TEST(Goaway, IsTakenOnlyOnceForOneCall) {
  HandServer server([](Peer& peer, int) {
    const char stream = peer.next_request();
    peer.send(goaway(stream, kEnhanceYourCalm, "too_many_pings"));
  });
  Client client(server.endpoint);
  EXPECT_EQ(client.call().code, Code::unavailable);
  EXPECT_EQ(server.connections, 2);
}

TEST(Goaway, OfACallThatMayHaveTakenEffectIsToldToWhoeverWantsNoSecond) {
  HandServer server([](Peer& peer, int connection) {
    if (connection > 1) return serve(peer);
    const char stream = peer.next_request();
    peer.send(goaway(stream, kEnhanceYourCalm, "too_many_pings"));
  });
  Client client(server.endpoint, false);
  EXPECT_EQ(client.call().code, Code::unavailable);
  EXPECT_EQ(server.connections, 1);
}

// gRPC calls a connection ready for a moment after it told of its end.
TEST(Goaway, OrNoneAtTheEndOfAConnectionCostsNoRequestHoweverOften) {
  HandServer server([](Peer& peer, int) {
    const char stream = peer.next_request();
    peer.send(answer(stream));
    peer.next_request();
    peer.reset();
  });
  Client client(server.endpoint);
  constexpr int kCalls = 100;
  int served = 0;
  for (int i = 0; i < kCalls; ++i) served += client.call().ok() ? 1 : 0;
  EXPECT_EQ(served, kCalls);
  EXPECT_EQ(server.connections, kCalls);
}

}  // namespace
}  // namespace sallyport::rpc
