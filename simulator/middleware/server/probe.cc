#include "simulator/middleware/server/probe.h"

#include <fmt/format.h>
#include <google/protobuf/empty.pb.h>
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>

#include "openshell/middleware/v1/middleware.grpc.pb.h"

namespace sallyport::sim::middleware::server {
namespace {

namespace proto = openshell::middleware::v1;

// The channel tries again by itself; the kernel tells nobody that a port has begun to listen.
constexpr int kRetryMs = 20;
// Of one call: who took the connection and died is asked anew.
constexpr std::chrono::seconds kCall(2);

std::shared_ptr<grpc::Channel> channel_to(const net::Endpoint& at) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kRetryMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kRetryMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kRetryMs);
  const std::string target = (at.address.is_v4() ? "ipv4:" : "ipv6:") + at.to_string();
  return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
}

bool may_yet_answer(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::UNAVAILABLE ||
         status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED;
}

}  // namespace

int probe(const net::Endpoint& at, int ready_fd) {
  const auto stub = proto::SupervisorMiddleware::NewStub(channel_to(at));
  grpc::Status status;
  do {
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    context.set_deadline(std::chrono::system_clock::now() + kCall);
    proto::MiddlewareManifest manifest;
    status = stub->Describe(&context, google::protobuf::Empty(), &manifest);
  } while (may_yet_answer(status));
  if (!status.ok()) {
    fmt::print(stderr, "Describe at {} was answered by an error ({}): {}\n", at.to_string(),
               static_cast<int>(status.error_code()), status.error_message());
    return 1;
  }
  const std::string line = fmt::format("{{\"port\": {}}}\n", at.port);
  return ready_fd < 0 || ::write(ready_fd, line.data(), line.size()) > 0 ? 0 : 1;
}

}  // namespace sallyport::sim::middleware::server
