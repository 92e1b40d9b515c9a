// Against a real gRPC server on loopback, and against a peer that speaks HTTP/2 by hand where the
// moment matters.
#include "reference/rpc/channel.h"

#include <fmt/format.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "openshell/inference/v1/inference.grpc.pb.h"
#include "reference/base/unique_fd.h"
#include "reference/net/testing/run.h"
#include "reference/rpc/errors.h"

namespace sallyport::rpc {
namespace {

namespace wire = openshell::inference::v1;
using net::testing::TestLoop;

constexpr std::string_view kMethod = "/openshell.inference.v1.Inference/GetInferenceBundle";
constexpr std::string_view kEcho = "/openshell.inference.v1.Inference/GetInferenceRoute";

class Service final : public wire::Inference::Service {
 public:
  grpc::Status GetInferenceBundle(grpc::ServerContext* context,
                                  const wire::GetInferenceBundleRequest*,
                                  wire::GetInferenceBundleResponse* response) override {
    ++calls;
    response->set_revision("r1");
    if (hold) {
      std::unique_lock lock(mutex_);
      released_.wait(lock, [&] { return !hold || context->IsCancelled(); });
    }
    return status;
  }
  grpc::Status GetInferenceRoute(grpc::ServerContext*,
                                 const wire::GetInferenceRouteRequest* request,
                                 wire::GetInferenceRouteResponse* response) override {
    ++calls;
    // A request that begins with a digit wants that many KiB back.
    const std::string& wanted = request->workspace();
    const auto kib = wanted.empty() ? 0U : static_cast<unsigned>(std::stoul(wanted));
    response->set_model_id(std::string(kib * 1024ULL, 'm'));
    return grpc::Status::OK;
  }
  void release() {
    const std::lock_guard lock(mutex_);
    hold = false;
    released_.notify_all();
  }

  std::atomic<int> calls{0};
  std::atomic<bool> hold{false};
  grpc::Status status;

 private:
  std::mutex mutex_;
  std::condition_variable released_;
};

// A server that can be stopped, and started again on the same port.
class Server {
 public:
  explicit Server(std::function<void(grpc::ServerBuilder&)> more = {}) : more_(std::move(more)) {
    start();
  }
  ~Server() { stop(); }

  void start() {
    grpc::ServerBuilder builder;
    int bound = 0;
    builder.AddListeningPort(fmt::format("127.0.0.1:{}", port_), grpc::InsecureServerCredentials(),
                             &bound);
    builder.RegisterService(&service);
    builder.SetMaxReceiveMessageSize(-1);
    if (more_) more_(builder);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
    port_ = bound;
  }
  void stop() {
    service.release();
    if (server_) server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
    server_.reset();
  }
  [[nodiscard]] std::string endpoint() const { return fmt::format("http://127.0.0.1:{}", port_); }

  Service service;

 private:
  std::function<void(grpc::ServerBuilder&)> more_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

struct Listening {
  base::UniqueFd fd;
  std::string endpoint;
};

// A TCP listener that nobody accepts from.
Listening listen_silently() {
  Listening listening{base::UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), {}};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(::bind(listening.fd.get(), generic, size), 0);
  EXPECT_EQ(::listen(listening.fd.get(), 16), 0);
  EXPECT_EQ(::getsockname(listening.fd.get(), generic, &size), 0);
  listening.endpoint = fmt::format("http://127.0.0.1:{}", ntohs(address.sin_port));
  return listening;
}

ChannelOptions to(const std::string& endpoint) {
  ChannelOptions options;
  options.endpoint = endpoint;
  return options;
}

struct Client {
  explicit Client(ChannelOptions options) {
    auto made = Channel::create(t.executor(), t.clock, std::move(options));
    EXPECT_TRUE(made) << made.error().message();
    channel = std::move(*made);
  }
  explicit Client(const std::string& endpoint) : Client(to(endpoint)) {}

  Status call(int ms = 5000) { return t.run(channel->unary(kMethod, request, response, t.in(ms))); }

