// For tests: a middleware service that answers as it is told, behind a real gRPC server on
// loopback.
#pragma once

#include <fmt/format.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "openshell/middleware/v1/middleware.grpc.pb.h"
#include "reference/middleware/limits.h"
#include "reference/middleware/registry.h"

namespace sallyport::middleware::testing {

namespace pb = openshell::middleware::v1;

using Evaluate = std::function<void(const pb::HttpRequestEvaluation&, pb::HttpRequestResult&)>;

class Service final : public pb::SupervisorMiddleware::Service {
 public:
  grpc::Status Describe(grpc::ServerContext* context, const google::protobuf::Empty*,
                        pb::MiddlewareManifest* answer) override {
    ++described;
    wait(context);
    *answer = manifest;
    return grpc::Status::OK;
  }
  grpc::Status ValidateConfig(grpc::ServerContext*, const pb::ValidateConfigRequest* request,
                              pb::ValidateConfigResponse* response) override {
    response->set_valid(request->config().fields_size() == 0);
    response->set_reason("not " + request->middleware_name());
    return grpc::Status::OK;
  }
  grpc::Status EvaluateHttpRequest(grpc::ServerContext* context,
                                   const pb::HttpRequestEvaluation* request,
                                   pb::HttpRequestResult* result) override {
    wait(context);
    result->set_decision(pb::DECISION_ALLOW);
    if (evaluate) evaluate(*request, *result);
    return status;
  }
  void release() {
    const std::lock_guard lock(mutex_);
    hold = false;
    released_.notify_all();
  }

  std::atomic<int> described{0};
  std::atomic<bool> hold{false};
  pb::MiddlewareManifest manifest;
  Evaluate evaluate;
  grpc::Status status;

 private:
  void wait(grpc::ServerContext* context) {
    std::unique_lock lock(mutex_);
    released_.wait(lock, [&] { return !hold || context->IsCancelled(); });
  }
  std::mutex mutex_;
  std::condition_variable released_;
};

// One service for HTTP requests, up to 4 MiB, unless a test says otherwise.
class Server {
 public:
  // Null: in clear. Port 0: any.
  explicit Server(std::shared_ptr<grpc::ServerCredentials> credentials = nullptr, int port = 0)
      : scheme_(credentials ? "https" : "http") {
    add(1, 1);
    grpc::ServerBuilder builder;
    if (!credentials) credentials = grpc::InsecureServerCredentials();
    builder.AddListeningPort(fmt::format("127.0.0.1:{}", port), credentials, &port_);
    builder.RegisterService(&service);
    builder.SetMaxReceiveMessageSize(-1);
    server_ = builder.BuildAndStart();
  }
  ~Server() {
    service.release();
    server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
  }
  void add(int operation, int phase) {
    pb::MiddlewareBinding& binding = *service.manifest.add_bindings();
    binding.set_operation(static_cast<pb::SupervisorMiddlewareOperation>(operation));
    binding.set_phase(static_cast<pb::SupervisorMiddlewarePhase>(phase));
    binding.set_max_payload_bytes(kPayloadBytesMax);
  }
  [[nodiscard]] Registration registration(std::string name = "guard",
                                          std::string timeout = "5s") const {
    Registration made;
    made.name = std::move(name);
    made.endpoint = fmt::format("{}://127.0.0.1:{}", scheme_, port_);
    made.payload_bytes_max = kPayloadBytesMax;
    made.timeout = std::move(timeout);
    return made;
  }

  [[nodiscard]] int port() const { return port_; }

  Service service;

 private:
  std::string scheme_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace sallyport::middleware::testing
