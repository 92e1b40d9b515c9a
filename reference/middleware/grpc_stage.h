// An operator's service as a stage: each question is one call on its channel. On the loop; a call
// that is under way when the stage is destroyed ends as cancelled.
#pragma once

#include <memory>

#include "reference/middleware/stage.h"
#include "reference/rpc/channel.h"

namespace openshell::middleware::v1 {
class MiddlewareManifest;
}

namespace sallyport::middleware {

class GrpcStage final : public Stage {
 public:
  explicit GrpcStage(std::unique_ptr<rpc::Channel> channel);

  // What it says of itself; means something only when the status is ok.
  [[nodiscard]] net::Task<rpc::Status> describe(
      openshell::middleware::v1::MiddlewareManifest& manifest, base::TimePoint deadline);
  [[nodiscard]] net::Task<rpc::Status> evaluate(
      const openshell::middleware::v1::HttpRequestEvaluation& request,
      openshell::middleware::v1::HttpRequestResult& result, base::TimePoint deadline) override;
  [[nodiscard]] net::Task<rpc::Status> validate(const google::protobuf::Struct& config,
                                                const std::string& implementation,
                                                std::string& refusal,
                                                base::TimePoint deadline) override;

 private:
  std::unique_ptr<rpc::Channel> channel_;
};

}  // namespace sallyport::middleware