  TestLoop t;
  std::unique_ptr<Channel> channel;
  wire::GetInferenceBundleRequest request;
  wire::GetInferenceBundleResponse response;
};

double since_ms(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

TEST(Channel, BringsTheAnswerOfACall) {
  Server server;
  Client client(server.endpoint());
  const Status status = client.call();
  EXPECT_TRUE(status.ok()) << status.message;
  EXPECT_EQ(client.response.revision(), "r1");
  EXPECT_EQ(client.channel->endpoint(), server.endpoint());
}

TEST(Channel, TellsTheCodeAndTheWordsOfARefusal) {
  Server server;
  server.service.status = grpc::Status(grpc::StatusCode::FAILED_PRECONDITION, "no such provider");
  Client client(server.endpoint());
  const Status status = client.call();
  EXPECT_EQ(status.code, Code::failed_precondition);
  EXPECT_EQ(status.message, "no such provider");
  EXPECT_EQ(server.service.calls, 1);
}

TEST(Channel, AnUnavailableThatTheServiceSaysIsntTriedAgain) {
  Server server;
  server.service.status = grpc::Status(grpc::StatusCode::UNAVAILABLE, "too busy, says the service");
  Client client(server.endpoint());
  EXPECT_EQ(client.call().code, Code::unavailable);
  EXPECT_EQ(server.service.calls, 1);
}

TEST(Channel, RefusesAnEndpointOrACaThatCannotBe) {
  TestLoop t;
  const auto error = [&](std::string endpoint, std::string ca) {
    ChannelOptions options;
    options.endpoint = std::move(endpoint);
    options.ca_pem = std::move(ca);
    return Channel::create(t.executor(), t.clock, std::move(options)).error();
  };
  EXPECT_EQ(error("guard:50051", ""), RpcErrc::bad_endpoint);
  EXPECT_EQ(error("http://guard:50051", "x"), RpcErrc::ca_without_tls);
  EXPECT_EQ(error("https://guard:50051", "x"), RpcErrc::bad_ca);
}

TEST(Channel, EndsAtTheDeadlineAgainstAPeerThatNeverSpeaks) {
  const Listening silent = listen_silently();
  Client client(silent.endpoint);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(client.call(100).code, Code::deadline_exceeded);
  EXPECT_GE(since_ms(start), 99.0);
  EXPECT_LT(since_ms(start), 1000.0);
}

TEST(Channel, BeginsNothingOnceTheDeadlineIsPast) {
  Server server;
  Client client(server.endpoint());
  EXPECT_EQ(client.call(-1).code, Code::deadline_exceeded);
  EXPECT_EQ(server.service.calls, 0);
}

TEST(Channel, EndsAtTheDeadlineOfASlowServiceAndLetsItKnow) {
  Server server;
  server.service.hold = true;
  Client client(server.endpoint());
  EXPECT_EQ(client.call(100).code, Code::deadline_exceeded);
  server.service.release();
  EXPECT_TRUE(client.call().ok());
}

// gRPC's own back-off is a second after the first refusal, then two, then four ...
TEST(Channel, UsesAServiceThatComesBackAtOnce) {
  Server server;
  Client client(server.endpoint());
  EXPECT_TRUE(client.call().ok());
  server.stop();
  for (int i = 0; i < 50; ++i) EXPECT_EQ(client.call(200).code, Code::unavailable);
  server.start();
  const auto start = std::chrono::steady_clock::now();
  while (!client.call(200).ok()) ASSERT_LT(since_ms(start), 1000.0);
  RecordProperty("back_after_ms", static_cast<int>(since_ms(start)));
}

TEST(Channel, ReachesAServiceThatWasAbsentAtFirst) {
  Listening held = listen_silently();
  Client client(held.endpoint);
  EXPECT_EQ(client.call(60).code, Code::deadline_exceeded);
  held.fd.reset();
  EXPECT_FALSE(client.call(60).ok());
}

TEST(Channel, SurvivesTheRestartOfAServiceWithoutAFailedCall) {
  Server server;
  Client client(server.endpoint());
  for (int i = 0; i < 5; ++i) {
    const Status status = client.call();
    EXPECT_TRUE(status.ok()) << status.message;
    server.stop();
    server.start();
  }
}

TEST(Channel, RefusesMessagesOverTheLimitBothWays) {
  Server server;
  ChannelOptions options = to(server.endpoint());
  options.message_bytes_max = 64ULL * 1024;
  Client client(options);
  wire::GetInferenceRouteRequest request;
  wire::GetInferenceRouteResponse response;
  const auto echo = [&] {
    return client.t.run(client.channel->unary(kEcho, request, response, client.t.in(5000)));
  };
  request.set_workspace("63");
  EXPECT_TRUE(echo().ok());
  EXPECT_EQ(response.model_id().size(), 63ULL * 1024);
  request.set_workspace("65");
  EXPECT_EQ(echo().code, Code::resource_exhausted);
  const int before = server.service.calls;
  request.set_route_name(std::string(65ULL * 1024, 'x'));
  EXPECT_EQ(echo().code, Code::resource_exhausted);
  EXPECT_EQ(server.service.calls, before);
}

TEST(Channel, SaysInternalWhenTheAnswerIsNoMessageOfItsType) {
  Server server;
  Client client(server.endpoint());
  wire::GetInferenceRouteRequest request;
  request.set_workspace("1");
  // model_id 2 of the answer is `revision` 2 there; `routes` 1 stays absent: use a message whose
  // second field is one itself, which a kilobyte of `m` is not.
  wire::InferenceRoute response;
  const Status status =
      client.t.run(client.channel->unary(kEcho, request, response, client.t.in(5000)));
  EXPECT_EQ(status.code, Code::internal);
}

net::Task<void> call_into(Channel& channel, base::TimePoint deadline, Status& status, bool& done) {
  const wire::GetInferenceBundleRequest request;
  wire::GetInferenceBundleResponse response;
  status = co_await channel.unary(kMethod, request, response, deadline);
  done = true;
}

TEST(Channel, ItsDestructionCancelsWhatIsUnderWay) {
  Server server;
  server.service.hold = true;
  Client client(server.endpoint());
  Status status;
  bool done = false;
  client.t.spawn(call_into(*client.channel, client.t.in(30'000), status, done));
  client.t.poll();
  client.channel.reset();
  client.t.run_until(done);
  EXPECT_EQ(status.code, Code::cancelled);
}

TEST(Channel, ACancelledCallerCancelsTheCall) {
  Server server;
  server.service.hold = true;
  Client client(server.endpoint());
  net::asio::cancellation_signal cancel;
  Status status;
  bool done = false;
  bool ended = false;
  net::asio::co_spawn(client.t.executor(),
                      call_into(*client.channel, client.t.in(30'000), status, done),
                      net::asio::bind_cancellation_slot(
                          cancel.slot(), [&](const std::exception_ptr&) { ended = true; }));
  client.t.poll();
  cancel.emit(net::asio::cancellation_type::terminal);
  client.t.run_until(ended);
  EXPECT_EQ(status.code, Code::cancelled);
}

TEST(Channel, TheLoopMayEndWithCallsUnderWay) {
  Server server;
  server.service.hold = true;
  Status status;
  bool done = false;
  {
    Client client(server.endpoint());
    client.t.spawn(call_into(*client.channel, client.t.in(30'000), status, done));
    client.t.poll();
  }
  server.service.release();
  EXPECT_FALSE(done);
}

TEST(Channel, ManyCallsShareItAtTheSameTime) {
  Server server;
  Client client(server.endpoint());
  constexpr int kCalls = 64;
  std::array<Status, kCalls> all;
  std::array<bool, kCalls> done{};
  for (int i = 0; i < kCalls; ++i) {
    client.t.spawn(call_into(*client.channel, client.t.in(10'000), all[i], done[i]));
  }
  for (int i = 0; i < kCalls; ++i) {
    client.t.run_until(done[i]);
    EXPECT_TRUE(all[i].ok()) << all[i].message;
  }
}

}  // namespace
}  // namespace sallyport::rpc
