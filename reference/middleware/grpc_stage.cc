#include "reference/middleware/grpc_stage.h"

#include <google/protobuf/empty.pb.h>

#include <utility>

#include "openshell/middleware/v1/middleware.pb.h"

namespace sallyport::middleware {
namespace {

namespace pb = openshell::middleware::v1;

constexpr std::string_view kDescribe = "/openshell.middleware.v1.SupervisorMiddleware/Describe";
constexpr std::string_view kEvaluate =
    "/openshell.middleware.v1.SupervisorMiddleware/EvaluateHttpRequest";
constexpr std::string_view kValidate =
    "/openshell.middleware.v1.SupervisorMiddleware/ValidateConfig";

}  // namespace

GrpcStage::GrpcStage(std::unique_ptr<rpc::Channel> channel) : channel_(std::move(channel)) {}

net::Task<rpc::Status> GrpcStage::describe(pb::MiddlewareManifest& manifest,
                                           base::TimePoint deadline) {
  const google::protobuf::Empty nothing;
  co_return co_await channel_->unary(kDescribe, nothing, manifest, deadline);
}

net::Task<rpc::Status> GrpcStage::evaluate(const pb::HttpRequestEvaluation& request,
                                           pb::HttpRequestResult& result,
                                           base::TimePoint deadline) {
  co_return co_await channel_->unary(kEvaluate, request, result, deadline);
}

net::Task<rpc::Status> GrpcStage::validate(const google::protobuf::Struct& config,
                                           const std::string& implementation, std::string& refusal,
                                           base::TimePoint deadline) {
  pb::ValidateConfigRequest request;
  *request.mutable_config() = config;
  request.set_middleware_name(implementation);
  pb::ValidateConfigResponse answer;
  const rpc::Status status = co_await channel_->unary(kValidate, request, answer, deadline);
  refusal.clear();
  if (status.ok() && !answer.valid()) {
    refusal = answer.reason().empty() ? "refused without a reason" : answer.reason();
  }
  co_return status;
}

}  // namespace sallyport::middleware
